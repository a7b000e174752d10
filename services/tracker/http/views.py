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
    breached_at: datetime | None


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
    policy: str  #: Hash of the bundle its promises are made under.
    orders: list[OrderView]
    callbacks: list[CallbackView]
    history: list[HistoryLine]


class CasePage(BaseModel):
    """Some cases, newest first; pass `next` as `cursor` for what follows."""

    items: list[CaseSummary]
    next: str | None


class OrderPage(BaseModel):
    """Some orders, the soonest due first; pass `next` as `cursor` for what follows."""

    items: list[ListedOrder]
    next: str | None


class RateView(BaseModel):
    """A share and what it was computed from; `value` is null without a denominator."""

    numerator: float
    denominator: int
    value: float | None


class Exclusions(BaseModel):
    """Call-backs that aren't valid and count in no rate, by reason."""

    no_contact: int
    no_answer: int
    withdrawn: int


class OnTimeView(BaseModel):
    """What became of the orders dispatched in the period; all but `breached` add up."""

    dispatched: int
    resolved_on_time: int
    resolved_late: int
    taken_back: int  #: Returned by the agency, or recalled.
    open_in_time: int
    open_overdue: int
    breached: int  #: Late or overdue, also when taken back afterwards.


class RatesRow(BaseModel):
    """The figures of one group; `key` is null where the matter names none."""

    key: str | None
    response: RateView
    resolution: RateView
    satisfaction: RateView
    score: float | None
    exclusions: Exclusions
    orders: OnTimeView


class RatesPage(BaseModel):
    """The three rates and punctuality of a period.

    Rates count call-backs that ended in the period, for the scored agency; punctuality
    counts orders dispatched in it, for the agency that had them.
    """

    begins_at: datetime
    ends_at: datetime
    by: str
    policy: str
    total: RatesRow
    rows: list[RatesRow]


class Totals(BaseModel):
    """Everything there is, counted, to reconcile with the other services."""

    cases: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    callbacks: list[dict[str, Any]]
