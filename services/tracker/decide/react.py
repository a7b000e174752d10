"""Which decision an event or a deadline belongs to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import (
    CallbackAnswered,
    CallbackLapsed,
    CaseActionReported,
    ComplaintAnswered,
    ComplaintDiverted,
    ComplaintHeld,
    ComplaintRouted,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    OrderActionReported,
)
from services.runtime.step import Deadline, Early, Ignored, Step
from services.tracker.decide import actions, citizens, deadlines, officers, routing
from services.tracker.decide.turn import note

if TYPE_CHECKING:
    from datetime import datetime

    from services.events import Event
    from services.policy import Policy
    from services.tracker.decide.case import Case

#: The router's word.
Routing = ComplaintRouted | ComplaintHeld | ComplaintDiverted | ComplaintAnswered
ROUTINGS = (ComplaintRouted, ComplaintHeld, ComplaintDiverted, ComplaintAnswered)
#: What people and agencies said about a case; they may ask what became of it.
FOLLOW_UPS = (
    OrderActionReported,
    CaseActionReported,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    CallbackAnswered,
    CallbackLapsed,
)
#: Every fact that can change a case; all others are passed over.
CONCERNS = (*ROUTINGS, *FOLLOW_UPS)


def react(
    event: Event, case: Case | None, policy: Policy, now: datetime
) -> Step[Case] | Early | Ignored:
    """Say what follows from an event.

    Args:
        event: From any of the topics the tracker reads.
        case: The complaint's case, None if it isn't open yet.
        policy: The bundle of the case's promises; for a case without one, the bundle that
            the router decided under.
        now: The transaction's instant.

    Returns:
        The new case and what follows, or why nothing does. A follow-up on a case that
        isn't open yet is early: the router's word comes on another topic.
    """
    fact = event.data
    if not isinstance(fact, CONCERNS):
        return Ignored("not-mine")
    if isinstance(fact, ROUTINGS):
        return _routing(event, fact, case, policy, now)
    if case is None:
        return Early("case-not-open")
    return _follow_up(event, case, policy, now)


def _routing(
    event: Event, fact: Routing, case: Case | None, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    match fact:
        case ComplaintRouted():
            return routing.routed(event, fact, case, policy, now)
        case ComplaintHeld():
            return routing.held(event, fact, case, policy, now)
        case ComplaintDiverted():
            return routing.diverted(event, fact, case, policy, now)
        case ComplaintAnswered():
            return routing.answered(event, fact, case, policy, now)


def _follow_up(event: Event, case: Case, policy: Policy, now: datetime) -> Step[Case] | Ignored:
    match event.data:
        case OrderActionReported() as fact:
            return actions.reported(event, fact, case, policy, now)
        case CaseActionReported() as fact:
            return officers.decided(event, fact, case, policy, now)
    return _of_the_citizen(event, case, policy, now)


def _of_the_citizen(
    event: Event, case: Case, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    match event.data:
        case ComplaintSupplemented() as fact:
            return citizens.supplemented(event, fact, case, policy, now)
        case ComplaintWithdrawn() as fact:
            return citizens.withdrawn(event, fact, case, policy, now)
        case CallbackAnswered() as fact:
            return citizens.answered(event, fact, case, policy, now)
        case CallbackLapsed() as fact:
            return citizens.lapsed(event, fact, case, policy, now)
    return Ignored("not-mine")


def react_due(
    deadline: Deadline, case: Case, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Say what follows from a deadline that has passed; see `deadlines.passed`."""
    return deadlines.passed(deadline, case, policy, now)


def remember(event: Event, case: Case, now: datetime, reason: str) -> Step[Case] | None:
    """Keep in the history that a follow-up counted for nothing, and why.

    Whoever reported got "accepted" at the door, so an operator must be able to see why
    nothing came of it. The router's repetitions are nobody's question: None.
    """
    if not isinstance(event.data, FOLLOW_UPS):
        return None
    ignored = note(event.data, now, event.id, ignored=reason)
    return Step(replace(case, notes=(*case.notes, ignored), history_length=case.history_length + 1))
