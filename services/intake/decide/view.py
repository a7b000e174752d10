"""What the public and the agencies may see of a case, kept from the tracker's facts.

The public sees what happened and when, never names, places, or words, but the reply where no
order is due: it is for whoever asked and made for many. An agency has rights
on a complaint through its work order. A citizen's answer belongs to a call-back, once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from services.events import (
    CallbackDue,
    CaseClosed,
    CaseEscalated,
    CaseFollowed,
    CaseMerged,
    CaseOpened,
    CaseReopened,
    CaseResumed,
    ClockPaused,
    ClockResumed,
    DeadlineExtended,
    DeadlineRecomputed,
    OrderBreached,
    OrderDeferred,
    OrderDispatched,
    OrderRecalled,
    OrderResolved,
    OrderReturned,
    OrderSigned,
)
from services.runtime.step import Ignored, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from services.events import Event, Fact

    _Promise = DeadlineExtended | DeadlineRecomputed | ClockPaused | ClockResumed | OrderDeferred


class Status(StrEnum):
    """Where a complaint stands, as the public is told."""

    RECEIVED = "received"  #: Taken in, not yet given to anybody.
    BEING_ASSESSED = "being-assessed"  #: A person decides who must handle it.
    DISPATCHED = "dispatched"  #: An agency has it.
    IN_PROGRESS = "in-progress"  #: The agency has signed.
    ANSWERED = "answered"  #: The agency says it is done; the citizen is asked.
    SETTLED = "settled"  #: The question was answered without an order; the citizen may ask on.
    REOPENED = "reopened"  #: The citizen wasn't content: it goes back.
    CLOSED = "closed"  #: Nothing more is due.
    DIVERTED = "diverted"  #: Another way than an order is due.
    WITHDRAWN = "withdrawn"  #: The citizen no longer asks.


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the public timeline."""

    at: datetime
    what: str  #: Code of what happened, put into words when shown.
    agency: str | None = None
    reply: str | None = None  #: What the citizen was told where no order was due.


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """An agency's order, as far as rights depend on it."""

    order_id: UUID
    agency: str
    is_returned: bool = False  #: Or recalled: its agency has nothing to do with it any more.


@dataclass(frozen=True, slots=True)
class Callback:
    """A question to the citizen."""

    callback_id: UUID
    lapses_at: datetime
    order_id: UUID | None = None  #: Unknown while only the citizen's link has told of it.
    agency: str | None = None
    number: str | None = None
    answer: str | None = None  #: What the agency says it did.
    reporter: str | None = None
    language: str | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None  #: The case closed without an answer.


@dataclass(frozen=True, slots=True)
class View:
    """What is kept about a complaint. `fresh` are the moments since it was loaded."""

    status: Status = Status.RECEIVED
    expected_at: datetime | None = None
    withdrawn_at: datetime | None = None
    closed_at: datetime | None = None
    orders: Mapping[UUID, WorkOrder] = field(default_factory=dict)
    callbacks: Mapping[UUID, Callback] = field(default_factory=dict)
    fresh: tuple[Moment, ...] = ()


_CLOSED_AS = {
    "withdrawn": Status.WITHDRAWN,
    "diverted": Status.DIVERTED,
    "answered": Status.SETTLED,
}

#: Statuses an order's facts no longer change: a late one comes after the end.
_ENDED = (Status.CLOSED, Status.DIVERTED, Status.WITHDRAWN)


def apply(event: Event, view: View | None) -> Step[View] | Ignored:
    """Say how a fact of the tracker changes the view."""
    if view is None:
        return Ignored("unknown-complaint")
    change = _CHANGES.get(type(event.data))
    return Step(change(view, event.data, event.time)) if change else Ignored("not-public")


def _noted(view: View, moment: Moment) -> View:
    return replace(view, fresh=(*view.fresh, moment))


def _moved(view: View, status: Status, moment: Moment) -> View:
    status = view.status if view.status in _ENDED else status
    return replace(_noted(view, moment), status=status)


def _opened(view: View, fact: CaseOpened, at: datetime) -> View:
    if fact.outcome == "held":
        return _moved(view, Status.BEING_ASSESSED, Moment(at, "being-assessed"))
    if fact.outcome == "diverted":
        return _moved(view, Status.DIVERTED, Moment(at, "diverted"))
    if fact.outcome == "answered":
        return view  # It is closed at once, and that tells the answer.
    return _noted(view, Moment(at, "opened"))


def _dispatched(view: View, fact: OrderDispatched, at: datetime) -> View:
    order = WorkOrder(fact.order_id, fact.agency)
    view = replace(view, orders={**view.orders, fact.order_id: order})
    if fact.role != "lead":
        return _noted(view, Moment(at, "assisting", fact.agency))
    view = replace(view, expected_at=fact.due_at)
    return _moved(view, Status.DISPATCHED, Moment(at, "dispatched", fact.agency))


