"""`nature.toml`: words that show what a person wants."""

from __future__ import annotations

from services.events import Nature
from services.policy import check
from tests.policies import a_policy, policy_files

GOOD = """
[[natures]]
nature = "praise"
words = ["来电表扬"]
opening_words = ["表扬"]
unless = ["撤销"]
source = "test"
"""


def test_each_list_becomes_words_of_its_nature() -> None:
    """The door builds its automaton of them."""
    anywhere, opening = a_policy(nature=GOOD).natures
    assert (anywhere.text, anywhere.nature, anywhere.is_opening) == (
        "来电表扬",
        Nature.PRAISE,
        False,
    )
    assert (opening.text, opening.is_opening, opening.unless) == ("表扬", True, ("撤销",))


def test_a_city_may_do_without_the_file() -> None:
    """Then every nature is left to the operator."""
    assert a_policy(nature=None).natures == ()


def test_faults_are_named_with_their_line() -> None:
    """An official corrects the file without a programmer."""
    bad = GOOD.replace('"praise"', '"applause"') + GOOD.replace("source", "sauce")
    found = {(fault.line, fault.message.split(" ")[0]) for fault in check(policy_files(nature=bad))}
    assert (3, "nature") in found
    assert {line for line, _ in found} >= {3}
    assert any("twice" in fault.message for fault in check(policy_files(nature=bad)))
    assert any("means nothing" in fault.message for fault in check(policy_files(nature=bad)))
