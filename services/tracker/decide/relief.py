"""Relief: more time (延期), a clock that stands still, a matter put off by plan (挂账).

Rules of this file:

- Asked for by the order's own agency once it has signed, one open request of a kind; its id is
  that of the event that asked. What the policy's limits forbid is refused at once, with words.
- A request stops no clock. Granted late it counts from when it was asked for: the agency isn't
  punished for how long we take. If the order was late meanwhile and is in time again, what was
  told stays told, but the breach is forgiven: the clock runs, warns and breaks anew, and the
  answer is judged by the new instant.
- More time and a pause must be asked for before the order is due. A deferral may be asked for
  later, but then forgives nothing.
- While a clock stands still, `due_at` is when the order will be due if that lasts as long as
  was granted; the deadline `resume` ends it then at the latest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import (
    ClockPaused,
    ClockResumed,
    DeadlineExtended,
    OrderDeferred,
    ReliefRefused,
    ReliefRequested,
)
from services.policy.relief import PAUSE_DEFAULT
from services.runtime.step import Ignored
from services.tracker.decide import ladder, promise, relief_limits, relief_words
from services.tracker.decide.case import Extension, Order, OrderState, Pause, Request
from services.tracker.decide.lifecycle import OrderTrigger, next_order
from services.tracker.decide.supervision import open_supervision
from services.tracker.decide.turn import AT_RISK, DUE, RESUME, Turn

if TYPE_CHECKING:
    from datetime import datetime

    from services.events import OrderActionReported, Relief
    from services.tracker.decide.case import Clock


def ask(turn: Turn, order: Order, fact: OrderActionReported, relief: Relief) -> Ignored | None:
    """Take an agency's request: refuse it, grant it at once, or keep it for an officer."""
    state = next_order(order.state, OrderTrigger.REQUESTED)
    if isinstance(state, Ignored):
        return state
    assert turn.cause is not None  # noqa: S101 - only an event asks
    request = Request(
        request_id=turn.cause,
        relief=relief,
        requested_at=min(fact.reported_at, turn.now),
        reason=fact.reason,
        until=fact.until,
        note=fact.note,
    )
    if refusal := relief_limits.refusal(turn, order, request):
        refuse(turn, order, request, *refusal)
        return None
    turn.say(
        ReliefRequested(
            request_id=request.request_id,
            order_id=order.order_id,
            agency=order.agency,
            relief=relief,
            reason=request.reason,
            until=request.until,
            note=request.note,
        )
    )
    order = replace(order, requests=(*order.requests, request))
    turn.put(order)
    if relief_limits.granted_by(turn.policy, request) == "policy":
        grant(turn, order, request, "policy")  # What came too late for that waits for an officer.
    return None


def refuse(turn: Turn, order: Order, request: Request, refused_as: str, why: str) -> None:
    """Tell the agency that its request isn't granted; nothing else changes."""
    turn.put(_decided(order, request))
    turn.say(
        ReliefRefused(
            request_id=request.request_id,
            order_id=order.order_id,
            agency=order.agency,
            relief=request.relief,
            refused_as=refused_as,
            why=why,
        )
    )


def grant(
    turn: Turn, order: Order, request: Request, by: str, until: datetime | None = None
) -> Ignored | None:
    """Grant a request.

    Args:
        turn: The decision under way.
        order: Whose request it is.
        request: One of the order's.
        by: Label of the officer's key, or `policy`.
        until: Instead of what was asked for.

    Returns:
        None, or why nothing changes.
    """
    until = until or request.until
    if request.relief == "extension":
        return _extend(turn, order, request, by, until)
    return _stand_still(turn, order, request, by, until)


def _extend(
    turn: Turn, order: Order, request: Request, by: str, until: datetime | None
) -> Ignored | None:
    state = next_order(order.state, OrderTrigger.EXTENDED)
    if isinstance(state, Ignored):
        return state
    assert until is not None  # noqa: S101 - refused without
    limit = relief_limits.longest(turn, order, request)
    if until <= turn.now or until <= order.clock.due_at:
        return Ignored("until-not-later")
    if until > limit:
        return Ignored("until-too-long")
    reason = request.note or ""
    extension = Extension(request.request_id, turn.now, until, reason, by)
    after = replace(_decided(order, request), extensions=(*order.extensions, extension))
    after = replace(after, clock=_clock(turn, after))
    if after.state is OrderState.SIGNED:
        after = run_on(turn, after)
    else:
        after = _forgiven(turn, after)
        turn.put(after)
    turn.say(
        DeadlineExtended(
            request_id=request.request_id,
            order_id=order.order_id,
            agency=order.agency,
            role=order.role,
            due_at=after.clock.due_at,
            at_risk_at=after.clock.at_risk_at,
            is_due_provisional=after.clock.is_provisional,
            approved_by=by,
            reason=reason,
            timeline=after.clock.timeline,
        )
    )
    return None


