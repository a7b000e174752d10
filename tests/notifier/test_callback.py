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
from services.policy.callback_steps import ALWAYS
from services.runtime.step import Ignored, Step
from tests.builders import NOON
from tests.notifier.asking import AT_WORK, BY_DAY, CALLS, a_callback, a_slot, an_asking, at, opened
from tests.notifier.stories import CALLBACK, COMPLAINT, a_callback_due

PLAIN = an_asking()
DUE = a_callback()


@pytest.mark.parametrize("outcome", ["sent", "failed"])
def test_an_attempt_leads_to_the_next_after_the_spacing(outcome):
    """A message that was sent isn't an answer: the person is asked again tomorrow."""
    step = after_attempt(DUE, Sending(outcome, "sms"), PLAIN, NOON)
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
    step = after_attempt(replace(DUE, attempts=2, place=2), Sending("sent", "sms"), PLAIN, NOON)
    assert isinstance(step, Step)
    assert step.set_deadlines == ()
    assert step.facts[0].next_attempt_at is None


def test_no_attempt_is_planned_behind_the_lapse():
    """Asking somebody whose answer won't count any more would be a lie."""
    late = DUE.lapses_at - timedelta(hours=1)
    step = after_attempt(DUE, Sending("sent", "sms"), PLAIN, late)
    assert isinstance(step, Step)
    assert step.set_deadlines == ()


def test_nobody_to_reach_ends_the_call_back():
    """The case must not wait five days for somebody who can't be asked."""
    step = after_attempt(DUE, Sending("no-contact", "sms"), PLAIN, NOON)
    assert isinstance(step, Step)
    assert step.facts[-1] == CallbackLapsed(callback_id=CALLBACK, reason="no-contact")
    assert step.state.state is CallbackState.LAPSED
    assert {kind for _, kind in step.clear_deadlines} == {"attempt", "lapse"}


def test_a_silent_vault_costs_no_attempt():
    """Our own outage isn't the person's silence."""
    step = after_attempt(DUE, Sending("unavailable", "sms"), PLAIN, NOON)
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
    assert isinstance(attempt_due(settled, PLAIN, NOON), Ignored)
    assert cancel(settled) is settled


def test_an_attempt_in_flight_while_the_case_closed_is_still_told():
    """The person did get a message; but none will follow."""
    step = after_attempt(cancel(DUE), Sending("sent", "sms"), PLAIN, NOON)
    assert isinstance(step, Step)
    assert step.state.state is CallbackState.CANCELLED
    assert [type(fact) for fact in step.facts] == [CallbackAttempted]
    assert step.set_deadlines == ()


def test_nobody_is_asked_outside_the_hours():
    """A case that is resolved at night is asked about in the morning."""
    asking = an_asking(steps=(a_slot("sms"),))
    step = plan(a_callback_due(), COMPLAINT, COMPLAINT, asking, at(24, 23))
    assert step.state.state is CallbackState.WAITING
    morning = at(25, 9)
    assert [(d.kind, d.due_at) for d in step.set_deadlines] == [
        ("lapse", NOON + timedelta(days=5)),
        ("attempt", morning),
    ]
    due = attempt_due(step.state, asking, morning)
    assert isinstance(due, Step)
    assert due.state.state is CallbackState.DUE


def test_a_timer_that_fires_late_at_night_waits_for_the_morning_too():
    """We were down all day; that is no reason to wake anybody."""
    asking = an_asking(steps=(a_slot("sms"),))
    waiting = replace(a_callback(asking), state=CallbackState.WAITING)
    step = attempt_due(waiting, asking, at(25, 3))
    assert isinstance(step, Step)
    assert step.state.state is CallbackState.WAITING
    assert [d.due_at for d in step.set_deadlines] == [at(25, 9)]


def test_a_message_taken_up_too_late_in_the_day_is_put_off_at_no_cost():
    """Whoever sends looks at the clock again."""
    asking = an_asking(steps=(a_slot("sms"),))
    due, late = a_callback(asking), at(24, 20)
    assert asking.may_send(due, NOON)
    assert not asking.may_send(due, late)
    assert not asking.may_send(due, due.lapses_at)
    step = after_attempt(due, Sending("closed", "none"), asking, late)
    assert isinstance(step, Step)
    assert (step.state.state, step.state.attempts, step.facts) == (CallbackState.WAITING, 0, ())
    assert [d.due_at for d in step.set_deadlines] == [at(25, 9)]


def test_working_days_leave_out_weekends_and_holidays():
    """Tuesday evening, Wednesday a holiday: Thursday 09:00. Offices pause at noon."""
    asking = an_asking(steps=(a_slot("phone", 0, AT_WORK),))
    for now, opens in [(at(24, 18), at(26, 9)), (NOON, at(24, 14)), (at(27, 17), at(30, 9))]:
        assert asking.opens(AT_WORK, now) == opens
    step = plan(a_callback_due(), COMPLAINT, COMPLAINT, asking, at(24, 18))
    assert step.set_deadlines[1].due_at == at(26, 9)


