"""Looking things up: what services ask a policy for every event."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events import Place, Urgency
from services.policy import AgencyKind, Duration, DurationUnit, Specificity, parse_duration
from services.policy.choices import Kind
from services.policy.owners import parse_owner
from tests.policies import CATALOGUE, a_policy

POLICY = a_policy()


def test_a_community_lies_in_its_street_and_district():
    """Who has jurisdiction follows from the narrowest known place."""
    assert POLICY.division_chain("990101001001") == ("990101001001", "990101001", "990101", "9901")
    assert POLICY.street_of("990101001001") == "990101001"
    assert POLICY.district_of("990101001001") == "990101"
    assert POLICY.street_of("990101") is None
    assert POLICY.district_of("9901") is None


def test_unknown_codes_find_nothing_and_raise_nothing():
    """An event may carry codes of another bundle; the loop must not stop for it."""
    assert POLICY.division_chain("110105") == ()
    assert POLICY.category_chain("nonsense") == ()
    assert POLICY.district_of(None) is None
    assert POLICY.superior_of("nobody") is None
    assert POLICY.place_code(Place(district="110105")) is None


def test_the_narrowest_known_division_counts_as_the_place():
    """A wrong community code must not lose the street."""
    assert POLICY.place_code(Place(district="990101", street="990101002")) == "990101002"
    assert POLICY.place_code(Place(district="990101", community="000")) == "990101"


@pytest.mark.parametrize(
    ("owner", "division", "agency"),
    [
        ("water-company", None, "water-company"),
        ("district-of(place)", "990101001001", "government-990101"),
        ("street-of(place)", "990101001001", "street-990101001"),
        ("department-of(enforcement, place)", "990102001", "enforcement-990102"),
        ("department-of( enforcement ,place )", "990102", "enforcement-990102"),
        ("street-of(place)", "990101", None),
        ("district-of(place)", "9901", None),
        ("district-of(place)", None, None),
        ("department-of(police, place)", "990101", None),
    ],
)
def test_an_owner_becomes_an_agency_where_the_place_allows(owner, division, agency):
    """Where it doesn't, a person decides: a guess would send it to the wrong street."""
    parsed = parse_owner(owner)
    assert parsed is not None
    assert POLICY.owner(parsed, division) == agency


@pytest.mark.parametrize("text", ["", "Water", "street-of()", "department-of(place)", "a b", "-a"])
def test_what_is_no_owner_is_not_taken_for_one(text):
    """A slip in a form must not become an agency code nobody has."""
    assert parse_owner(text) is None


def test_owners_are_written_as_they_are_read():
    """Explanations quote the rule."""
    for text in ("hotline", "street-of(place)", "department-of(enforcement, place)"):
        assert str(parse_owner(text)) == text


def test_a_breach_rises_to_the_superior_and_at_last_to_the_hotline():
    """Somebody must always hear of a breach, also where no superior is named."""
    level = POLICY.escalation[0]
    assert POLICY.raised_to(level, "street-990101001") == "government-990101"
    assert POLICY.raised_to(level, "hotline") == "hotline"
    assert POLICY.raised_to(level, "agency-of-an-old-bundle") == "hotline"


def test_the_fallback_is_the_government_of_the_district():
    """接诉即办工作条例 art. 12: unit unclear, district known."""
    assert POLICY.government_of("990102001") == "government-990102"
    assert POLICY.agency_of_division(AgencyKind.STREET, "990102001") == "street-990102001"


def test_a_category_inherits_its_standard():
    """A new kind of bus complaint must not be without a limit until somebody thinks of it."""
    assert POLICY.categories["traffic-bus"].standard == "ordinary"
    assert POLICY.standard_for(None, Kind("housing-deed", Urgency.NORMAL)) == "complex"
    assert POLICY.standard_for(None, Kind(None, Urgency.NORMAL)) == "ordinary"


def test_urgency_makes_a_standard_stricter_and_never_looser():
    """A calm operator must not slow down a gas leak's limit."""
    assert POLICY.standard_for(None, Kind("housing-deed", Urgency.EMERGENCY)) == "emergency"
    assert POLICY.standard_for(None, Kind("utilities-water", Urgency.URGENT)) == "utilities"
    strict = a_policy(
        categories="code,name,standard\nfire,消防,emergency\n",
        catalogue=CATALOGUE[:0] + "rules = []\n",
        open311=None,
    )
    assert strict.standard_for(None, Kind("fire", Urgency.URGENT)) == "emergency"


def test_categories_are_found_by_the_deepest_known_part_of_their_path():
    """Records of an older taxonomy still find the kind they belong to."""
    assert POLICY.category_by_path(["公共服务", "供水", "水压"]) == "utilities-water"
    assert POLICY.category_by_path(["公共服务"]) == "utilities"
    assert POLICY.category_by_path(["供水"]) is None
    assert POLICY.category_by_path([]) is None


