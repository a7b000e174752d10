"""The policies that come with Whistle: sound, sourced and small."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from services.events import Diversion, Place
from services.policy import AgencyKind, Policy, check, folder, load
from services.router.decide import Complaint, broken_examples, outcome_of, route

FOLDER = Path(__file__).parents[2] / "policy"
CITIES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
#: What the repository allows one file, and this test a whole city.
BYTES_MAX = 1_000_000


@cache
def policy_of(name: str) -> Policy:
    """Load a city's policy once for all tests."""
    return load(folder.read(FOLDER / name))


@pytest.fixture(scope="module", params=CITIES)
def city(request) -> Policy:
    """Each city's policy."""
    return policy_of(request.param)


@pytest.mark.parametrize("name", CITIES)
def test_a_city_has_no_fault_and_no_warning(name):
    """What we ship is the example others start from."""
    assert check(folder.read(FOLDER / name), today=date(2026, 11, 24)) == ()


def test_every_example_comes_out_as_its_rule_says(city):
    """A rule and its proof stand in one file; this runs the proofs."""
    assert [str(broken) for broken in broken_examples(city)] == []


@pytest.mark.parametrize("name", CITIES)
def test_a_city_is_small(name):
    """A bundle is stored whole with every publish, and loaded by every service."""
    assert sum(map(len, folder.read(FOLDER / name).values())) < BYTES_MAX


def test_every_place_has_somebody_to_fall_back_on(city):
    """接诉即办工作条例 art. 12: where the unit is unclear the district must organise it."""
    for division in city.divisions.values():
        if division.level != "city":
            assert city.government_of(division.code) in city.agencies


def test_every_street_that_can_lead_has_a_district_above_it(city):
    """The copy to the district government is found through the street's superior."""
    for agency in city.agencies.values():
        if agency.kind is AgencyKind.STREET:
            assert agency.superior == city.government_of(agency.division)


def test_every_diversion_can_be_told_in_the_citys_language_and_another(city):
    """接诉即办工作条例 art. 11 names six; none may end in silence, not even for a guest."""
    assert {rule.diversion for rule in city.diversions} == set(Diversion)
    for rule in city.diversions:
        assert rule.reply.keys() >= {city.city.language, "en"}
        assert len(rule.reply) >= 2


def test_emergencies_go_to_the_countrys_emergency_lines_and_nobody_else(city):
    """China has four; the United States one, and one more for people who want to die."""
    lines = {"zh": {"110", "119", "120", "122"}, "en": {"911", "988"}}
    targets = {r.target for r in city.diversions if r.diversion is Diversion.EMERGENCY}
    assert targets == lines[city.city.language]


def test_stricter_standards_are_signed_and_warned_of_sooner(city):
    """A tier that is faster to handle yet slower to sign would be a slip."""
    ordered = sorted(city.standards.values(), key=lambda s: s.handle_within.rough_seconds)
    signs = [s.sign_within.rough_seconds for s in ordered if s.sign_within]
    assert signs == sorted(signs)
    assert len(ordered) >= 4


def test_no_rule_names_a_category_that_is_called_otherwise_today(city):
    """An older code has its successor's rules, so a rule of its own would never be found."""
    older = {code for code, category in city.categories.items() if category.same_as}
    assert [rule.id for rule in city.catalogue if rule.category in older] == []


def test_working_days_of_2026_are_as_the_state_council_counts_them():
    """365 days, 104 days of weekends, 33 days off, of which some are weekends, six made up."""
    calendar = policy_of("beijing").calendar
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(calendar.is_working_day(day) for day in days) == 248
    assert {2025, 2026} <= calendar.years


def test_the_demonstration_differs_from_beijing_only_in_its_clock():
    """What one sees there must be the rules of the city."""
    beijing, demo = (folder.read(FOLDER / name) for name in ("beijing", "demo"))
    assert {name for name in beijing if beijing[name] != demo[name]} == {"city.toml", "sla.toml"}
    assert policy_of("demo").standards["ordinary"].handle_within.rough_seconds == 8


def test_beijing_has_its_districts_streets_and_rules():
    """A cut file would otherwise go unnoticed."""
    policy = policy_of("beijing")
    levels = [division.level for division in policy.divisions.values()]
    assert (levels.count("district"), levels.count("street")) == (16, 349)
    assert len(policy.catalogue) >= 300
    depths = [len(policy.category_chain(code)) for code in policy.categories]
    assert (depths.count(1) >= 20, depths.count(2) >= 150, depths.count(3) >= 100) == (True,) * 3


def test_beijing_gives_streets_only_what_their_list_of_powers_holds():
    """街道: what is not on the list is the district's; the founding complaint is the opposite."""
    policy = policy_of("beijing")
    assert policy.is_street_power("stalls")
    assert not policy.is_street_power("hospital")
    assert not policy.is_street_power(None)


def test_new_york_has_its_boroughs_and_community_districts():
    """Fifty-nine districts and twelve parks and airports; 311 writes them as `04 BRONX`."""
    policy = policy_of("nyc")
    levels = [division.level for division in policy.divisions.values()]
    assert (levels.count("district"), levels.count("street")) == (5, 71)
    assert policy.division_by_name("04 BRONX") == "204"
    assert policy.district_of(policy.division_by_name("Astoria")) == "4"
    assert len(policy.catalogue) >= 100


@pytest.mark.parametrize(
    ("path", "borough", "agency"),
    [
        (("Noise - Residential", "Loud Music/Party"), "BROOKLYN", "nypd"),
        (("HEAT/HOT WATER", "ENTIRE BUILDING"), "BRONX", "hpd"),
        (("Missed Collection (All Materials)", "1 Missed Collection"), "QUEENS", "dsny"),
        (("Asbestos", "Asbestos Complaint (B1)"), "MANHATTAN", "dep"),
        (("Asbestos", "N/A"), "MANHATTAN", "dohmh"),
        (("Consumer Complaint", "Overcharge"), "STATEN ISLAND", "dcwp"),
    ],
)
def test_new_york_records_go_to_the_agency_that_had_them(path, borough, agency):
    """As 311 writes kind, detail and borough (NYC Open Data); nothing in code knows the city."""
    policy = policy_of("nyc")
    matter = Complaint(
        text=path[1],
        category=policy.category_by_path(path),
        place=Place(district=policy.division_by_name(borough)),
    )
    assert outcome_of(route(matter, policy)) == agency


def test_new_york_is_explained_in_english():
    """A dispatcher there reads no Chinese."""
    policy = policy_of("nyc")
    matter = Complaint(text="A pothole swallows bicycles", place=Place(district="3"))
    decision = route(matter, policy)
    assert outcome_of(decision) == "dot"
    assert all(sign < "\u2e80" for sign in decision.explanation)
