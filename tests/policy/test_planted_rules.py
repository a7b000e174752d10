"""Mistakes in the rarer conditions of rules, and in the files they lean on, are all found."""

from __future__ import annotations

from datetime import date

import pytest

from services.policy import Fault, check, load
from services.router.decide import broken_examples
from tests.policy.planting import (
    AREAS,
    FULL_AGENCIES,
    FULL_CATALOGUE,
    POWERS,
    full_files,
    line_of,
)

TEXTS = {
    "areas": AREAS,
    "agencies": FULL_AGENCIES,
    "catalogue": FULL_CATALOGUE,
    "powers": POWERS,
}


def test_the_policy_that_faults_are_planted_in_has_none() -> None:
    """Otherwise the table below would prove nothing."""
    assert check(full_files(), today=date(2026, 11, 24)) == ()
    assert [str(broken) for broken in broken_examples(load(full_files()))] == []


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "message"),
    [
        # Times.
        ("catalogue", '"22:00-06:00"', '"22-6"', "hours =", "must be times such as"),
        ("catalogue", '"22:00-06:00"', '"22:00-06:60"', "hours =", "must be times such as"),
        ("catalogue", '"22:00-06:00"', '"24:00-06:00"', "hours =", "must be times such as"),
        ("catalogue", '"22:00-06:00"', '"22:00-24:01"', "hours =", "must be times such as"),
        ("catalogue", '"22:00-06:00"', "22", "hours =", "must be a text"),
        ("catalogue", '"22:00-06:00"', '"00:00-24:00"', "hours =", "the whole day, or none"),
        ("catalogue", '"22:00-06:00"', '"06:00-06:00"', "hours =", "the whole day, or none"),
        ("catalogue", '"11-15/03-15"', '"winter"', "season =", "must be days such as"),
        ("catalogue", '"11-15/03-15"', '"11-31/03-15"', "season =", "must be days such as"),
        ("catalogue", '"11-15/03-15"', '"13-01/03-15"', "season =", "must be days such as"),
        ("catalogue", '"11-15/03-15"', '"01-01/12-31"', "season =", "is the whole year"),
        ("catalogue", '"11-15/03-15"', '"03-16/03-15"', "season =", "is the whole year"),
        ("catalogue", "= 2027-12-31", "= 2025-12-31", "valid_until", "end before it begins"),
        ("catalogue", "= 2027-12-31", '= "2027"', "valid_until", "must be a date"),
        ("catalogue", "= 2027-12-31", "= 2027-12-31T00:00:00", "valid_until", "must be a date"),
        (
            "catalogue",
            "valid_from = 2026-01-01\nvalid_until = 2027-12-31",
            "valid_from = 2026-05-01\nvalid_until = 2026-06-30",
            '^id = "night',
            "its season doesn't come",
        ),
        ("catalogue", "at = 2026-12-01T23:30:00", 'at = "23:30"', "at = ", "date and time"),
        # Areas.
        ("catalogue", '["station"]', '["airport"]', '^id = "station', "no area has the code"),
        ("catalogue", '["park"]', '["parks"]', '^id = "station', "no area has the code"),
        ("catalogue", '["station"]', "[1]", "areas = [1]", "must be a list of texts"),
        (
            "catalogue",
            'except_areas = ["park"]',
            'except_areas = ["station"]',
            '^id = "station',
            "its exceptions leave no place",
        ),
        ("catalogue", "[110.05, 20.05]", "[110.05]", "110.05", "[longitude, latitude]"),
        ("catalogue", "[110.05, 20.05]", '["a", "b"]', '"a"', "[longitude, latitude]"),
        ("catalogue", "[110.05, 20.05]", "[20.05, 110.05]", "110.05", "in degrees"),
        ("areas", '"station"', '"Main Station"', "Main Station", "is no code such as"),
        ("areas", '"market"', '"station"', "station", "another feature has this code"),
        ("areas", '"name": "火车站"', '"name": " "', "station", "`name` must be a text"),
        ("areas", '"source": "test", "date"', '"date"', "station", "`source` must be a text"),
        ("areas", '"date"', '"owner"', "station", "`owner` means nothing here"),
        ("areas", "[110.0, 20.0]]]", "[110.0, 20.1]]]", "station", "a ring isn't closed"),
        ("areas", '"Polygon"', '"Circle"', "station", "is no Polygon or MultiPolygon"),
        ("areas", '"code": "park",', '"code": "park"', "park", "no JSON"),
        # Attributes.
        ("catalogue", '["124"]', '["125"]', '^id = "meters', "'125' is no answer to WHISPAWN"),
        ("catalogue", "{ WHISPAWN = [", "{ OWNER = [", '^id = "meters', "no service asks for"),
        ("catalogue", '["124"]', "[]", "attributes = { WHISPAWN = []", "lists no value"),
        ("catalogue", '{ WHISPAWN = ["124"] }', '"124"', 'attributes = "124"', "must be a table"),
        ("catalogue", '= "124" }', '= "9" }', 'WHISPAWN = "9"', "'9' is no answer to"),
        # Central units.
        ("catalogue", "to(central-tax)", "to(tax)", '^id = "tax"', "no agency has the code 'tax'"),
        ("catalogue", "to(central-tax)", "to(water-company)", '^id = "tax"', "no central-unit"),
        ("catalogue", '"reflect-to(central-tax)"', '"central-tax"', '^id = "tax"', "only told"),
        (
            "catalogue",
            'lead = "reflect-to(central-tax)"',
            'lead = "hotline"\nassists = ["central-tax"]',
            '^id = "tax"',
            "can't be assist",
        ),
        (
            "catalogue",
            'lead = "reflect-to(central-tax)"',
            'lead = "hotline"\nscored = "central-tax"',
            '^id = "tax"',
            "can't be scored",
        ),
        (
            "catalogue",
            'lead = "reflect-to(central-tax)"',
            'lead = "hotline"\ncopies = ["reflect-to(central-tax)"]',
            "copies = [",
            "only `lead` may be",
        ),
        # Streets' powers.
        ("powers", "environment-waste", "environment-noise", "noise", "no category has the code"),
        (
            "powers",
            "environment-waste,test,2026-01-01\n",
            "environment-waste,test,2026-01-01\nenvironment-waste,test,2026-01-02\n",
            "01-02",
            "stands in line 3 too",
        ),
        ("powers", "2026-01-01", "2026", "2026", "must be a date"),
        ("powers", ",test,", ",,", "environment-waste", "`source` is empty"),
        ("powers", "source,date", "sources,date", "sources", "column `source` is missing"),
    ],
)
def test_a_planted_fault_is_found_at_its_line(file, old, new, where, message) -> None:
    """Each is a slip somebody will make."""
    text = TEXTS[file]
    assert old in text
    changed = text.replace(old, new, 1)
    found = check(full_files(**{file: changed}))
    name = next(name for name in full_files() if name.startswith(file))
    line = line_of(changed, where)
    assert any(f.file == name and f.line == line and message in f.message for f in found), found


