"""Two rules that could claim one complaint are found before the complaint comes."""

from __future__ import annotations

import pytest

from services.policy import check
from tests.policies import CATALOGUE, policy_files
from tests.policy.planting import full_files

RULE = """
[[rules]]
id = "{id}"
{conditions}
lead = "{lead}"
source = "test"
date = 2026-01-01
examples = [{{ text = "x", expect = "held" }}]
"""


def messages_of(*rules: tuple[str, str]) -> list[tuple[int, str]]:
    """Check the tiny catalogue with more rules, given as conditions and lead."""
    text = CATALOGUE + "".join(
        RULE.format(id=f"planted-{number}", conditions=conditions, lead=lead)
        for number, (conditions, lead) in enumerate(rules, start=1)
    )
    return [(fault.line, fault.message) for fault in check(full_files(catalogue=text))]


#: Line of the header of the first planted rule, and lines per rule without conditions.
FIRST = CATALOGUE.count("\n") + 2


def test_the_same_conditions_with_another_lead_conflict():
    """Nobody may decide by the order of the file who has jurisdiction."""
    found = messages_of(('category = "traffic-bus"', "city-housing"))
    bus = CATALOGUE.split("\n").index('id = "bus-to-transport"')
    assert [line for line, _ in found] == [FIRST]
    assert f"conflicts with bus-to-transport (line {bus})" in found[0][1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # A narrower rule beside a wider one is what catalogues are made of.
        ('category = "traffic"', 'category = "traffic-bus"\nplaces = ["东区"]'),
        ('category = "housing"\nplaces = ["东区"]', 'category = "housing"\nplaces = ["西区"]'),
        ('category = "housing"\nplaces = ["东区"]', 'category = "housing"\nplaces = ["河街"]'),
        ('category = "housing"', 'category = "housing"\nwords = ["危房"]'),
        ('category = "housing"\nwords = ["危房"]', 'category = "housing"\nwords = ["租房"]'),
        ('category = "housing"\nnatures = ["help"]', 'category = "housing"\nnatures = ["report"]'),
        ('category = "housing"\nareas = ["station"]', 'category = "housing"\nareas = ["park"]'),
        ('category = "housing"\nareas = ["station"]', 'category = "housing"\nplaces = ["东区"]'),
        (
            'category = "housing"\nareas = ["station"]\nexcept_areas = ["market"]',
            'category = "housing"\nareas = ["market"]',
        ),
        (
            'category = "housing"\nattributes = { WHISPAWN = ["123"] }',
            'category = "housing"\nattributes = { WHISPAWN = ["124"] }',
        ),
        (
            'category = "housing"\nattributes = { WHISPAWN = ["123"] }',
            'category = "housing"\nattributes = { WHISDORN = ["1"] }',
        ),
        ('category = "housing"\nhours = "08:00-18:00"', 'category = "housing"'),
        (
            'category = "housing"\nhours = "08:00-18:00"',
            'category = "housing"\nhours = "18:00-08:00"',
        ),
        (
            'category = "housing"\nseason = "11-15/03-15"',
            'category = "housing"\nseason = "03-16/11-14"',
        ),
        (
            'category = "housing"\nhours = "08:00-18:00"',
            'category = "housing"\nseason = "11-15/03-15"',
        ),
        (
            'category = "housing"\nvalid_until = 2026-12-31',
            'category = "housing"\nvalid_from = 2027-01-01',
        ),
        (
            'category = "housing"\nplaces = ["东区"]\nexcept_places = ["东区"]',
            'category = "housing"\nplaces = ["东区"]\nwords = ["租房"]',
        ),
    ],
)
def test_rules_that_differ_in_how_narrow_they_are_do_not_conflict(one, other):
    """A false conflict would block a sound catalogue."""
    found = messages_of((one, "city-housing"), (other, "city-transport"))
    assert not [message for _, message in found if "conflicts" in message]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('places = ["东区", "西区"]', 'places = ["西区"]'),
        ('words = ["危房"]', 'words = ["危房", "租房"]'),
        ('words = ["危房"]', 'words = ["农村危房"]'),
        ('natures = ["help", "report"]', 'natures = ["report"]'),
        ('places = ["东区/河街街道"]', 'places = ["河街"]'),
        ('areas = ["station", "park"]', 'areas = ["park"]'),
        ('areas = ["station"]', 'areas = ["market"]'),
        ('attributes = { WHISPAWN = ["123", "124"] }', 'attributes = { WHISPAWN = "124" }'),
        (
            'attributes = { WHISPAWN = ["123"] }',
            'attributes = { WHISPAWN = ["123"], WHISDORN = "1" }',
        ),
        ('hours = "22:00-06:00"', 'hours = "05:00-09:00"'),
        ('hours = "08:00-24:00"', 'hours = "23:00-01:00"'),
        ('season = "11-15/03-15"', 'season = "03-15/05-01"'),
        ("valid_until = 2026-12-31", "valid_from = 2026-12-31"),
        (
            'hours = "22:00-06:00"\nseason = "11-15/03-15"',
            'hours = "00:00-01:00"\nseason = "01-01/01-31"',
        ),
    ],
)
def test_rules_that_share_whatever_they_ask_for_conflict(one, other):
    """Each shared complaint would be held, although the mistake is the catalogue's."""
    category = 'category = "housing"\n'
    found = messages_of((category + one, "city-housing"), (category + other, "city-transport"))
    assert [message for _, message in found if "planted-2 conflicts with planted-1" in message]


