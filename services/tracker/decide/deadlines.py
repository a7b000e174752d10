"""What follows when an instant has passed.

A deadline and a report may come at the same instant. Both take the case's row lock, so one
of them is first, and the other finds an order it can't change any more: one winner.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import OrderAtRisk
from services.runtime.step import Deadline, Ignored, Step
from services.tracker.decide import ladder, merging, relief
from services.tracker.decide.actions import ask
from services.tracker.decide.case import CallbackState, Case, Order
from services.tracker.decide.lifecycle import CaseTrigger, OrderTrigger, next_case, next_order
from services.tracker.decide.turn import AT_RISK, CALLBACK, CONTACT, DUE, FOLLOW, RESUME, SIGN, Turn

if TYPE_CHECKING:
    from datetime import datetime

    from services.policy import Policy

_ORDER_TRIGGERS = {
    SIGN: OrderTrigger.SIGN_DUE,
    AT_RISK: OrderTrigger.AT_RISK,
    DUE: OrderTrigger.DUE,
    CONTACT: OrderTrigger.CONTACT_DUE,
    RESUME: OrderTrigger.CONTINUED,
    ladder.UNSIGNED: OrderTrigger.UNSIGNED,
    ladder.LADDER: OrderTrigger.OVERDUE,
}


def passed(deadline: Deadline, case: Case, policy: Policy, now: datetime) -> Step[Case] | Ignored:
    """Judge a deadline whose instant has passed."""
    turn = Turn(case, policy, now)
    if deadline.kind == CALLBACK:
        return _callback(turn, deadline) or turn.step()
    if deadline.kind == FOLLOW:
        return merging.follow(turn) or turn.step()
    if deadline.kind == ladder.UNASSIGNED:
        return _unassigned(turn) or turn.step()
    order = case.order(deadline.subject)
    trigger = _ORDER_TRIGGERS.get(deadline.kind)
    if order is None or trigger is None:
        return Ignored("deadline-unknown")
    state = next_order(order.state, trigger)
    if isinstance(state, Ignored):
        return state
    return _order(turn, order, trigger, deadline) or turn.step()


def _callback(turn: Turn, deadline: Deadline) -> Ignored | None:
    callback = turn.case.callback
    if callback is None or callback.callback_id != deadline.subject:
        return Ignored("callback-not-current")
    state = next_case(turn.case.state, CaseTrigger.ASKED)
    if isinstance(state, Ignored):
        return state
    if callback.state is not CallbackState.WAITING:
        return Ignored(f"callback-{callback.state}")
    ask(turn, callback)
    return None


def _unassigned(turn: Turn) -> Ignored | None:
    state = next_case(turn.case.state, CaseTrigger.UNASSIGNED)
    return state if isinstance(state, Ignored) else ladder.unassigned(turn)


def _order(turn: Turn, order: Order, trigger: OrderTrigger, deadline: Deadline) -> Ignored | None:
    match trigger:
        case OrderTrigger.CONTINUED:
            return relief.go_on(turn, order, deadline.due_at)
        case OrderTrigger.UNSIGNED:
            return ladder.unsigned(turn, order)
        case OrderTrigger.OVERDUE:
            return ladder.overdue(turn, order, deadline)
    return _due(turn, order, trigger)


def _due(turn: Turn, order: Order, trigger: OrderTrigger) -> Ignored | None:
    match trigger:
        case OrderTrigger.SIGN_DUE if order.sign_breached_at is None:
            turn.breach(order, "sign")
            ladder.watch_unsigned(turn, order)
        case OrderTrigger.AT_RISK if order.warned_at is None and order.breached_at is None:
            turn.put(replace(order, warned_at=turn.now))
            turn.say(
                OrderAtRisk(order_id=order.order_id, agency=order.agency, due_at=order.clock.due_at)
            )
        case OrderTrigger.DUE if order.breached_at is None:
            state = next_case(turn.case.state, CaseTrigger.BREACHED)
            if isinstance(state, Ignored):
                return state
            ladder.late(turn, turn.breach(order, "handle"))
        case OrderTrigger.CONTACT_DUE if order.contact_breached_at is None:
            turn.breach(order, "contact")
        case _:
            return Ignored(f"deadline-{trigger}-told-already")
    return None