@pytest.mark.parametrize(
    ("category", "lead"),
    [
        ('category = "housing"', "street-of(place)"),
        ('category = "environment"', "street-of(place)"),
        ('words = ["狗叫"]', "street-of(place)"),
        ('category = "housing"', "street-990101001"),
    ],
)
def test_a_street_may_not_lead_what_its_list_of_powers_lacks(category: str, lead: str) -> None:
    """What isn't on the list (街道职责清单) is never dispatched to a street as its own."""
    found = faults_with_rule(category, lead)
    assert [f.message for f in found if "isn't among the streets' powers" in f.message], found


def test_a_street_may_lead_what_is_on_the_list_and_below_it() -> None:
    """A narrower kind of a listed matter is listed; assisting needs no power."""
    assert (
        faults_with_rule('category = "environment-waste"\nwords = ["厨余"]', "street-of(place)")
        == ()
    )
    rule = 'category = "housing"\nassists = ["street-of(place)"]'
    assert faults_with_rule(rule, "city-housing") == ()


def test_a_city_without_the_list_limits_no_street() -> None:
    """Most cities begin without one."""
    files = full_files(catalogue=with_rule('category = "housing"', "street-of(place)"))
    del files["powers.csv"]
    assert check(files) == ()


def with_rule(conditions: str, lead: str) -> str:
    """The catalogue with one more rule."""
    return (
        f'{FULL_CATALOGUE}\n[[rules]]\nid = "planted"\n{conditions}\nlead = "{lead}"\n'
        'source = "test"\ndate = 2026-01-01\nexamples = [{ text = "x", expect = "held" }]\n'
    )


def faults_with_rule(conditions: str, lead: str) -> tuple[Fault, ...]:
    """Check the full policy with one more rule."""
    return check(full_files(catalogue=with_rule(conditions, lead)))


def test_a_rule_whose_last_day_has_passed_is_told() -> None:
    """It does no harm, and nobody needs it any more."""
    (fault,) = check(full_files(), today=date(2028, 1, 1))[:1]
    late = [f for f in check(full_files(), today=date(2028, 1, 1)) if "held until" in f.message]
    assert [(f.severity, f.line) for f in late] == [
        ("warning", line_of(FULL_CATALOGUE, '^id = "night'))
    ]
    assert fault.file == "calendar.toml"


@pytest.mark.parametrize("kind", ["emergency", "statutory", "secret", "beyond-duty", "unlawful"])
def test_a_diversion_without_a_rule_is_found(kind: str) -> None:
    """Art. 11 names six; a policy that forgets one leaves people without an answer."""
    text = full_files()["diversions.toml"].decode()
    other = "statutory" if kind != "statutory" else "emergency"
    changed = text.replace(f'diversion = "{kind}"', f'diversion = "{other}"')
    changed = changed.replace(f"diverted:{kind}", f"diverted:{other}")
    found = check(full_files(diversions=changed))
    assert [f.message for f in found] == [
        f"no rule diverts what is {kind}: nobody would be told the other way"
    ]


def test_a_bundle_published_before_these_checks_still_loads() -> None:
    """What happened under it must stay explainable: only the check is stricter."""
    text = FULL_CATALOGUE.replace('"reflect-to(central-tax)"', '"central-tax"')
    files = full_files(catalogue=text)
    assert check(files) != ()
    assert load(files).catalogue[-1].lead.code == "central-tax"