def _stand_still(
    turn: Turn, order: Order, request: Request, by: str, until: datetime | None
) -> Ignored | None:
    is_pause = request.relief == "pause"
    state = next_order(order.state, OrderTrigger.PAUSED if is_pause else OrderTrigger.DEFERRED)
    if isinstance(state, Ignored):
        return state
    since = max([request.requested_at, *(p.until for p in order.ledger if p.until is not None)])
    limit = relief_limits.longest(turn, order, request)
    if until is None and relief_limits.at_most(turn.policy, request) is None:
        until = relief_limits.later(turn, PAUSE_DEFAULT, since)
    until = until or limit
    if until <= since:
        return Ignored("until-not-later")
    if until > limit:
        return Ignored("until-too-long")
    reason = (request.reason or "") if is_pause else relief_words.DEFERRAL
    pause = Pause(since, None, reason, by, ends_by=until)
    turn.stop_handling(order)
    still = replace(_decided(order, request), state=state, ledger=(*order.ledger, pause))
    still = replace(still, clock=_clock(turn, still))
    still = _forgiven(turn, still)
    turn.put(still)
    turn.start(still, RESUME, until)
    _tell(turn, still, request, pause)
    return None


def _tell(turn: Turn, order: Order, request: Request, pause: Pause) -> None:
    if request.relief == "pause":
        turn.say(
            ClockPaused(
                request_id=request.request_id,
                order_id=order.order_id,
                agency=order.agency,
                role=order.role,
                since=pause.since,
                until=pause.ends_by,
                reason=pause.reason,
                approved_by=pause.approved_by,
            )
        )
        return
    assert pause.ends_by is not None  # noqa: S101 - set when it was granted
    turn.say(
        OrderDeferred(
            request_id=request.request_id,
            order_id=order.order_id,
            agency=order.agency,
            role=order.role,
            plan=request.note or "",
            planned_at=pause.ends_by,
            approved_by=pause.approved_by,
        )
    )
    raised_to = turn.policy.superior_of(order.agency) or turn.policy.city.hotline
    open_supervision(turn, "deferred", 0, raised_to, order)


def go_on(turn: Turn, order: Order, at: datetime) -> Ignored | None:
    """Have a clock go on that stands still, with what was left of its time.

    Args:
        turn: The decision under way.
        order: Paused or deferred.
        at: When it went on; an instant after the pause's own end is that end.
    """
    state = next_order(order.state, OrderTrigger.CONTINUED)
    if isinstance(state, Ignored):
        return state
    turn.stop_handling(order)
    after = end_pause(turn, order, at, state)
    run_on(turn, after)
    return None


def end_pause(turn: Turn, order: Order, at: datetime, state: OrderState) -> Order:
    """Close the ledger of an order whose clock stands still; no clock is started here."""
    after = replace(promise.closed(order, at), state=state)
    after = replace(after, clock=_clock(turn, after))
    turn.put(after)
    turn.say(
        ClockResumed(
            order_id=after.order_id,
            agency=after.agency,
            role=after.role,
            due_at=after.clock.due_at,
            at_risk_at=after.clock.at_risk_at,
            is_due_provisional=after.clock.is_provisional,
            timeline=after.clock.timeline,
        )
    )
    return after


def run_on(turn: Turn, order: Order) -> Order:
    """Set the clocks of an order that is to run from now on; an old breach keeps its ladder."""
    was_late, order = order.breached_at is not None, _forgiven(turn, order)
    if order.breached_at is None:
        order = replace(order, warned_at=None)
        if was_late:
            turn.stopping.append((order.order_id, ladder.LADDER))
        turn.start(order, AT_RISK, order.clock.at_risk_at)
        turn.start(order, DUE, order.clock.due_at)
    else:
        ladder.watch_overdue(turn, order)
    turn.put(order)
    return order


def _forgiven(turn: Turn, order: Order) -> Order:
    """Let a breach go whose order is in time again: what was told stays in the history."""
    if order.breached_at is None or order.clock.due_at <= turn.now:
        return order
    return replace(order, breached_at=None)


def _clock(turn: Turn, order: Order) -> Clock:
    return promise.moved(turn.policy, turn.case, order, turn.now)


def _decided(order: Order, request: Request) -> Order:
    """Take a request off the order's list."""
    open_ones = tuple(r for r in order.requests if r.request_id != request.request_id)
    return replace(order, requests=open_ones)
