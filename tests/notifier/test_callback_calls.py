"""Calls that operators make, and one more that a supervisor orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.events import CallbackAttempted
from services.notifier.decide import CallbackState, attempt_due, cancel
from services.notifier.decide.calling import CLAIM, Call, Refused, again, called, claim
from services.runtime.step import Step
from tests.builders import NOON
from tests.notifier.asking import (
    CALLS,
    COLLEAGUE,
    OPERATOR,
    a_callback,
    a_slot,
    an_asking,
    at,
    opened,
)
from tests.notifier.stories import CALLBACK

ASKING = an_asking(steps=(a_slot("phone"), a_slot("phone", 4)), again_max=1)
OPEN = opened(a_callback(ASKING), ASKING).state


def taken(callback=OPEN, operator=OPERATOR, now=NOON):
    """A call that an operator has taken on."""
    step = claim(callback, operator, now)
    assert isinstance(step, Step), step
    return step.state


def test_a_call_belongs_to_whoever_took_it_on_until_the_claim_runs_out():
    """Two operators must not ring the same person."""
    mine = taken()
    assert claim(mine, COLLEAGUE, NOON) == Refused("claimed")
    assert taken(mine, now=NOON + timedelta(minutes=10)).claimed_until == NOON + timedelta(
        minutes=25
    )
    assert taken(mine, COLLEAGUE, NOON + CLAIM).claimed_by == COLLEAGUE


def test_only_an_open_call_within_its_hours_can_be_taken_on():
    """Neither at night, nor before its time, nor when everything is over."""
    assert claim(OPEN, OPERATOR, at(24, 20)) == Refused("not-open")
    waiting = replace(OPEN, state=CallbackState.WAITING, open_until=None)
    assert claim(waiting, OPERATOR, NOON) == Refused("not-open")
    assert claim(cancel(OPEN), OPERATOR, NOON) == Refused("settled")
    assert claim(OPEN, OPERATOR, OPEN.lapses_at) == Refused("settled")


@pytest.mark.parametrize("outcome", ["no-answer", "busy"])
def test_a_call_that_nobody_answers_is_an_attempt(outcome):
    """The next one follows the plan."""
    step = called(taken(), OPERATOR, Call(outcome), ASKING, NOON)
    assert isinstance(step, Step)
    assert step.facts == (
        CallbackAttempted(
            callback_id=CALLBACK,
            attempt=1,
            channel="phone",
            outcome="failed",
            reason=outcome,
            next_attempt_at=at(24, 16),
        ),
    )
    assert (step.state.state, step.state.place) == (CallbackState.WAITING, 1)
    assert (step.state.claimed_by, step.state.open_until) == (None, None)


def test_who_refuses_is_not_asked_any_more():
    """Their link still works; nobody rings again."""
    step = called(taken(), OPERATOR, Call("refused"), ASKING, NOON)
    assert isinstance(step, Step)
    assert step.facts[0].next_attempt_at is None
    assert (step.set_deadlines, step.clear_deadlines) == ((), ((CALLBACK, "attempt"),))


def test_a_wrong_number_is_not_used_again_but_other_ways_are():
    """Neither by call nor by message: its owner is somebody else."""
    slots = (a_slot("phone"), a_slot("sms", 1), a_slot("email", 2))
    asking = an_asking(steps=slots)
    call = opened(a_callback(asking), asking).state
    step = called(taken(call), OPERATOR, Call("wrong-number"), asking, NOON)
    assert isinstance(step, Step)
    assert step.facts[0].outcome == "no-contact"
    assert step.set_deadlines[0].due_at == at(24, 14)
    due = attempt_due(step.state, asking, at(24, 14))
    assert isinstance(due, Step)
    assert (due.state.state, due.state.place) == (CallbackState.DUE, 2)
    only_calls = called(taken(), OPERATOR, Call("wrong-number"), ASKING, NOON)
    assert isinstance(only_calls, Step)
    assert only_calls.set_deadlines == ()


def test_a_person_is_called_when_they_asked_to_be():
    """Within the hours; the plan goes on where it stood."""
    step = called(taken(), OPERATOR, Call("later", at(24, 19)), ASKING, NOON)
    assert isinstance(step, Step)
    assert step.facts[0].next_attempt_at == at(24, 19)
    assert (step.state.place, step.state.is_aside) == (1, True)
    open_now = opened(step.state, ASKING, at(24, 19)).state
    second = called(taken(open_now, now=at(24, 19)), OPERATOR, Call("busy"), ASKING, at(24, 19))
    assert isinstance(second, Step)
    assert (second.state.place, second.state.is_aside, second.state.attempts) == (1, False, 2)
    at_night = called(taken(), OPERATOR, Call("later", at(24, 22)), ASKING, NOON)
    assert isinstance(at_night, Step)
    assert at_night.facts[0].next_attempt_at == at(25, 9)


def test_a_promise_to_call_again_needs_a_time_in_time_and_an_attempt_that_is_left():
    """An operator who promises what the policy doesn't give is told so."""
    for call in [Call("later"), Call("busy", at(25, 9)), Call("later", NOON)]:
        assert called(taken(), OPERATOR, call, ASKING, NOON) == Refused("bad-time")
    too_late = Call("later", OPEN.lapses_at)
    assert called(taken(), OPERATOR, too_late, ASKING, NOON) == Refused("bad-time")
    last = replace(taken(), attempts=2)
    step = called(last, OPERATOR, Call("later", at(25, 9)), ASKING, NOON)
    assert isinstance(step, Step)
    assert step.facts[0].next_attempt_at is None