def _returned(view: View, fact: OrderReturned, at: datetime) -> View:
    order = WorkOrder(fact.order_id, fact.agency, is_returned=True)
    view = replace(view, expected_at=None, orders={**view.orders, fact.order_id: order})
    return _moved(view, Status.BEING_ASSESSED, Moment(at, "returned", fact.agency))


def _recalled(view: View, fact: OrderRecalled, _at: datetime) -> View:
    """Another agency has it: this one may see nothing of the citizen any more."""
    order = WorkOrder(fact.order_id, fact.agency, is_returned=True)
    return replace(view, orders={**view.orders, fact.order_id: order})


def _asked(view: View, fact: CallbackDue, _at: datetime) -> View:
    known = view.callbacks.get(fact.callback_id)  # The citizen may have answered already.
    callback = Callback(
        callback_id=fact.callback_id,
        lapses_at=fact.lapses_at,
        order_id=fact.order_id,
        agency=fact.agency,
        number=fact.number,
        answer=fact.answer,
        reporter=fact.reporter,
        language=fact.language,
        answered_at=known.answered_at if known else None,
    )
    return replace(view, callbacks={**view.callbacks, fact.callback_id: callback})


def _closed(view: View, fact: CaseClosed, at: datetime) -> View:
    status = _CLOSED_AS.get(fact.reason, Status.CLOSED)
    callbacks = {
        key: callback if callback.answered_at else replace(callback, closed_at=at)
        for key, callback in view.callbacks.items()
    }
    view = replace(view, status=status, closed_at=at, expected_at=None, callbacks=callbacks)
    return _noted(view, Moment(at, f"closed-{fact.reason}", reply=fact.reply))


def _resumed(view: View, fact: CaseResumed, at: datetime) -> View:
    """The citizen has asked on; a dispatch or an end says more at once."""
    if view.status is Status.WITHDRAWN:
        return view
    view = replace(view, status=Status.BEING_ASSESSED, closed_at=None)
    return _noted(view, Moment(at, "being-assessed")) if fact.outcome == "held" else view


def _signed(view: View, fact: OrderSigned, at: datetime) -> View:
    return _moved(view, Status.IN_PROGRESS, Moment(at, "signed", fact.agency))


def _extended(view: View, fact: DeadlineExtended, at: datetime) -> View:
    return _promised(view, fact, fact.due_at, Moment(at, "extended", fact.agency))


def _paused(view: View, fact: ClockPaused, at: datetime) -> View:
    return _promised(view, fact, None, Moment(at, "paused", fact.agency))


def _deferred(view: View, fact: OrderDeferred, at: datetime) -> View:
    return _promised(view, fact, fact.planned_at, Moment(at, "deferred", fact.agency))


def _goes_on(view: View, fact: ClockResumed, at: datetime) -> View:
    return _promised(view, fact, fact.due_at, Moment(at, "continued", fact.agency))


def _recomputed(view: View, fact: DeadlineRecomputed, at: datetime) -> View:
    expected_at = None if fact.is_still else fact.due_at
    return _promised(view, fact, expected_at, Moment(at, "recomputed", fact.agency))


def _promised(view: View, fact: _Promise, expected_at: datetime | None, moment: Moment) -> View:
    """Move what is expected, where it is the lead's promise; a helper's is nobody's outside."""
    if fact.role != "lead" or view.status in _ENDED:
        return view
    return _noted(replace(view, expected_at=expected_at), moment)


def _late(view: View, fact: OrderBreached, at: datetime) -> View:
    return _noted(view, Moment(at, f"late-{fact.clock}", fact.agency))


def _escalated(view: View, fact: CaseEscalated, at: datetime) -> View:
    return _noted(view, Moment(at, "escalated", fact.raised_to))


def _merged(view: View, _fact: CaseMerged, at: datetime) -> View:
    """Say that it is handled together with another, never with which: that is somebody else's."""
    view = replace(view, expected_at=None)
    return _moved(view, Status.IN_PROGRESS, Moment(at, "merged"))


def _answered(view: View, fact: OrderResolved | CaseFollowed, at: datetime) -> View:
    return _moved(view, Status.ANSWERED, Moment(at, "answered", fact.agency))


def _reopened(view: View, _fact: CaseReopened, at: datetime) -> View:
    return _moved(view, Status.REOPENED, Moment(at, "reopened"))


#: What each public fact changes; a fact that isn't here is nobody's business outside.
_CHANGES: Mapping[type[Fact], Callable[[View, Any, datetime], View]] = {
    CaseOpened: _opened,
    OrderDispatched: _dispatched,
    OrderSigned: _signed,
    OrderReturned: _returned,
    OrderRecalled: _recalled,
    OrderBreached: _late,
    DeadlineExtended: _extended,
    DeadlineRecomputed: _recomputed,
    ClockPaused: _paused,
    ClockResumed: _goes_on,
    OrderDeferred: _deferred,
    CaseEscalated: _escalated,
    OrderResolved: _answered,
    CaseMerged: _merged,
    CaseFollowed: _answered,
    CallbackDue: _asked,
    CaseReopened: _reopened,
    CaseResumed: _resumed,
    CaseClosed: _closed,
}
