"""`[relief]` of `sla.toml`: read, left out, and wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.policy import PolicyError, load
from services.policy.durations import parse_duration
from services.policy.folder import read
from services.policy.relief import ExtensionRules, PauseReason, ReliefRules
from tests.policies import SLA, a_policy
from tests.tracker.officers import RELIEF

CITIES = Path(__file__).parents[2] / "policy"


def test_limits_and_who_grants_are_read() -> None:
    """Every figure is the city's."""
    rules = a_policy(sla=SLA + RELIEF).relief
    assert rules.extension == ExtensionRules("supervisor", parse_duration("5d"), 1)
    assert rules.deferral_at_most == parse_duration("365d")
    assert rules.pause_reason("unreachable") == PauseReason(
        "unreachable", "联系不上诉求人", "policy", parse_duration("3d"), 1
    )
    assert rules.pause_reason("holiday") is None


def test_without_the_table_anything_may_be_asked_and_officers_decide() -> None:
    """A city that hasn't thought of it yet goes on as before."""
    rules = a_policy().relief
    assert rules == ReliefRules()
    assert rules.pause_reason("holiday") == PauseReason("holiday", "holiday", "operator")


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('granted_by = "policy"', 'granted_by = "agency"', "must be one of policy, operator"),
        ('at_most = "3d"', 'at_most = "0d"', "leaves no time"),
        ('at_most = "3d"\ntimes_max = 1\n', "", "needs `at_most` and `times_max`"),
        ('name = "联系不上诉求人"', 'nam = "联系不上"', "`name` is missing"),
        ("times_max = 2", "times_max = 0", "at least 1"),
        ('at_most = "365d"', 'longest = "365d"', "`longest` means nothing here"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(right, wrong, message) -> None:
    """Officials write it, so it says where."""
    assert right in RELIEF
    with pytest.raises(PolicyError) as caught:
        a_policy(sla=SLA + RELIEF.replace(right, wrong, 1))
    faults = [fault for fault in caught.value.faults if message in fault.message]
    assert faults, caught.value.faults
    assert faults[0].file == "sla.toml"
    assert faults[0].line > SLA.count("\n")


def test_beijing_limits_what_it_grants_and_lists_its_reasons() -> None:
    """An extension is rare and an officer's; nothing without a limit is granted at once."""
    rules = load(read(CITIES / "beijing")).relief
    assert rules.extension.granted_by != "policy"
    assert rules.extension.at_most is not None
    assert rules.pauses
    assert rules.deferral_at_most is not None
