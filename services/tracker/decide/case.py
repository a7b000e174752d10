"""The state the tracker keeps of one complaint: a case, its work orders, its call-back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import Matter, Relief, Satisfaction, TimelineStep

Outcome = Literal["routed", "held", "diverted", "answered"]
Role = Literal["lead", "assist"]
#: How an agency came to hold an order, see `services.events.Tenure`.
Tenure = Literal["ordinary", "designated", "meanwhile"]
ClosedAs = Literal["confirmed", "unconfirmed", "unsatisfied", "withdrawn", "diverted", "answered"]


class CaseState(StrEnum):
    """Where a case stands; the table in `lifecycle` says what may follow."""

    HELD = "held"  #: No agency has it: the router or an operator must name one.
    HANDLING = "handling"  #: The lead has an open order.
    RESOLVED = "resolved"  #: The lead says it is done; the citizen is to be asked.
    MERGED = "merged"  #: 并单: handled together with a like complaint, whose end it waits for.
    ANSWERED = "answered"  #: Closed by an answer; nothing is due unless the citizen asks on.
    CLOSED = "closed"  #: Nothing more is due.


class OrderState(StrEnum):
    """Where a work order stands."""

    DISPATCHED = "dispatched"  #: The agency has it and its clock runs.
    SIGNED = "signed"  #: The agency accepted it (签收).
    PAUSED = "paused"  #: Its clock stands still, for a reason that somebody approved.
    DEFERRED = "deferred"  #: 挂账: can't be solved yet; it goes on at the plan's date.
    RESOLVED = "resolved"  #: The agency says it is done.
    RETURNED = "returned"  #: The agency says it isn't theirs (退单).
    RECALLED = "recalled"  #: Taken back: the case closed, or another agency has it.


class CallbackState(StrEnum):
    """What became of asking the citizen (回访)."""

    WAITING = "waiting"  #: Resolved, but the policy's delay still runs.
    ASKED = "asked"  #: The notifier has been told to ask.
    ANSWERED = "answered"  #: A valid call-back: it counts in the rates.
    LAPSED = "lapsed"  #: Nobody could be asked, or nobody answered.
    DROPPED = "dropped"  #: The citizen withdrew before answering.


@dataclass(frozen=True, slots=True)
class Clock:
    """A promise as instants, and the timeline that explains the due one."""

    sign_due_at: datetime | None
    at_risk_at: datetime
    due_at: datetime
    is_provisional: bool
    timeline: tuple[TimelineStep, ...]
    contact_due_at: datetime | None = None  #: First contact with the citizen.


@dataclass(frozen=True, slots=True)
class Pause:
    """An interval in which a clock stands still; together they are the order's ledger."""

    since: datetime
    until: datetime | None  #: None while it lasts.
    reason: str
    approved_by: str  #: Label of an officer's key, or `policy`.
    ends_by: datetime | None = None  #: The clock goes on at the latest then.


@dataclass(frozen=True, slots=True)
class Extension:
    """More time that was granted."""

    request_id: UUID
    granted_at: datetime
    due_at: datetime  #: Until when; counts once no pause lies before it.
    reason: str
    approved_by: str


