"""What follows from an officer's decision about a case.

An operator may grant a pause that the policy leaves to operators, refuse one, end one, and
merge like complaints; everything else is a supervisor's. What doesn't fit any more, or is said
twice, counts for nothing and stands in the history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import OfficerAction
from services.runtime.step import Ignored
from services.tracker.decide import (
    causes,
    exclusions,
    merging,
    recompute,
    relief,
    relief_limits,
    relief_words,
)
from services.tracker.decide.case import CaseState, OrderState
from services.tracker.decide.supervision import close_supervision, open_supervision
from services.tracker.decide.turn import Turn

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import CaseActionReported, Event
    from services.policy import Policy
    from services.runtime.step import Step
    from services.tracker.decide.case import Case, Order, Request

#: Nothing is due in these, so there is nothing to see to.
_OVER = (CaseState.ANSWERED, CaseState.CLOSED)


def decided(
    event: Event, fact: CaseActionReported, case: Case, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Carry out what an officer decided; who decided, and why, stands in the history."""
    turn = Turn(case, policy, now, event.id)
    turn.heard(fact)
    return _DECIDERS[fact.action](turn, fact) or turn.step()


def _approve(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    found = _request(turn, fact)
    if isinstance(found, Ignored):
        return found
    order, request = found
    return relief.grant(turn, order, request, fact.officer, fact.until)


def _refuse(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    found = _request(turn, fact)
    if isinstance(found, Ignored):
        return found
    order, request = found
    why = fact.note or relief_words.refused("officer", turn.policy.city.language)
    relief.refuse(turn, order, request, "officer", why)
    return None


def _request(turn: Turn, fact: CaseActionReported) -> tuple[Order, Request] | Ignored:
    """Find what is to be decided, if this officer may decide it."""
    found = _find(turn.case, fact.request_id)
    if found is None or fact.order_id not in (None, found[0].order_id):
        return Ignored("request-not-open")
    if relief_limits.granted_by(turn.policy, found[1]) == "supervisor":
        return _unless_supervisor(fact) or found
    return found


def _find(case: Case, request_id: UUID | None) -> tuple[Order, Request] | None:
    for order in case.orders:
        for request in order.requests:
            if request.request_id == request_id:
                return order, request
    return None


def _continue(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    order = turn.case.order(fact.order_id) if fact.order_id else None
    if order is None:
        return Ignored("order-unknown")
    if order.state is OrderState.DEFERRED and (refused := _unless_supervisor(fact)):
        return refused
    return relief.go_on(turn, order, min(fact.reported_at, turn.now))


def _exclude(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    return _unless_supervisor(fact) or exclusions.exclude(turn, fact)


def _supervise(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    if refused := _unless_supervisor(fact):
        return refused
    if turn.case.state in _OVER:
        return Ignored(f"case-{turn.case.state}-not-supervised")
    order = turn.case.order(fact.order_id) if fact.order_id else turn.case.latest_lead()
    if fact.order_id and (order is None or not order.is_open):
        return Ignored("order-unknown" if order is None else f"order-{order.state}-not-supervised")
    if order is not None and not order.is_open:
        order = None  # Nobody has it: the case is seen to.
    policy = turn.policy
    if fact.raised_to is not None and fact.raised_to not in policy.agencies:
        return Ignored("agency-unknown")
    above = policy.superior_of(order.agency) if order else None
    raised_to = fact.raised_to or above or policy.city.hotline
    if not open_supervision(turn, "officer", 0, raised_to, order):
        return Ignored("supervised-already")
    return None


def _release(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    if refused := _unless_supervisor(fact):
        return refused
    for held in turn.case.supervisions:
        if held.supervision_id == fact.supervision_id and held.is_open:
            close_supervision(turn, held, "officer")
            return None
    return Ignored("supervision-not-open")


def _recompute(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    return _unless_supervisor(fact) or recompute.recompute(turn, fact.officer)


def _cause(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    return _unless_supervisor(fact) or causes.record(turn, fact)


def _unless_supervisor(fact: CaseActionReported) -> Ignored | None:
    return None if fact.role == "supervisor" else Ignored("needs-a-supervisor")


_DECIDERS = {
    OfficerAction.APPROVE: _approve,
    OfficerAction.REFUSE: _refuse,
    OfficerAction.CONTINUE: _continue,
    OfficerAction.EXCLUDE: _exclude,
    OfficerAction.SUPERVISE: _supervise,
    OfficerAction.RELEASE: _release,
    OfficerAction.RECOMPUTE: _recompute,
    OfficerAction.MERGE: merging.merge,
    OfficerAction.ABSORB: merging.absorb,
    OfficerAction.CAUSE: _cause,
}
