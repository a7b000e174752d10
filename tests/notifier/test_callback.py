"""Asking back: attempts, spacing, and when asking ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.events import CallbackAttempted, CallbackLapsed
from services.notifier.decide import (
    CallbackState,
    Sending,
    after_attempt,
    attempt_due,
    cancel,
    lapse,
    plan,
)
from services.policy.callback import CallbackRules
from services.policy.durations import Duration, DurationUnit
from services.runtime.step import Ignored, Step
from tests.builders import NOON
from tests.notifier.stories import CALLBACK, COMPLAINT, a_callback_due

RULES = CallbackRules(
    delay=Duration(2, DurationUnit.HOURS),
    attempts_max=3,
    spacing=Duration(1, DurationUnit.DAYS),
    lapse_within=Duration(5, DurationUnit.DAYS),
    rounds_max=2,
)
DUE = plan(a_callback_due(), COMPLAINT, COMPLAINT).state


@pytest.mark.parametrize("outcome", ["sent", "failed"])
def test_an_attempt_leads_to_the_next_after_the_spacing(outcome):
    """A message that was sent isn't an answer: the person is asked again tomorrow."""
    step = after_attempt(DUE, Sending(outcome, "sms"), RULES, NOON)
    assert isinstance(step, Step)
    assert step.facts == (
        CallbackAttempted(
            callback_id=CALLBACK,
            attempt=1,
            channel="sms",
            outcome=outcome,
            next_attempt_at=NOON + timedelta(days=1),
        ),
    )
    assert [(d.kind, d.due_at) for d in step.set_deadlines] == [
        ("attempt", NOON + timedelta(days=1))
    ]
    assert (step.state.state, step.state.attempts) == (CallbackState.WAITING, 1)


def test_the_last_attempt_waits_for_the_answer_only():
    """Three times asked is enough; what remains is the lapse."""
    step = after_attempt(replace(DUE, attempts=2), Sending("sent", "sms"), RULES, NOON)
    assert isinstance(step, Step)
    assert step.set_deadlines == ()
    assert step.facts[0].next_attempt_at is None


def test_no_attempt_is_planned_behind_the_lapse():
    """Asking somebody whose answer won't count any more would be a lie."""
    late = DUE.lapses_at - timedelta(hours=1)
    step = after_attempt(DUE, Sending("sent", "sms"), RULES, late)
    assert isinstance(step, Step)
    assert step.set_deadlines == ()


def test_nobody_to_reach_ends_the_call_back():
    """The case must not wait five days for somebody who can't be asked."""
    step = after_attempt(DUE, Sending("no-contact", "sms"), RULES, NOON)
    assert isinstance(step, Step)
    assert step.facts[-1] == CallbackLapsed(callback_id=CALLBACK, reason="no-contact")
    assert step.state.state is CallbackState.LAPSED
    assert {kind for _, kind in step.clear_deadlines} == {"attempt", "lapse"}


def test_a_silent_vault_costs_no_attempt():
    """Our own outage isn't the person's silence."""
    step = after_attempt(DUE, Sending("unavailable", "sms"), RULES, NOON)
    assert isinstance(step, Step)
    assert step.facts == ()
    assert (step.state.state, step.state.attempts) == (CallbackState.WAITING, 0)
    assert step.set_deadlines[0].due_at == NOON + timedelta(seconds=30)


def test_time_up_without_an_answer_lapses():
    """The tracker closes the case as unconfirmed."""
    step = lapse(DUE)
    assert isinstance(step, Step)
    assert step.facts == (CallbackLapsed(callback_id=CALLBACK, reason="no-answer"),)


@pytest.mark.parametrize("state", [CallbackState.LAPSED, CallbackState.CANCELLED])
def test_a_settled_call_back_neither_lapses_nor_is_attempted_again(state):
    """A deadline that fires at the same instant as the answer changes nothing."""
    settled = replace(DUE, state=state)
    assert isinstance(lapse(settled), Ignored)
    assert isinstance(attempt_due(settled), Ignored)
    assert cancel(settled) is settled


def test_an_attempt_in_flight_while_the_case_closed_is_still_told():
    """The person did get a message; but none will follow."""
    step = after_attempt(cancel(DUE), Sending("sent", "sms"), RULES, NOON)
    assert isinstance(step, Step)
    assert step.state.state is CallbackState.CANCELLED
    assert [type(fact) for fact in step.facts] == [CallbackAttempted]
    assert step.set_deadlines == ()