def test_the_same_lead_twice_is_no_conflict_but_unreachable():
    """It does no harm to citizens, yet whoever edits one copy will wonder about the other."""
    found = messages_of(('category = "traffic-bus"', "city-transport"))
    assert [line for line, _ in found] == [FIRST]
    assert "no complaint can reach rule planted-1: bus-to-transport" in found[0][1]


def test_exceptions_that_leave_no_place_make_a_rule_unreachable():
    """An official who excepts the whole place has made a slip."""
    rule = 'category = "housing"\nplaces = ["河街"]\nexcept_places = ["东区"]'
    found = messages_of((rule, "city-housing"))
    assert found == [
        (FIRST, "no complaint can reach rule planted-1: its exceptions leave no place")
    ]


def test_rules_for_every_nature_shadow_the_rule_for_none():
    """Together they leave nothing over, so the general rule is dead."""
    half = '"consultation", "help", "complaint", "report"'
    rest = '"suggestion", "praise", "unknown"'
    found = messages_of(
        ('category = "housing"', "city-housing"),
        (f'category = "housing"\nnatures = [{half}]', "city-transport"),
        (f'category = "housing"\nnatures = [{rest}]', "hotline"),
    )
    assert [line for line, _ in found] == [FIRST]
    assert "planted-2" in found[0][1]
    assert "planted-3" in found[0][1]


def test_some_natures_leave_the_general_rule_its_rest():
    """The usual way to write an exception must stay allowed."""
    found = messages_of(
        ('category = "housing"', "city-housing"),
        ('category = "housing"\nnatures = ["praise"]', "hotline"),
    )
    assert found == []


def test_a_rule_whose_words_are_always_diverted_is_unreachable():
    """Diversions come first, so such a rule only looks as if it did something."""
    rule = 'category = "housing"\nwords = ["不服法院判决"]'
    found = messages_of((rule, "city-housing"))
    assert found == [(FIRST, "no complaint can reach rule planted-1: court diverts them all")]


def test_a_rule_beside_a_diversion_with_exceptions_is_reachable():
    """`着火` is not diverted where the text speaks of last year's fire."""
    assert messages_of(('category = "housing"\nwords = ["着火"]', "city-housing")) == []


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ('areas = ["station", "park"]', 'areas = ["park"]'),
        ('areas = ["park"]', 'areas = ["park"]\nexcept_areas = ["market"]'),
        ('attributes = { WHISPAWN = ["123", "124"] }', 'attributes = { WHISPAWN = ["124"] }'),
        ('hours = "22:00-06:00"', 'hours = "23:00-05:00"'),
        ('season = "11-15/03-15"', 'season = "12-01/02-29"'),
        ("valid_from = 2026-01-01", "valid_from = 2026-05-01\nvalid_until = 2026-06-01"),
    ],
)
def test_a_narrower_rule_with_the_same_lead_is_unreachable_whatever_it_narrows(
    wide: str, narrow: str
) -> None:
    """The wider one decides the same wherever the narrower one could."""
    category = 'category = "housing"\n'
    twins = [(category + wide, "city-housing"), (category + narrow, "city-housing")]
    found = [message for _, message in messages_of(*twins)]
    assert found == [
        f"no complaint can reach rule planted-2: planted-1 (line {FIRST}) always decides"
    ]
    assert messages_of(*reversed(twins)) == [], "the wider rule leaves the narrower its rest"


def test_a_rule_without_any_condition_is_refused():
    """It would silently replace the fallback to the districts."""
    found = messages_of(("", "city-housing"))
    assert "would claim every complaint" in found[0][1]


def test_a_rule_without_an_example_is_refused():
    """The example is the proof that the rule does what it is for."""
    text = CATALOGUE.replace(
        'examples = [{ text = "公交车到站不停", expect = "city-transport" }]', ""
    )
    (fault,) = check(policy_files(catalogue=text))
    assert fault.message == "the rule has no example"
    assert fault.line == CATALOGUE.split("\n").index('id = "bus-to-transport"')
