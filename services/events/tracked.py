"""Facts of `complaints.tracked`: the promise and how it was kept. Writer: tracker."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.events.envelope import Fact
from services.events.matter import Matter, Satisfaction


class TimelineStep(Fact):
    """One stretch of a clock; the steps add up to the due instant."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    runs: bool  #: False where the clock stands still, such as a night or a holiday.
    why: str


#: How an agency came to hold an order, which says whether it may be returned: `designated` by a
#: person after a dispute (指定办理), `meanwhile` while the dispute is heard (先办后议).
Tenure = Literal["ordinary", "designated", "meanwhile"]


class CaseOpened(Fact):
    """The tracker keeps a living record of the complaint from now on."""

    number: str
    outcome: Literal["routed", "held", "diverted", "answered"]
    category: str | None = None
    district: str | None = None
    street: str | None = None
    reporter: str | None = None  #: Token of the person in the vault; None if anonymous.
    language: str | None = None  #: In which the person is told.


class OrderDispatched(Fact):
    """An agency has a work order and its clock runs (from dispatch, not from signing)."""

    order_id: UUID
    agency: str
    role: Literal["lead", "assist"]
    round: Annotated[int, Field(ge=1)]  #: 1 at first, then one more for each reopening.
    attempt: Annotated[int, Field(ge=1)]  #: The router's attempt that chose the agency.
    copies: tuple[str, ...] = ()
    scored: str
    standard: str
    sign_due_at: AwareDatetime | None = None
    contact_due_at: AwareDatetime | None = None  #: First contact with the citizen.
    at_risk_at: AwareDatetime
    due_at: AwareDatetime
    is_due_provisional: bool = False  #: True where a year's calendar isn't published yet.
    tenure: Tenure = "ordinary"
    returnable_until: AwareDatetime | None = None  #: None: at any time, or never by `tenure`.
    timeline: tuple[TimelineStep, ...]
    matter: Matter


class OrderSigned(Fact):
    """The agency accepted the order for handling."""

    order_id: UUID
    agency: str


class OrderContacted(Fact):
    """The agency has spoken to the citizen (响应)."""

    order_id: UUID
    agency: str
    is_on_time: bool | None = None  #: None where the standard names no time for it.


class OrderReturned(Fact):
    """The agency said it isn't theirs; the router decides anew, without it."""

    order_id: UUID
    agency: str
    attempt: Annotated[int, Field(ge=1)]
    reason: str
    suggests: str | None = None  #: The agency whose matter it is, they say.


class OrderReturnRefused(Fact):
    """A return (退单) that doesn't count: the agency keeps the order and its clock runs on."""

    order_id: UUID
    agency: str
    #: `assists`, `reopened`, `designated`, `meanwhile`, `too-late`; more may come.
    refused_as: str
    why: str  #: One sentence for the agency.


class OrderRecalled(Fact):
    """Another agency handles it now, so this one need not go on."""

    order_id: UUID
    agency: str


class OrderAtRisk(Fact):
    """The due instant is near and the order isn't resolved."""

    order_id: UUID
    agency: str
    due_at: AwareDatetime


class OrderBreached(Fact):
    """A due instant passed."""

    order_id: UUID
    agency: str
    clock: Literal["sign", "contact", "handle"]
    due_at: AwareDatetime
    answerable: str | None = None  #: Of an assist's: the lead, which answers for it (首接负责).


class CaseEscalated(Fact):
    """A breach, a delay that goes on, or a bad verdict raised the case to the next level."""

    order_id: UUID
    agency: str  #: The agency that failed.
    level: Annotated[int, Field(ge=1)]
    raised_to: str  #: The agency that must now see to it.
    #: `breached`, `overdue` (still, after a breach), `dissatisfied`; more may come.
    because: str = "breached"


class SupervisionOpened(Fact):
    """Somebody above sees to it from now on (督办)."""

    supervision_id: UUID
    #: `breached`, `unsigned`, `unassigned`, `urged`, `dissatisfied`, `deferred`, `officer`, ….
    because: str
    level: Annotated[int, Field(ge=0)]  #: Of the ladder; 0 where an officer opened it.
    raised_to: str
    order_id: UUID | None = None  #: None where no agency has the case.
    agency: str | None = None  #: Who is supervised.


class SupervisionClosed(Fact):
    """It has been seen to."""

    supervision_id: UUID
    raised_to: str
    agency: str | None = None  #: Who was supervised.
    because: str  #: The order's end, `signed`, `routed`, `closed`, `officer`; more may come.


class VerdictExcluded(Fact):
    """A citizen's verdict counts in no rate, for a reason that anybody can look up (剔除)."""

    callback_id: UUID
    reason: str  #: A key of the policy's.
    approved_by: str
    note: str | None = None


class OrderResolved(Fact):
    """The agency says it is done; the citizen will be asked."""

    order_id: UUID
    agency: str
    answer: str
    is_on_time: bool
    cause: str | None = None  #: 根因, as the agency says; see also `CauseRecorded`.


class CallbackDue(Fact):
    """The citizen is to be asked whether it is solved."""

    callback_id: UUID
    round: Annotated[int, Field(ge=1)]
    order_id: UUID
    agency: str  #: Who handled it, and so must not be the one who asks.
    number: str
    answer: str  #: What the agency says it did.
    reporter: str | None = None
    language: str
    lapses_at: AwareDatetime  #: After this the answer counts as none.


class CaseReopened(Fact):
    """The citizen isn't satisfied: the agency must go back."""

    round: Annotated[int, Field(ge=2)]
    callback_id: UUID
    is_solved: bool
    satisfaction: Satisfaction


class CaseMerged(Fact):
    """It is handled together with a like complaint (并单); its caller is still asked apart."""

    into: UUID | None = None  #: The complaint it follows; told to nobody outside.
    merged_by: str  #: Label of the officer's key.


class CaseFollowed(Fact):
    """What it was merged into is resolved; its own caller is asked about the answer next."""

    order_id: UUID  #: The order that was resolved, of the complaint it followed.
    agency: str
    answer: str


class CaseResumed(Fact):
    """A case goes on by itself.

    It was closed by an answer, and the citizen says that it isn't answered; or it was merged
    into a complaint that has ended without an answer, such as by a withdrawal.
    """

    outcome: Literal["routed", "held", "diverted"]  #: What the router says of it now.


class CaseClosed(Fact):
    """Nothing more is due."""

    reason: Literal["confirmed", "unconfirmed", "unsatisfied", "withdrawn", "diverted", "answered"]
    is_solved: bool | None = None
    satisfaction: Satisfaction | None = None
    reply: str | None = None  #: What the citizen is told, where no order was due.