def test_the_plan_goes_from_a_message_to_an_operators_call():
    """The call is open until the hours end, and then waits for the next ones."""
    asking = an_asking(steps=(a_slot("sms", 0, ALWAYS), a_slot("phone", 12)))
    step = after_attempt(a_callback(asking), Sending("sent", "sms"), asking, NOON)
    assert isinstance(step, Step)
    morning = at(25, 9)
    assert step.set_deadlines[0].due_at == morning
    open_now = opened(step.state, asking, morning)
    evening = morning + timedelta(hours=11)
    assert open_now.state.state is CallbackState.CALLABLE
    assert (open_now.state.open_until, open_now.set_deadlines[0].due_at) == (evening, evening)
    over = attempt_due(open_now.state, asking, evening)
    assert isinstance(over, Step)
    assert (over.state.state, over.state.attempts) == (CallbackState.WAITING, 1)
    assert over.set_deadlines[0].due_at == morning + timedelta(days=1)


def test_what_does_not_reach_the_person_is_passed_over():
    """Without an address, the plan goes on with the call; that costs no attempt."""
    asking = an_asking(steps=(a_slot("email", 0, ALWAYS), a_slot("phone", 24, ALWAYS)))
    nothing = Sending("no-contact", "email", frozenset({"sms", "phone"}))
    step = after_attempt(a_callback(asking), nothing, asking, NOON)
    assert isinstance(step, Step)
    assert (step.state.place, step.state.attempts, step.facts) == (1, 0, ())
    assert step.set_deadlines[0].due_at == NOON


def test_a_call_is_for_operators_only_once_the_vault_has_said_so():
    """Who asked to be let alone, or has no number, is never in their queue."""
    asking = an_asking(steps=(a_slot("phone", 0, ALWAYS), a_slot("email", 24, ALWAYS)))
    due = a_callback(asking)
    assert (due.state, due.open_until) == (CallbackState.DUE, None)
    left_alone = after_attempt(due, Sending("no-contact", "phone"), asking, NOON)
    assert isinstance(left_alone, Step)
    assert left_alone.facts[-1] == CallbackLapsed(callback_id=CALLBACK, reason="no-contact")
    without = Sending("no-contact", "phone", frozenset({"email"}))
    mailed = after_attempt(due, without, asking, NOON)
    assert isinstance(mailed, Step)
    assert (mailed.state.state, mailed.state.place) == (CallbackState.WAITING, 1)
    silent = after_attempt(due, Sending("unavailable", "phone"), asking, NOON)
    assert isinstance(silent, Step)
    assert silent.set_deadlines[0].due_at == NOON + timedelta(seconds=30)
    assert opened(due, asking).state.state is CallbackState.CALLABLE


def test_a_promised_call_that_cannot_be_made_gives_way_to_the_plan():
    """The number left the vault meanwhile: no call, and no asking the vault without end."""
    asking = an_asking(steps=(a_slot("phone", 0, ALWAYS), a_slot("email", 24, ALWAYS)))
    promised = replace(a_callback(asking), attempts=1, place=1, is_aside=True)
    without = Sending("no-contact", "phone", frozenset({"email"}))
    step = after_attempt(promised, without, asking, NOON)
    assert isinstance(step, Step)
    assert (step.state.is_aside, step.state.place) == (False, 1)
    found = asking.slot(step.state)
    assert found is not None
    assert found[1].channel == "email"


def test_a_call_found_possible_after_hours_waits_for_the_morning():
    """The vault may be slow; the clock is looked at again."""
    asking = an_asking(steps=(a_slot("phone"),))
    step = opened(a_callback(asking), asking, at(24, 20))
    assert step.state.state is CallbackState.WAITING
    assert [d.due_at for d in step.set_deadlines] == [at(25, 9)]
    over = after_attempt(
        cancel(a_callback(asking)), Sending("callable", "phone"), asking, at(24, 13)
    )
    assert isinstance(over, Ignored)


def test_somebody_asked_once_may_still_answer_though_nothing_else_reaches_them():
    """The link in the first message works until the end."""
    asking = an_asking(steps=(a_slot("sms", 0, ALWAYS), a_slot("email", 24, ALWAYS)))
    asked = replace(a_callback(asking), attempts=1, place=1)
    nothing = Sending("no-contact", "email", frozenset({"sms", "phone"}))
    step = after_attempt(asked, nothing, asking, NOON)
    assert isinstance(step, Step)
    assert (step.state.state, step.facts, step.set_deadlines) == (CallbackState.WAITING, (), ())
    assert step.clear_deadlines == ()


def test_the_first_steps_delay_counts_from_the_beginning():
    """`after` of the first step."""
    asking = an_asking(steps=(a_slot("sms", 3, BY_DAY),))
    step = plan(a_callback_due(), COMPLAINT, COMPLAINT, asking, NOON)
    assert step.set_deadlines[1].due_at == at(24, 15)


def test_a_plan_that_became_shorter_meanwhile_asks_no_more():
    """Officials may change the policy while somebody is being asked."""
    asked = replace(a_callback(an_asking(steps=CALLS)), state=CallbackState.WAITING, place=2)
    step = attempt_due(asked, an_asking(steps=CALLS[:1]), NOON)
    assert isinstance(step, Step)
    assert (step.state.state, step.set_deadlines) == (CallbackState.WAITING, ())
