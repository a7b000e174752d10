"""Two rules that could claim one complaint are found before the complaint comes."""

from __future__ import annotations

import pytest

from services.policy import check
from tests.policies import CATALOGUE, policy_files

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
    return [(fault.line, fault.message) for fault in check(policy_files(catalogue=text))]


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
    ],
)
def test_rules_that_share_a_place_a_word_or_a_nature_conflict(one, other):
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