def test_divisions_are_found_by_name_and_only_if_the_name_is_clear():
    """376 community names of Beijing repeat: a name alone is no key."""
    assert POLICY.division_by_name("东区") == "990101"
    assert POLICY.division_by_name("河街") == "990101001"
    assert POLICY.division_by_name("柳树社区") is None
    assert POLICY.division_by_name("柳树社区", within="990101001") == "990101001001"
    assert POLICY.division_by_name("河街", within="990102") is None


def test_agencies_are_found_by_name_and_alias():
    """Records name agencies in words."""
    assert POLICY.agency_by_name("自来水") == "water-company"
    assert POLICY.agency_by_name("自来水厂") is None


def test_rules_on_a_category_are_its_own_and_those_above():
    """The router looks at few rules for each complaint, not at all of them."""
    assert [rule.id for rule in POLICY.rules_on("traffic-bus")] == ["bus-to-transport"]
    assert POLICY.rules_on("traffic") == ()


def test_a_deeper_place_outranks_a_deeper_category_and_words():
    """The written order: place, category, words, nature."""
    rules = {
        "city-wide": 'category = "traffic-bus"\nwords = ["末班"]\nnatures = ["help"]',
        "district": 'category = "traffic"\nplaces = ["东区", "山前镇"]',
    }
    head = "[[rules]]\nlead = 'hotline'\nsource = 'x'\ndate = 2026-01-01\n"
    tail = "\nexamples = [{ text = 'x', expect = 'held' }]\n"
    policy = a_policy(
        catalogue="".join(f"{head}id = '{name}'\n{text}{tail}" for name, text in rules.items())
    )
    wide, near = policy.catalogue
    assert policy.specificity(wide, "990101001") == Specificity(category=2, words=True, nature=True)
    assert policy.specificity(near, "990101001") == Specificity(place=2, category=1)
    assert policy.specificity(near, "990101002") == Specificity(place=3, category=1)
    assert policy.covers(near, "990101001001")
    assert not policy.covers(near, "990102")
    assert not policy.covers(near, None)
    assert policy.covers(wide, None)


def test_places_in_rules_and_examples_become_codes():
    """Officials write names; the loop compares codes."""
    examples = [example for _, example in POLICY.examples()]
    assert examples[-1].district == "990101"
    assert len(examples) == 11


def test_a_notice_is_written_in_the_citizens_language_or_the_citys():
    """Nobody gets no message because a translation is missing."""
    values = {"number": "LZ-1", "link": "L", "answer": "已清", "agency": "河街"}
    assert POLICY.notice("callback", "en", values).startswith("Your request LZ-1 was answered")
    assert POLICY.notice("callback", "fr", values).startswith("您的诉求LZ-1已答复")
    assert POLICY.diversion_reply(POLICY.diversions[0], "fr") == "已转119，请立即撤离。"


def test_a_value_with_braces_stays_as_it_is():
    """An agency's answer is anybody's text and never a template."""
    values = {"number": "{link}", "link": "L", "answer": "{answer!r}", "agency": ""}
    assert "{link}已答复：{answer!r}" in POLICY.notice("callback", "zh", values)


def test_make_up_days_are_worked_and_holidays_are_not():
    """Five working days over the National Day week are twelve dates long."""
    calendar = POLICY.calendar
    assert not calendar.is_working_day(date(2026, 10, 7))
    assert calendar.rest_name(date(2026, 10, 7)) == "国庆节"
    assert calendar.is_working_day(date(2026, 10, 10))
    assert calendar.rest_name(date(2026, 10, 11)) == "weekend"
    assert calendar.rest_name(date(2026, 10, 12)) is None
    assert not calendar.is_published(2027)


@given(st.integers(0, 999_999), st.sampled_from(list(DurationUnit)))
def test_durations_are_read_as_they_are_written(amount, unit):
    """The timeline quotes limits the way the file has them."""
    duration = Duration(amount, unit)
    assert parse_duration(str(duration)) == duration


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1.5h", "7 d", "1w", "7D", "١d"])
def test_what_is_no_duration_is_refused(text):
    """A limit nobody meant would be promised to citizens."""
    assert parse_duration(text) is None


def test_only_working_time_has_no_fixed_length():
    """The tracker must ask the calendar for it, and for nothing else."""
    assert {unit for unit in DurationUnit if Duration(1, unit).elapsed is None} == {
        DurationUnit.WORKING_DAYS,
        DurationUnit.WORKING_HOURS,
        DurationUnit.WORKING_MINUTES,
    }
