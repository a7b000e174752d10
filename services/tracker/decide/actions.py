"""What follows from an agency's report about its work order.

An agency's own words are judged here and nowhere else: intake takes every report that is
well-formed, because only the tracker knows where the order stands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import (
    AgencyAction,
    CallbackDue,
    OrderActionReported,
    OrderResolved,
    OrderReturned,
    OrderReturnRefused,
    OrderSigned,
)
from services.runtime.step import Deadline, Ignored, Step
from services.tracker.decide import sla
from services.tracker.decide.case import Callback, CallbackState, Case, Order
from services.tracker.decide.lifecycle import (
    CaseTrigger,
    OrderTrigger,
    next_case,
    next_order,
    return_refusal,
)
from services.tracker.decide.turn import CALLBACK, Turn, derived_id

if TYPE_CHECKING:
    from datetime import datetime

    from services.events import Event
    from services.policy import Policy


def reported(
    event: Event, fact: OrderActionReported, case: Case, policy: Policy, now: datetime
) -> Step[Case] | Ignored:
    """Judge an agency's report; only the order's own agency is heard."""
    order = case.order(fact.order_id)
    if order is None:
        return Ignored("order-unknown")
    if order.agency != fact.agency:
        return Ignored("order-of-another-agency")
    turn = Turn(case, policy, now, event.id)
    return _JUDGES[fact.action](turn, order, fact) or turn.step()


def _sign(turn: Turn, order: Order, fact: OrderActionReported) -> Ignored | None:
    state = next_order(order.state, OrderTrigger.SIGNED)
    if isinstance(state, Ignored):
        return state
    turn.stop_sign(order)
    due_at = order.clock.sign_due_at
    if due_at is not None and order.sign_breached_at is None and _is_after(turn, due_at, fact):
        order = turn.breach(order, "sign")
    turn.put(replace(order, state=state, signed_at=turn.now))
    turn.say(OrderSigned(order_id=order.order_id, agency=order.agency))
    return None


def _progress(turn: Turn, order: Order, fact: OrderActionReported) -> Ignored | None:
    state = next_order(order.state, OrderTrigger.PROGRESSED)
    if isinstance(state, Ignored):
        return state
    turn.heard(fact)
    return None


def _return(turn: Turn, order: Order, fact: OrderActionReported) -> Ignored | None:
    """Hand the case back to the router, which decides anew without this agency."""
    order_state = next_order(order.state, OrderTrigger.RETURNED)
    if isinstance(order_state, Ignored):
        return order_state
    reported_at = min(fact.reported_at, turn.now)
    if refusal := return_refusal(order, reported_at, turn.returnable_until(order)):
        turn.say(
            OrderReturnRefused(
                order_id=order.order_id,
                agency=order.agency,
                refused_as=refusal.refused_as,
                why=refusal.why,
            )
        )
        return None
    case_state = next_case(turn.case.state, CaseTrigger.RETURNED)
    if isinstance(case_state, Ignored):
        return case_state
    reason = fact.note or ""
    turn.stop_all(order)
    turn.put(replace(order, state=order_state, ended_at=turn.now, answer=reason))
    turn.case = replace(turn.case, state=case_state, attempt=order.attempt + 1, lead=None)
    turn.say(
        OrderReturned(
            order_id=order.order_id,
            agency=order.agency,
            attempt=order.attempt,
            reason=reason,
            suggests=fact.suggests,
        )
    )
    return None


def _resolve(turn: Turn, order: Order, fact: OrderActionReported) -> Ignored | None:
    """Take the agency's word that it is done; for the lead, the citizen is asked next."""
    order_state = next_order(order.state, OrderTrigger.RESOLVED)
    if isinstance(order_state, Ignored):
        return order_state
    is_lead = order.role == "lead"
    case_state = next_case(turn.case.state, CaseTrigger.RESOLVED) if is_lead else turn.case.state
    if isinstance(case_state, Ignored):
        return case_state
    turn.stop_all(order)
    if order.breached_at is None and _is_after(turn, order.clock.due_at, fact):
        order = turn.breach(order, "handle")
    is_late = order.breached_at is not None
    answer = fact.note or ""
    turn.put(
        replace(order, state=order_state, ended_at=turn.now, answer=answer, is_on_time=not is_late)
    )
    turn.case = replace(turn.case, state=case_state)
    turn.say(
        OrderResolved(
            order_id=order.order_id, agency=order.agency, answer=answer, is_on_time=not is_late
        )
    )
    if is_lead:
        _plan_callback(turn, order, answer)
    return None


def _is_after(turn: Turn, due_at: datetime, fact: OrderActionReported) -> bool:
    """Tell whether a report came after its due instant.

    What counts is when the agency reported, not when we got round to it; but a breach that
    has been told already stands. A report that was late and overtook the deadline's firing
    gets its breach now, so that every late answer has one.
    """
    return min(fact.reported_at, turn.now) > due_at


def _plan_callback(turn: Turn, order: Order, answer: str) -> None:
    rules, calendar = turn.policy.callback, turn.policy.calendar
    assert turn.case.scored is not None  # noqa: S101 - set with the first order
    callback = Callback(
        callback_id=derived_id(turn.case.complaint_id, "callback", turn.case.round),
        order_id=order.order_id,
        round=turn.case.round,
        agency=order.agency,
        scored=turn.case.scored,
        answer=answer,
        state=CallbackState.WAITING,
        resolved_at=turn.now,
        lapses_at=sla.due(rules.lapse_within, calendar, turn.now, turn.zone).at,
    )
    turn.case = replace(turn.case, callbacks=(*turn.case.callbacks, callback))
    asks_at = sla.due(rules.delay, calendar, turn.now, turn.zone).at
    if asks_at <= turn.now:
        ask(turn, callback)
    else:
        key = turn.case.complaint_id
        turn.starting.append(Deadline(key, callback.callback_id, CALLBACK, asks_at))


def ask(turn: Turn, callback: Callback) -> None:
    """Have the citizen asked from now on."""
    asked = replace(callback, state=CallbackState.ASKED, asked_at=turn.now)
    turn.put_callback(asked)
    turn.say(
        CallbackDue(
            callback_id=asked.callback_id,
            round=asked.round,
            order_id=asked.order_id,
            agency=asked.agency,
            number=turn.case.matter.number,
            answer=asked.answer,
            reporter=turn.case.matter.reporter,
            language=turn.case.matter.language,
            lapses_at=asked.lapses_at,
        )
    )


_JUDGES = {
    AgencyAction.SIGN: _sign,
    AgencyAction.PROGRESS: _progress,
    AgencyAction.RETURN: _return,
    AgencyAction.RESOLVE: _resolve,
}
