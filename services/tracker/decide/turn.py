"""What one event or deadline does to a case, gathered while it is being decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.events import (
    CaseClosed,
    OrderBreached,
    OrderDispatched,
    OrderRecalled,
    Satisfaction,
)
from services.runtime.step import Deadline, Step
from services.tracker.decide import ladder, promise, sla
from services.tracker.decide.case import (
    Callback,
    CallbackState,
    Case,
    CaseState,
    Clock,
    ClosedAs,
    Note,
    Order,
    OrderState,
    Role,
    Tenure,
)
from services.tracker.decide.lifecycle import ORDER_STILL
from services.tracker.decide.supervision import close_supervisions

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from services.events import Fact
    from services.policy import Policy
    from services.policy.standards import Standard

#: Kinds of deadline, as `Deadline.kind`.
SIGN, AT_RISK, DUE, CALLBACK = "sign", "at-risk", "due", "callback"
CONTACT, RESUME = "contact", "resume"
FOLLOW = "follow"

#: What tells nobody whether the matter is solved; a call-back's end has been told before.
_UNANSWERED = ("withdrawn", "diverted", "answered")

#: Kept elsewhere: on the case and the order. And the reporter's token leads to a person,
#: which is nothing for those who read histories.
_NOT_IN_HISTORY = {"matter", "timeline", "reporter"}


def derived_id(complaint_id: UUID, *parts: object) -> UUID:
    """Name an order or a call-back after what it is, so deciding again names it the same."""
    return uuid5(complaint_id, ":".join(str(part) for part in parts))


def note(fact: Fact, at: datetime, cause: UUID | None, **more: Any) -> Note:  # noqa: ANN401
    """Write a fact, or an event that led to none, as a line of history."""
    detail = fact.model_dump(mode="json", exclude=_NOT_IN_HISTORY, exclude_none=True)
    return Note(at, type(fact).__name__, {**detail, **more}, cause)


@dataclass(slots=True)
class Turn:
    """A case on its way from one state to the next; lives for one decision only."""

    case: Case
    policy: Policy
    now: datetime
    cause: UUID | None = None
    facts: list[Fact] = field(default_factory=list)
    starting: list[Deadline] = field(default_factory=list)
    stopping: list[tuple[UUID, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def zone(self) -> tzinfo:
        """The city's time zone."""
        return ZoneInfo(self.policy.city.time_zone)

    def say(self, fact: Fact) -> None:
        """Make a fact true, and a line of the case's history."""
        self.facts.append(fact)
        self.notes.append(note(fact, self.now, self.cause))

    def heard(self, fact: Fact) -> None:
        """Keep what somebody said as a line of history only."""
        self.notes.append(note(fact, self.now, self.cause))

    def step(self) -> Step[Case]:
        """Finish: the case as it is now, and all that follows."""
        case = replace(
            self.case,
            notes=(*self.case.notes, *self.notes),
            history_length=self.case.history_length + len(self.notes),
        )
        started = {(clock.subject, clock.kind) for clock in self.starting}
        return Step(
            case,
            facts=tuple(self.facts),
            set_deadlines=tuple(self.starting),
            # What was stopped to be started anew runs.
            clear_deadlines=tuple(name for name in self.stopping if name not in started),
            policy=self.policy.hash,
        )

    def put(self, changed: Order) -> None:
        """Replace one of the case's orders."""
        orders = tuple(changed if o.order_id == changed.order_id else o for o in self.case.orders)
        self.case = replace(self.case, orders=orders)

    def clock(self, standard: Standard) -> Clock:
        """Make a promise that starts now (from dispatch, not from signing)."""
        return promise.fresh(self.policy, standard, self.now)

    def promised(self, order: Order) -> Clock:
        """What an order promises from now on; where its clock stands still, it goes on now."""
        if order.state not in ORDER_STILL:
            return order.clock
        return promise.moved(self.policy, self.case, promise.closed(order, self.now), self.now)

    def returnable_until(self, order: Order) -> datetime | None:
        """When an order's agency can return it at the latest; None where no limit is set."""
        within = self.policy.routing.return_within
        if within is None or order.role != "lead" or order.tenure != "ordinary":
            return None
        return sla.due(within, self.policy.calendar, order.dispatched_at, self.zone).at

    def dispatch(self, agency: str, role: Role, clock: Clock, tenure: Tenure = "ordinary") -> None:
        """Give an agency a work order, and start its clocks."""
        case = self.case
        assert case.standard is not None and case.scored is not None  # noqa: S101, PT018
        order = Order(
            order_id=self._order_id(agency, role, tenure),
            agency=agency,
            role=role,
            round=case.round,
            attempt=case.attempt,
            standard=case.standard,
            scored=case.scored,
            state=OrderState.DISPATCHED,
            clock=clock,
            dispatched_at=self.now,
            tenure=tenure,
        )
        self.case = replace(case, orders=(*case.orders, order))
        self.start(order, SIGN, clock.sign_due_at)
        self.start(order, CONTACT, clock.contact_due_at)
        self.start(order, AT_RISK, clock.at_risk_at)
        self.start(order, DUE, clock.due_at)
        self.say(self._dispatched(order))

    def _order_id(self, agency: str, role: Role, tenure: Tenure) -> UUID:
        # Whoever handles it meanwhile, or after a reopening, may be designated in the same attempt.
        what = role if tenure == "ordinary" else tenure
        case = self.case
        parts = (what, agency, case.round, case.attempt)
        order_id = derived_id(case.complaint_id, *parts)
        # It may have had the order before the case was merged, and now has it again.
        again = sum((o.agency, o.round, o.attempt) == parts[1:] for o in case.orders)
        taken = case.order(order_id) is not None
        return derived_id(case.complaint_id, *parts, again) if taken else order_id

    def _dispatched(self, order: Order) -> OrderDispatched:
        return OrderDispatched(
            order_id=order.order_id,
            agency=order.agency,
            role=order.role,
            round=order.round,
            attempt=order.attempt,
            copies=self.case.copies if order.role == "lead" else (),
            scored=order.scored,
            standard=order.standard,
            sign_due_at=order.clock.sign_due_at,
            contact_due_at=order.clock.contact_due_at,
            at_risk_at=order.clock.at_risk_at,
            due_at=order.clock.due_at,
            is_due_provisional=order.clock.is_provisional,
            tenure=order.tenure,
            returnable_until=self.returnable_until(order),
            timeline=order.clock.timeline,
            matter=self.case.matter,
        )

    def start(self, order: Order, kind: str, due_at: datetime | None) -> None:
        """Start or move one of an order's clocks; None where it has no such clock."""
        if due_at is not None:
            key = self.case.complaint_id
            self.starting.append(Deadline(key, order.order_id, kind, due_at))

    def stop_sign(self, order: Order) -> None:
        """Stop the sign clock if it still runs, or what watches over its breach."""
        if order.state is OrderState.DISPATCHED and order.clock.sign_due_at is not None:
            kind = SIGN if order.sign_breached_at is None else ladder.UNSIGNED
            self.stopping.append((order.order_id, kind))

    def stop_contact(self, order: Order) -> None:
        """Stop the clock of the first contact if it still runs."""
        is_over = order.contacted_at is not None or order.contact_breached_at is not None
        if order.clock.contact_due_at is not None and not is_over:
            self.stopping.append((order.order_id, CONTACT))

    def stop_handling(self, order: Order) -> None:
        """Stop the clocks of handling that run: towards the due instant, or out of a pause."""
        if order.state in ORDER_STILL:
            self.stopping.append((order.order_id, RESUME))
            return
        if order.warned_at is None:
            self.stopping.append((order.order_id, AT_RISK))
        kind = DUE if order.breached_at is None else ladder.LADDER
        self.stopping.append((order.order_id, kind))

    def stop_all(self, order: Order) -> None:
        """Stop every clock of an order that still runs."""
        self.stop_sign(order)
        self.stop_contact(order)
        self.stop_handling(order)

    def recall(self, order: Order) -> None:
        """Take an open order back, and tell its agency."""
        self._take_back(order)
        self.say(OrderRecalled(order_id=order.order_id, agency=order.agency))

    def _take_back(self, order: Order) -> None:
        self.stop_all(order)
        ended = replace(promise.closed(order, self.now), clock=self.promised(order), requests=())
        self.put(replace(ended, state=OrderState.RECALLED, ended_at=self.now))
        close_supervisions(self, "recalled", order)

    def breach(self, order: Order, clock: Literal["sign", "contact", "handle"]) -> Order:
        """Record that a due instant passed; a broken handle clock raises the case."""
        due_at: datetime | None = order.clock.due_at
        if clock == "handle":
            order = replace(order, breached_at=self.now)
        elif clock == "sign":
            due_at, order = order.clock.sign_due_at, replace(order, sign_breached_at=self.now)
        else:
            due_at = order.clock.contact_due_at
            order = replace(order, contact_breached_at=self.now)
        assert due_at is not None  # noqa: S101 - a clock that doesn't exist can't break
        self.put(order)
        self.say(
            OrderBreached(
                order_id=order.order_id,
                agency=order.agency,
                clock=clock,
                due_at=due_at,
                answerable=self.case.lead if order.role == "assist" else None,
            )
        )
        if clock == "handle":
            ladder.raise_level(self, order, "breached")
        return order

    def put_callback(self, changed: Callback) -> None:
        """Replace the case's latest call-back; one that wasn't asked yet and ends won't be."""
        held = self.case.callback
        if held is not None and held.state is CallbackState.WAITING and not changed.is_open:
            self.stopping.append((held.callback_id, CALLBACK))
        self.case = replace(self.case, callbacks=(*self.case.callbacks[:-1], changed))

    def drop_callback(self) -> None:
        """Give up the question to the citizen that is still open, if there is one."""
        callback = self.case.callback
        if callback is not None and callback.is_open:
            dropped = replace(callback, state=CallbackState.DROPPED, ended_at=self.now)
            self.put_callback(dropped)

    def tell(self, followers: tuple[UUID, ...]) -> None:
        """Have merged complaints look at how this one stands; each decides for itself."""
        self.starting += [Deadline(key, key, FOLLOW, self.now) for key in followers]

    def close(
        self,
        reason: ClosedAs,
        *,
        is_solved: bool | None = None,
        satisfaction: Satisfaction | None = None,
        reply: str | None = None,
    ) -> None:
        """Close the case; what is still open is recalled, so no clock ticks on."""
        close_supervisions(self, "closed")
        if self.case.state is CaseState.HELD:
            ladder.assigned(self, "closed")
        if self.case.state is CaseState.MERGED:
            self.stopping.append((self.case.complaint_id, FOLLOW))
        for order in self.case.orders:
            if order.is_open:
                self._take_back(order)  # `CaseClosed` tells its agency.
                self.heard(OrderRecalled(order_id=order.order_id, agency=order.agency))
        if reason in _UNANSWERED:
            self.tell(self.case.followers)
        state = CaseState.ANSWERED if reason == "answered" else CaseState.CLOSED
        self.case = replace(self.case, state=state, closed_as=reason, closed_at=self.now)
        self.say(
            CaseClosed(reason=reason, is_solved=is_solved, satisfaction=satisfaction, reply=reply)
        )
