"""What the routes answer. Nothing here names a citizen: the reporter's token stays inside."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel


class CaseSummary(BaseModel):
    """A case in a list."""

    complaint_id: UUID
    number: str
    state: str
    outcome: str  #: The router's latest word: routed, held, diverted or answered.
    closed_as: str | None
    category: str | None
    district: str | None
    street: str | None
    lead: str | None
    scored: str | None
    standard: str | None
    round: int
    level: int  #: How far up the ladder breaches have raised it.
    urges: int
    title: str | None
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None


class Step(BaseModel):
    """A stretch of a clock's timeline."""

    starts_at: datetime
    ends_at: datetime
    runs: bool
    why: str


class PauseView(BaseModel):
    """An interval in which an order's clock stood, or stands, still."""

    since: datetime
    until: datetime | None  #: Null while it lasts.
    ends_by: datetime | None  #: The clock goes on at the latest then.
    reason: str
    approved_by: str  #: Label of an officer's key, or `policy`.


class ExtensionView(BaseModel):
    """More time that was granted."""

    request_id: UUID
    granted_at: datetime
    due_at: datetime
    reason: str
    approved_by: str


class RequestView(BaseModel):
    """What an agency asked for and nobody has decided."""

    request_id: UUID
    relief: str  #: extension, pause or deferral.
    requested_at: datetime
    reason: str | None
    until: datetime | None
    note: str | None


class OrderView(BaseModel):
    """A work order, with the timeline that adds up to its due instant."""

    complaint_id: UUID
    order_id: UUID
    agency: str
    role: str
    round: int
    attempt: int
    standard: str
    state: str
    category: str | None
    district: str | None
    dispatched_at: datetime
    sign_due_at: datetime | None
    signed_at: datetime | None
    sign_breached_at: datetime | None
    at_risk_at: datetime
    due_at: datetime
    is_due_provisional: bool
    timeline: list[Step]
    ended_at: datetime | None
    answer: str | None
    is_on_time: bool | None
    breached_at: datetime | None  #: Of the present due instant; the history has those before.
    contact_due_at: datetime | None
    contacted_at: datetime | None
    contact_breached_at: datetime | None
    ledger: list[PauseView]
    extensions: list[ExtensionView]
    requests: list[RequestView]
    cause: str | None  #: 根因, as last recorded.


class ListedOrder(OrderView):
    """A work order in a list, with what it is about."""

    number: str
    title: str | None
    text: str


class CallbackView(BaseModel):
    """What was asked of the citizen, and the verdict."""

    callback_id: UUID
    order_id: UUID
    round: int
    agency: str
    scored: str
    state: str
    resolved_at: datetime
    asked_at: datetime | None
    lapses_at: datetime
    ended_at: datetime | None
    answered_by: str | None
    is_contacted: bool | None
    is_solved: bool | None
    satisfaction: str | None
    lapse_reason: str | None
    excluded_because: str | None  #: Why the verdict counts in no rate; null where it counts.
    excluded_by: str | None
    excluded_at: datetime | None
    exclusion_note: str | None


class SupervisionView(BaseModel):
    """Somebody above sees to the case (督办)."""

    supervision_id: UUID
    because: str
    level: int
    raised_to: str
    order_id: UUID | None
    agency: str | None
    opened_at: datetime
    closed_at: datetime | None
    closed_because: str | None


class HistoryLine(BaseModel):
    """Something that was said about a case; `detail.ignored` says why it didn't count."""

    at: datetime
    kind: str
    detail: dict[str, Any]
    cause: UUID | None  #: The event that led to it; null where time did.


class CaseDetail(CaseSummary):
    """One case whole."""

    text: str
    nature: str
    urgency: str
    channel: str
    language: str
    received_at: datetime
    copies: list[str]
    excluded: list[str]
    held_because: str | None
    merged_into: UUID | None  #: The complaint it follows (并单).
    followers: list[UUID]  #: Complaints that were merged into it; some may follow no more.
    policy: str  #: Hash of the bundle its promises are made under.
    orders: list[OrderView]
    callbacks: list[CallbackView]
    supervisions: list[SupervisionView]
    history: list[HistoryLine]


class CasePage(BaseModel):
    """Some cases, newest first; pass `next` as `cursor` for what follows."""

    items: list[CaseSummary]
    next: str | None


class OrderPage(BaseModel):
    """Some orders, the soonest due first; pass `next` as `cursor` for what follows."""

    items: list[ListedOrder]
    next: str | None
