"""Policies of asking back for the notifier's tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.events import CallbackDue, Event
from services.notifier.decide import (
    Asking,
    Callback,
    CallbackState,
    Directory,
    Sending,
    Watch,
    after_attempt,
    ask,
    attempt_due,
    plan,
    watch,
)
from services.policy.calendar import Calendar
from services.policy.callback import CallbackRules
from services.policy.callback_steps import AskChannel, Hours, Slot
from services.policy.durations import Duration, DurationUnit
from services.policy.office_hours import Shift
from services.runtime.step import Step
from tests.builders import NOON
from tests.notifier.stories import COMPLAINT, a_callback_due

#: One public holiday on the day after NOON, a Wednesday.
CALENDAR = Calendar(
    holidays=frozenset({date(2026, 11, 25)}),
    workdays=frozenset(),
    years=frozenset({2026}),
    names={date(2026, 11, 25): "节"},
)
BY_DAY = Hours((Shift(9 * 60, 20 * 60),))
AT_WORK = Hours((Shift(9 * 60, 12 * 60), Shift(14 * 60, 17 * 60)), is_working_days=True)

RULES = CallbackRules(
    delay=Duration(2, DurationUnit.HOURS),
    attempts_max=3,
    spacing=Duration(1, DurationUnit.DAYS),
    lapse_within=Duration(5, DurationUnit.DAYS),
    rounds_max=2,
)
OPERATOR, COLLEAGUE = UUID(int=71), UUID(int=72)


def hours(amount: int) -> Duration:
    """A length of time."""
    return Duration(amount, DurationUnit.HOURS)


def a_slot(channel: AskChannel = "sms", gap: int = 0, when: Hours = BY_DAY) -> Slot:
    """One attempt of a plan; the gap in hours."""
    return Slot(channel, hours(gap), when)


#: A message, then two calls.
CALLS = (a_slot(), a_slot("phone", 4), a_slot("phone", 24))


def an_asking(**changes: Any) -> Asking:
    """A policy; by default three messages a day apart, at any hour."""
    rules = replace(RULES, **changes)
    return Asking(rules, CALENDAR, ZoneInfo("Asia/Shanghai"), b"s" * 32)


def a_callback(asking: Asking | None = None, **changes: Any) -> Callback:
    """A call-back that was just planned."""
    due = a_callback_due(**changes)
    return plan(due, COMPLAINT, COMPLAINT, asking or an_asking(), NOON).state


def opened(callback: Callback, asking: Asking, now: datetime = NOON) -> Step[Callback]:
    """A call whose instant has come, and whom the vault says may be called."""
    if callback.state is CallbackState.WAITING:
        due = attempt_due(callback, asking, now)
        assert isinstance(due, Step)
        callback = due.state
    sending = Sending("callable", "phone", frozenset({"phone"}))
    step = after_attempt(callback, sending, asking, now)
    assert isinstance(step, Step)
    return step


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of November 2026 by the city's clock; NOON is noon of the 24th, a Tuesday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))


def asked(event: Event, state: Watch | None, directory: Directory, lanes: Any) -> Step[Watch]:
    """What the consumer makes of `CallbackDue`."""
    assert isinstance(event.data, CallbackDue)
    return ask(event, event.data, watch(event, state, directory, lanes, NOON), an_asking(), NOON)
