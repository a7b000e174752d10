"""`causes.toml`: read, left out, and wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.policy import BonusRules, Cause, CauseRules, PolicyError, load
from services.policy.folder import read
from tests.policies import CAUSES, a_policy

CITIES = Path(__file__).parents[2] / "policy"


def test_causes_and_points_are_read() -> None:
    """By key, in the order in which officials wrote them."""
    rules = a_policy(causes=CAUSES).causes
    assert list(rules.causes) == ["ageing-pipes", "contractor-default"]
    day = date(2026, 11, 24)
    assert rules.causes["ageing-pipes"] == Cause("ageing-pipes", "管网老化", "test", day)
    assert rules.bonus == BonusRules(per_case=2, points_max=3)


def test_without_the_file_no_cause_is_known_and_no_points_are_given() -> None:
    """A city that hasn't thought of it yet goes on as before."""
    assert a_policy().causes == CauseRules()


@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        ('key = "contractor-default"', 'key = "ageing-pipes"', 9, "listed twice"),
        ('key = "ageing-pipes"', 'key = "Ageing Pipes"', 3, "kebab-case"),
        ('name = "管网老化"\n', "", 2, "`name` is missing"),
        ("date = 2026-11-24", 'date = "lately"', 6, "must be a date"),
        ('source = "test"', "source = 3", 5, "must be a text"),
        ("per_case = 2", "per_case = 0", 15, "at least 1"),
        ("points_max = 3", "points_max = 1", 16, "less than one case"),
        ("points_max = 3", "points_max = 3\nleast = 1", 17, "`least` means nothing here"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(right, wrong, line, message) -> None:
    """Officials write it, so it says where."""
    assert right in CAUSES
    with pytest.raises(PolicyError) as caught:
        a_policy(causes=CAUSES.replace(right, wrong, 1))
    faults = [fault for fault in caught.value.faults if message in fault.message]
    assert faults, caught.value.faults
    assert (faults[0].file, faults[0].line) == ("causes.toml", line)


def test_a_file_without_causes_is_an_error() -> None:
    """It would refuse every cause that an agency gives."""
    with pytest.raises(PolicyError) as caught:
        a_policy(causes="# none yet\n")
    assert "no [[causes]]" in str(caught.value)


def test_every_cause_of_beijing_says_where_it_comes_from() -> None:
    """The regulation asks for the analysis and lists no causes, so each is an assumption."""
    rules = load(read(CITIES / "beijing")).causes
    assert len(rules.causes) >= 10
    assert all(cause.source and cause.name for cause in rules.causes.values())
    assert rules.bonus is not None


@pytest.mark.parametrize("city", ["haikou", "nyc"])
def test_cities_without_the_file_still_load(city) -> None:
    """The file is optional."""
    assert not load(read(CITIES / city)).causes.causes