@dataclass(frozen=True, slots=True)
class Request:
    """What an agency asked for, until it is granted or refused."""

    request_id: UUID
    relief: Relief
    requested_at: datetime
    reason: str | None
    until: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Supervision:
    """Somebody above sees to a case (督办)."""

    supervision_id: UUID
    because: str  #: As in `SupervisionOpened`.
    level: int
    raised_to: str
    opened_at: datetime
    order_id: UUID | None = None
    agency: str | None = None
    closed_at: datetime | None = None
    closed_because: str | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it has still to be seen to."""
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a verdict counts in no rate (剔除)."""

    reason: str
    approved_by: str
    excluded_at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A work order: what one agency has to do about the case in one round."""

    order_id: UUID
    agency: str
    role: Role
    round: int  #: 1 at first, then one more for each reopening.
    attempt: int  #: The router's attempt that chose the agency.
    standard: str
    scored: str  #: Whose rates it counts in.
    state: OrderState
    clock: Clock
    dispatched_at: datetime
    tenure: Tenure = "ordinary"
    signed_at: datetime | None = None
    ended_at: datetime | None = None  #: When it was resolved, returned or recalled.
    answer: str | None = None  #: For the citizen when resolved, the reason when returned.
    is_on_time: bool | None = None  #: Judged when it is resolved.
    sign_breached_at: datetime | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    contacted_at: datetime | None = None
    contact_breached_at: datetime | None = None
    ledger: tuple[Pause, ...] = ()  #: In order of time; only the last one may be open.
    extensions: tuple[Extension, ...] = ()
    requests: tuple[Request, ...] = ()  #: Nobody has decided these yet.
    cause: str | None = None  #: 根因: why it arose, as last recorded; a key of the policy's.

    @property
    def is_open(self) -> bool:
        """Tell whether the agency still has to do something."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class Callback:
    """One round's question to the citizen, and the verdict."""

    callback_id: UUID
    order_id: UUID
    round: int
    agency: str  #: Who handled it.
    scored: str
    answer: str  #: What the agency says it did.
    state: CallbackState
    resolved_at: datetime
    lapses_at: datetime
    asked_at: datetime | None = None
    ended_at: datetime | None = None
    answered_by: str | None = None
    is_contacted: bool | None = None
    is_solved: bool | None = None
    satisfaction: Satisfaction | None = None
    lapse_reason: str | None = None
    exclusion: Exclusion | None = None
    cause: str | None = None  #: The order's, from which the figures are counted.

    @property
    def is_open(self) -> bool:
        """Tell whether the verdict is still out."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class Solution:
    """What an agency says it did, and who it was; the citizen is asked about it."""

    order_id: UUID  #: The order that was resolved; of another case where this one followed it.
    agency: str
    scored: str  #: Whose rates the verdict counts in.
    answer: str
    cause: str | None


@dataclass(frozen=True, slots=True)
class Followed:
    """Where the case stands that a merged one follows, as read with the merged one."""

    state: CaseState | None  #: None: the tracker hasn't heard of it yet.
    is_circle: bool = False  #: What it follows follows it in turn, perhaps over others.
    solution: Solution | None = None  #: Of its present round; None: it isn't resolved.
    lead: str | None = None  #: Who has it, or had it when it ended; None: nobody.
    scored: str | None = None
    standard: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """One line of a case's history."""

    at: datetime
    kind: str  #: Class of the fact or event, such as `OrderSigned`; or `Ignored`.
    detail: dict[str, Any]  #: Its fields, without the matter and the timeline.
    cause: UUID | None  #: The event that led to it; None where time did.


@dataclass(frozen=True, slots=True)
class Case:
    """The tracker's living record of one complaint."""

    complaint_id: UUID
    state: CaseState
    outcome: Outcome  #: The router's latest word.
    matter: Matter
    policy: str  #: Hash of the bundle its promises are made under.
    opened_at: datetime
    attempt: int = 1  #: Routings before this attempt come too late.
    round: int = 1
    level: int = 0  #: How far up the ladder breaches have raised it.
    urges: int = 0  #: 催办
    lead: str | None = None
    scored: str | None = None
    standard: str | None = None
    copies: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()  #: Agencies that returned it.
    held_because: str | None = None
    closed_as: ClosedAs | None = None
    closed_at: datetime | None = None
    orders: tuple[Order, ...] = ()  #: In the order of dispatch.
    callbacks: tuple[Callback, ...] = ()  #: One for each round that was resolved.
    supervisions: tuple[Supervision, ...] = ()  #: In the order in which they were opened.
    merged_into: UUID | None = None  #: The complaint it follows.
    followers: tuple[UUID, ...] = ()  #: Complaints that were merged into it.
    followed: Followed | None = field(default=None, compare=False)  #: Read, never stored.
    history_length: int = 0  #: Lines of history, the new ones included.
    notes: tuple[Note, ...] = field(default=(), compare=False)  #: Lines not stored yet.

    @property
    def callback(self) -> Callback | None:
        """The latest call-back, open or not."""
        return self.callbacks[-1] if self.callbacks else None

    def order(self, order_id: UUID) -> Order | None:
        """Find one of the case's orders."""
        return next((order for order in self.orders if order.order_id == order_id), None)

    def latest_lead(self) -> Order | None:
        """Find the lead's latest order in this round, open or not."""
        return next(
            (o for o in reversed(self.orders) if o.role == "lead" and o.round == self.round), None
        )
