"""Every example of every city's rules holds: the rule and its proof stand side by side."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from services.policy import Policy, load
from services.policy.folder import read
from services.router.decide import broken_example, broken_examples
from tests.policies import CATALOGUE, a_policy

_CITIES = Path(__file__).parents[2] / "policy"


@cache
def policy_of(city: str) -> Policy:
    return load(read(_CITIES / city))


def _cases() -> list[object]:
    """One case for each rule that has examples; a folder that isn't a policy yet has none."""
    folders = [f.name for f in sorted(_CITIES.iterdir()) if (f / "catalogue.toml").is_file()]
    return [
        pytest.param(city, rule.id, id=f"{city}-{rule.id}")
        for city in folders
        for rule in (*policy_of(city).diversions, *policy_of(city).catalogue)
        if rule.examples
    ]


@pytest.mark.parametrize(("city", "rule_id"), _cases())
def test_the_examples_of_a_rule_hold(city: str, rule_id: str) -> None:
    """A change of one rule must not take another rule's complaints away unseen."""
    policy = policy_of(city)
    rules = [r for r in (*policy.diversions, *policy.catalogue) if r.id == rule_id]
    broken = [broken_example(policy, rule, one) for rule in rules for one in rule.examples]
    assert [found for found in broken if found] == []


def test_there_are_examples_to_run() -> None:
    """An empty parametrisation would pass silently."""
    assert len(_cases()) > 100


def test_a_broken_example_says_where_what_and_why() -> None:
    """An official finds the line, and the rule that got in the way."""
    wrong = CATALOGUE.replace('expect = "water-company"', 'expect = "city-transport"')
    (broken,) = broken_examples(a_policy(catalogue=wrong))
    line = 1 + wrong[: wrong.index("家里停水了")].count("\n")
    assert (broken.fault.file, broken.fault.line) == ("catalogue.toml", line)
    assert (broken.expected, broken.came) == ("city-transport", "water-company")
    assert any("water-to-company: chosen" in reason for reason in broken.why)


def test_the_examples_of_a_sound_policy_hold() -> None:
    """The counter-example of a diversion (`not-diverted`) is among them."""
    assert broken_examples(a_policy()) == ()
