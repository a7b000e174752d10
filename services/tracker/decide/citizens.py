"""What follows from a citizen's word: more facts, an urge, a withdrawal, a verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import (
    CallbackAnswered,
    CallbackLapsed,
    CaseReopened,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    Satisfaction,
)
from services.runtime.step import Ignored, Step
from services.tracker.decide import ladder, sla
from services.tracker.decide.case import Callback, CallbackState, Case, CaseState
from services.tracker.decide.lifecycle import CaseTrigger, next_case
from services.tracker.decide.turn import Turn

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import Event
    from services.policy import Policy


def supplemented(
    event: Event, fact: ComplaintSupplemented, case: Case, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Keep what was added in the history; an urge (催办) is counted, and moves no clock."""
    state = next_case(case.state, CaseTrigger.SUPPLEMENTED)
    if isinstance(state, Ignored):
        return state
    urges = case.urges + (fact.kind == "urge")
    turn = Turn(replace(case, state=state, urges=urges), policy, now, event.id)
    turn.heard(fact)
    if fact.kind == "urge":
        ladder.urged(turn)
    return turn.step()


def withdrawn(
    event: Event, fact: ComplaintWithdrawn, case: Case, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Close at the citizen's wish, wherever the case stands."""
    state = next_case(case.state, CaseTrigger.WITHDRAWN)
    if isinstance(state, Ignored):
        return state
    turn = Turn(case, policy, now, event.id)
    turn.heard(fact)
    turn.drop_callback()
    turn.close("withdrawn")
    return turn.step()


def answered(
    event: Event, fact: CallbackAnswered, case: Case, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Take the citizen's verdict: confirmed closes, anything else goes back to the agency.

    A bad verdict raises the case by a level. Where no round is left, or the policy's window for
    reopening has passed, it closes the case as unsatisfied: it counts in the rates as it is, and
    the top of the ladder must see to the matter (督办) until an officer lets it be.
    """
    callback = _open(case, fact.callback_id)
    if isinstance(callback, Ignored):
        return callback
    is_good = fact.is_solved and fact.satisfaction is not Satisfaction.DISSATISFIED
    turn = Turn(case, policy, now, event.id)
    if is_good:
        trigger = CaseTrigger.CONFIRMED
    elif _can_reopen(turn, callback, min(event.time, now)):
        trigger = CaseTrigger.REOPENED
    else:
        trigger = CaseTrigger.UNSATISFIED
    state = next_case(case.state, trigger)
    if isinstance(state, Ignored):
        return state
    turn.heard(fact)
    turn.put_callback(_verdict(callback, fact, now))
    match trigger:
        case CaseTrigger.REOPENED:
            _reopen(turn, fact, callback, state)
        case CaseTrigger.CONFIRMED:
            turn.close("confirmed", is_solved=True, satisfaction=fact.satisfaction)
        case _:
            turn.close("unsatisfied", is_solved=fact.is_solved, satisfaction=fact.satisfaction)
            ladder.dissatisfied(turn, case.order(callback.order_id))
    return turn.step()


def lapsed(
    event: Event, fact: CallbackLapsed, case: Case, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Close unconfirmed: it isn't a valid call-back, so it counts in no rate.

    The reason is kept: who was left out of a sample was never silent, and is counted apart.
    """
    callback = _open(case, fact.callback_id)
    if isinstance(callback, Ignored):
        return callback
    state = next_case(case.state, CaseTrigger.LAPSED)
    if isinstance(state, Ignored):
        return state
    turn = Turn(case, policy, now, event.id)
    turn.heard(fact)
    turn.put_callback(
        replace(callback, state=CallbackState.LAPSED, ended_at=now, lapse_reason=fact.reason)
    )
    turn.close("unconfirmed")
    return turn.step()


def _open(case: Case, callback_id: UUID) -> Callback | Ignored:
    callback = case.callback
    if callback is None or callback.callback_id != callback_id:
        return Ignored("callback-not-current")
    if callback.state is not CallbackState.ASKED:
        return Ignored(f"callback-{callback.state}")
    return callback


def _can_reopen(turn: Turn, callback: Callback, answered_at: datetime) -> bool:
    """Tell whether a round is left, and the window for it still open."""
    rules, calendar = turn.policy.callback, turn.policy.calendar
    if turn.case.round >= rules.rounds_max:
        return False
    within = rules.reopen_within
    if within is None:
        return True
    since = callback.asked_at or callback.resolved_at
    return answered_at <= sla.due(within, calendar, since, turn.zone).at


def _verdict(callback: Callback, fact: CallbackAnswered, now: datetime) -> Callback:
    return replace(
        callback,
        state=CallbackState.ANSWERED,
        ended_at=now,
        answered_by=fact.answered_by,
        is_contacted=fact.is_contacted,
        is_solved=fact.is_solved,
        satisfaction=fact.satisfaction,
    )


def _reopen(turn: Turn, fact: CallbackAnswered, callback: Callback, state: CaseState) -> None:
    """Send the lead back, a level higher, with a fresh clock of the same standard.

    It is the agency that handled it, unless a person has designated another meanwhile. Whoever
    the ladder names next is told of the order that didn't help.
    """
    case = turn.case
    assert case.standard is not None  # noqa: S101 - set with the first order
    assert case.lead is not None  # noqa: S101 - a resolved case has one
    turn.case = replace(case, state=state, round=case.round + 1)
    turn.say(
        CaseReopened(
            round=turn.case.round,
            callback_id=callback.callback_id,
            is_solved=fact.is_solved,
            satisfaction=fact.satisfaction,
        )
    )
    failed = case.order(callback.order_id)
    if failed is not None:
        ladder.raise_level(turn, failed, "dissatisfied")
    clock = turn.clock(turn.policy.standards[case.standard])
    turn.dispatch(case.lead, "lead", clock)
    if failed is None:  # The order of the case that this one followed: its lead is told here.
        ladder.raise_level(turn, turn.case.orders[-1], "dissatisfied")
    ladder.supervise_level(turn, turn.case.orders[-1], "dissatisfied")
