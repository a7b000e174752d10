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

    The second verdict of a case that has no round left closes it as unsatisfied: it counts
    in the rates as it is, and the record says so.
    """
    callback = _open(case, fact.callback_id)
    if isinstance(callback, Ignored):
        return callback
    is_good = fact.is_solved and fact.satisfaction is not Satisfaction.DISSATISFIED
    has_round_left = case.round < policy.callback.rounds_max
    if is_good:
        trigger = CaseTrigger.CONFIRMED
    else:
        trigger = CaseTrigger.REOPENED if has_round_left else CaseTrigger.UNSATISFIED
    state = next_case(case.state, trigger)
    if isinstance(state, Ignored):
        return state
    turn = Turn(case, policy, now, event.id)
    turn.heard(fact)
    turn.put_callback(_verdict(callback, fact, now))
    match trigger:
        case CaseTrigger.REOPENED:
            _reopen(turn, fact, callback, state)
        case CaseTrigger.CONFIRMED:
            turn.close("confirmed", is_solved=True, satisfaction=fact.satisfaction)
        case _:
            turn.close("unsatisfied", is_solved=fact.is_solved, satisfaction=fact.satisfaction)
    return turn.step()


def lapsed(
    event: Event, fact: CallbackLapsed, case: Case, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Close unconfirmed: it isn't a valid call-back, so it counts in no rate."""
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
    """Send the lead back, with a fresh clock of the same standard.

    It is the agency that handled it, unless a person has designated another meanwhile.
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
    clock = turn.clock(turn.policy.standards[case.standard])
    turn.dispatch(case.lead, "lead", clock)
