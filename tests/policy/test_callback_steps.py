"""`[[callback.steps]]`: channels, hours and days, and what the check says of slips."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from services.policy.callback_steps import ALWAYS, Hours
from services.policy.faults import PolicyError
from services.policy.office_hours import Shift
from tests.policies import SLA, a_policy


def with_callback(text: str) -> str:
    """The tiny policy's `sla.toml` with more in `[callback]`."""
    return SLA.replace("\n[scoring]\n", f"\n{text}\n[scoring]\n", 1)


def test_without_steps_messages_are_sent_as_ever() -> None:
    """A city that says nothing keeps what it had."""
    rules = a_policy().callback
    assert [str(slot.gap) for slot in rules.plan] == ["0s", "4h", "4h"]
    assert {(slot.channel, slot.hours) for slot in rules.plan} == {("sms", ALWAYS)}
    assert (rules.sample, rules.again_max, rules.steps) == (1.0, 0, ())


def test_steps_are_read_attempt_by_attempt() -> None:
    """In the order of the file."""
    steps = """
    sample = 0.12
    again_max = 1
    [[callback.steps]]
    channel = "email"
    [[callback.steps]]
    channel = "phone"
    after = "3h"
    attempts = 2
    spacing = "5h"
    hours = ["09:00-12:00", "14:00-20:00"]
    days = "working"
    """
    rules = a_policy(sla=with_callback(steps)).callback
    assert [(slot.channel, str(slot.gap)) for slot in rules.plan] == [
        ("email", "0s"),
        ("phone", "3h"),
        ("phone", "5h"),
    ]
    shifts = (Shift(540, 720), Shift(840, 1200))
    assert rules.call_hours == rules.plan[2].hours == Hours(shifts, is_working_days=True)
    assert (rules.sample, rules.again_max) == (0.12, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[callback.steps]]\nchannel = "fax"', "must be one of sms, email, push, phone"),
        ('[[callback.steps]]\nafter = "1h"', "`channel` is missing"),
        ('[[callback.steps]]\nchannel = "sms"\nattempts = 2', "`spacing` is missing"),
        ('[[callback.steps]]\nchannel = "sms"\nhours = "20:00-09:00"', "ends before it begins"),
        ('[[callback.steps]]\nchannel = "sms"\ndays = "sundays"', "must be one of every, working"),
        ('[[callback.steps]]\nchannel = "sms"\nafter = "4d"', "would lapse before the last"),
        (
            '[[callback.steps]]\nchannel = "sms"\nattempts = 4\nspacing = "1h"',
            "more than `attempts_max`",
        ),
        ('[[callback.steps]]\nchannel = "sms"\nhour = "09:00-12:00"', "means nothing here"),
        ("sample = 12", "from 0 to 1"),
    ],
)
def test_a_slip_is_named(text: str, said: str) -> None:
    """Nobody should learn from a citizen that the file was wrong."""
    with pytest.raises(PolicyError, match=r"sla\.toml") as caught:
        a_policy(sla=with_callback(text))
    assert said in str(caught.value)


def test_hours_keep_the_wall_clocks_time_when_summer_time_begins() -> None:
    """New York, 8 March 2026: the day has 23 hours, and 09:00 is still 09:00."""
    zone = ZoneInfo("America/New_York")
    calendar = a_policy().calendar
    found = Hours((Shift(540, 1200),)).opens(datetime(2026, 3, 7, 22, tzinfo=zone), calendar, zone)
    assert found == datetime(2026, 3, 8, 9, tzinfo=zone)