def test_only_who_holds_the_call_records_it_and_once():
    """A claim that ran out, a colleague's, and a report sent twice change nothing."""
    busy = Call("busy")
    assert called(OPEN, OPERATOR, busy, ASKING, NOON) == Refused("not-claimed")
    assert called(taken(), COLLEAGUE, busy, ASKING, NOON) == Refused("not-claimed")
    assert called(taken(), OPERATOR, busy, ASKING, NOON + CLAIM) == Refused("not-claimed")
    assert called(cancel(taken()), OPERATOR, busy, ASKING, NOON) == Refused("settled")
    once = called(taken(), OPERATOR, busy, ASKING, NOON)
    assert isinstance(once, Step)
    assert called(once.state, OPERATOR, busy, ASKING, NOON) == Refused("not-claimed")


def test_an_operator_on_the_phone_at_closing_time_finishes():
    """The claim outlives the hours; only then the call waits for the morning."""
    late = taken(now=at(24, 19, 55))
    step = attempt_due(late, ASKING, at(24, 20))
    assert isinstance(step, Step)
    assert step.set_deadlines[0].due_at == at(24, 20, 10)
    assert isinstance(called(late, OPERATOR, Call("busy"), ASKING, at(24, 20, 5)), Step)
    over = attempt_due(late, ASKING, at(24, 20, 10))
    assert isinstance(over, Step)
    assert (over.state.state, over.state.claimed_by) == (CallbackState.WAITING, None)
    assert over.set_deadlines[0].due_at == at(25, 9)


def test_one_more_call_can_be_ordered_while_the_answer_would_count():
    """Beyond the plan, within the policy's limit, at the next hours."""
    asked = replace(OPEN, state=CallbackState.WAITING, attempts=3, place=2, is_number_wrong=True)
    step = again(asked, ASKING, at(24, 22))
    assert isinstance(step, Step)
    assert step.set_deadlines[0].due_at == at(25, 9)
    open_now = opened(step.state, ASKING, at(25, 9)).state
    assert open_now.state is CallbackState.CALLABLE
    done = called(taken(open_now, now=at(25, 9)), OPERATOR, Call("busy"), ASKING, at(25, 9))
    assert isinstance(done, Step)
    assert (done.state.attempts, done.set_deadlines) == (4, ())
    assert again(done.state, ASKING, at(25, 10)) == Refused("limit")


def test_nothing_more_is_ordered_once_the_tracker_would_ignore_the_answer():
    """A lapse or an answer has closed or reopened the case: nobody is bothered for nothing."""
    assert again(cancel(OPEN), ASKING, NOON) == Refused("settled")
    waiting = replace(OPEN, state=CallbackState.WAITING)
    assert again(waiting, ASKING, OPEN.lapses_at) == Refused("settled")
    before_morning = replace(waiting, lapses_at=at(29, 8))
    assert again(before_morning, ASKING, at(28, 22)) == Refused("settled")
    assert again(OPEN, ASKING, NOON) == Refused("being-asked")
    plain = an_asking(steps=CALLS)
    assert again(waiting, plain, NOON) == Refused("limit")
