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
    OrderContacted,
    OrderResolved,
    OrderReturned,
    OrderReturnRefused,
    OrderSigned,
)
from services.runtime.step import Deadline, Ignored, Step
from services.tracker.decide import causes, ladder, relief, sla
from services.tracker.decide.case import (
    Callback,
    CallbackState,
    Case,
    Order,
    OrderState,
    Solution,
)
from services.tracker.decide.lifecycle import (
    ORDER_STILL,
    CaseTrigger,
    OrderTrigger,
    next_case,
    next_order,
    return_refusal,
)
from services.tracker.decide.supervision import close_supervisions
from services.tracker.decide.turn import CALLBACK, Turn, derived_id, note

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
    ignored = _JUDGES[fact.action](turn, order, fact)
    if ignored is None and fact.note and fact.action in _NOTED:
        turn.heard(fact)
    return ignored or turn.step()


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
    close_supervisions(turn, "signed", order, opened_for="unsigned")
    return None


def _contact(turn: Turn, order: Order, fact: OrderActionReported) -> Ignored | None:
    """Note the first contact with the citizen; being late with it raises nothing."""
    state = next_order(order.state, OrderTrigger.CONTACTED)
    if isinstance(state, Ignored):
        return state
    if order.contacted_at is not None:
        return Ignored("contacted-before")
    turn.stop_contact(order)
    due_at = order.clock.contact_due_at
    is_late = due_at is not None and _is_after(turn, due_at, fact)
    if is_late and order.contact_breached_at is None:
        order = turn.breach(order, "contact")
    is_late = order.contact_breached_at is not None
    turn.put(replace(order, contacted_at=turn.now))
    turn.say(
        OrderContacted(
            order_id=order.order_id,
            agency=order.agency,
            is_on_time=None if due_at is None else not is_late,
        )
    )
    return None


def _extend(turn: Turn, order: Order, fact: OrderActionReported) -> Ignored | None:
    return relief.ask(turn, order, fact, "extension")


def _pause(turn: Turn, order: Order, fact: OrderActionReported) -> Ignored | None:
    return relief.ask(turn, order, fact, "pause")


def _defer(turn: Turn, order: Order, fact: OrderActionReported) -> Ignored | None:
    return relief.ask(turn, order, fact, "deferral")


def _continue(turn: Turn, order: Order, fact: OrderActionReported) -> Ignored | None:
    return relief.go_on(turn, order, min(fact.reported_at, turn.now))


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
    turn.put(replace(order, state=order_state, ended_at=turn.now, answer=reason, requests=()))
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
    close_supervisions(turn, "returned", order)
    ladder.watch_unassigned(turn)
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
    order = replace(order, requests=())
    if order.state in ORDER_STILL:
        at = min(fact.reported_at, turn.now)
        order = relief.end_pause(turn, order, at, OrderState.SIGNED)
    if order.breached_at is None and _is_after(turn, order.clock.due_at, fact):
        order = turn.breach(order, "handle")
    is_late = order.breached_at is not None
    answer = fact.note or ""
    cause = _cause(turn, fact)
    done = replace(order, state=order_state, ended_at=turn.now, answer=answer, cause=cause)
    turn.put(replace(done, is_on_time=not is_late))
    turn.case = replace(turn.case, state=case_state)
    turn.say(
        OrderResolved(
            order_id=order.order_id,
            agency=order.agency,
            answer=answer,
            is_on_time=not is_late,
            cause=cause,
        )
    )
    close_supervisions(turn, "resolved", order)
    if is_lead:
        _solved(turn, order, answer, cause)
    return None


def _cause(turn: Turn, fact: OrderActionReported) -> str | None:
    """Take the root cause that the agency gives; one that nobody knows counts for nothing."""
    if fact.cause is None or causes.is_known(turn.policy, fact.cause):
        return fact.cause
    turn.notes.append(note(fact, turn.now, turn.cause, ignored="cause-unknown"))
    return None


def _is_after(turn: Turn, due_at: datetime, fact: OrderActionReported) -> bool:
    """Tell whether a report came after its due instant.

    What counts is when the agency reported, not when we got round to it; but a breach that
    has been told already stands. A report that was late and overtook the deadline's firing
    gets its breach now, so that every late answer has one.
    """
    return min(fact.reported_at, turn.now) > due_at


def _solved(turn: Turn, order: Order, answer: str, cause: str | None) -> None:
    """Ask the citizen, and have who follows ask their own."""
    assert turn.case.scored is not None  # noqa: S101 - set with the first order
    solution = Solution(order.order_id, order.agency, turn.case.scored, answer, cause)
    plan_callback(turn, solution, order.clock.due_at)
    turn.tell(turn.case.followers)


def plan_callback(turn: Turn, solution: Solution, due_at: datetime) -> None:
    """Have the citizen asked about an agency's answer.

    Args:
        turn: The decision under way.
        solution: What the agency says it did.
        due_at: When that was due; some policies don't ask before.
    """
    rules, calendar = turn.policy.callback, turn.policy.calendar
    since = turn.now if rules.ask_after == "reply" else max(turn.now, due_at)
    callback = Callback(
        callback_id=derived_id(turn.case.complaint_id, "callback", turn.case.round),
        order_id=solution.order_id,
        round=turn.case.round,
        agency=solution.agency,
        scored=solution.scored,
        answer=solution.answer,
        state=CallbackState.WAITING,
        resolved_at=turn.now,
        lapses_at=sla.due(rules.lapse_within, calendar, since, turn.zone).at,
        cause=solution.cause,
    )
    turn.case = replace(turn.case, callbacks=(*turn.case.callbacks, callback))
    asks_at = sla.due(rules.delay, calendar, since, turn.zone).at
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


#: What is told of these has no room for the agency's words, so they are kept in the history.
_NOTED = (AgencyAction.SIGN, AgencyAction.CONTACT, AgencyAction.CONTINUE)

_JUDGES = {
    AgencyAction.SIGN: _sign,
    AgencyAction.CONTACT: _contact,
    AgencyAction.PROGRESS: _progress,
    AgencyAction.EXTEND: _extend,
    AgencyAction.PAUSE: _pause,
    AgencyAction.CONTINUE: _continue,
    AgencyAction.DEFER: _defer,
    AgencyAction.RETURN: _return,
    AgencyAction.RESOLVE: _resolve,
}
