"""What the figures' routes answer: each figure with what it was computed from.

Rates are hundreds of rows with a dozen parts each, so they are dicts, typed and not checked again
when an answer is written: models of them took longer than the database. Tests check them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from typing_extensions import TypedDict  # Before Python 3.12 pydantic reads no other.


class IntervalView(TypedDict):
    """From where to where the true figure may well lie (95 %)."""

    low: float
    high: float


class RateView(TypedDict):
    """A share and what it was computed from; `value` is null without a denominator."""

    numerator: float
    denominator: int
    value: float | None
    interval: IntervalView | None


class OfficersExclusion(TypedDict):
    """Verdicts that a supervisor left out for one reason of the policy (剔除)."""

    reason: str
    name: str | None  #: In the city's language; null where the policy has dropped the reason.
    approved_by: str | None  #: Label of the supervisor's key; null for the public.
    count: int


class Exclusions(TypedDict):
    """Call-backs that aren't valid and count in no rate, by reason."""

    no_contact: int
    no_answer: int
    not_asked: int  #: The policy asks a sample, and these weren't drawn.
    withdrawn: int
    officers: list[OfficersExclusion]


class StandingView(TypedDict):
    """How a group compares with others, taking into account how hard its matters are."""

    unranked: str | None  #: Why it has no rank: `none`, `small`, `alone` or `unlisted`.
    listed: str | None  #: The list it is ranked in: streets aren't ranked among departments.
    rank: int | None
    ranked: int  #: How many have a rank in the list.
    expected: float | None  #: What the city scored on the same mix of categories.
    above: float | None  #: Score minus expected; the rank goes by it.
    adjusted: float | None  #: The city's score plus `above`, within 0..100.
    adjusted_interval: IntervalView | None
    band: str | None
    is_band_sure: bool | None  #: The whole interval lies in the band.


class OnTimeView(TypedDict):
    """What became of the orders dispatched in the period; all but `breached` add up."""

    dispatched: int
    resolved_on_time: int
    resolved_late: int
    taken_back: int  #: Returned by the agency, or recalled.
    open_in_time: int  #: Also those whose clock stands still.
    open_overdue: int
    breached: int  #: Late or overdue, also when taken back afterwards.


class BonusView(TypedDict):
    """Points for work ahead of complaints (主动治理) that was finished in the period."""

    points: int  #: What counts, at most the policy's `points_max` for an agency.
    granted: int  #: What supervisors granted, case by case.
    cases: int  #: Proactive cases closed in the period, without points, too.


class RatesRow(TypedDict):
    """The figures of one group; `key` is null where the matter names none."""

    key: str | None
    name: str | None
    response: RateView
    resolution: RateView
    satisfaction: RateView
    score: float | None
    score_interval: IntervalView | None
    score_before_exclusions: float | None  #: As if officers had excluded nothing.
    exclusions: Exclusions
    standing: StandingView | None  #: Null for the total and for categories.
    on_time: RateView  #: Closed in time / (closed + open and overdue); in no score.
    orders: OnTimeView
    bonus: BonusView | None  #: Beside the score, never in it; null but for agencies.


class BandView(TypedDict):
    """A band of the policy."""

    key: str
    name: str
    at_least: int


class RatesPage(TypedDict):
    """The three rates and punctuality of a period.

    Rates count call-backs that ended in the period, for the scored agency; punctuality
    counts orders dispatched in it, for the agency that had them.
    """

    begins_at: datetime
    ends_at: datetime
    by: str
    policy: str
    valid_min: int  #: With fewer valid call-backs there is neither rank nor band.
    bands: list[BandView]  #: Best first.
    total: RatesRow
    rows: list[RatesRow]


class ExclusionView(BaseModel):
    """Why a verdict counts in no rate, and who said so."""

    reason: str
    approved_by: str | None  #: Null for an agency.
    excluded_at: datetime
    note: str | None


class VerdictView(BaseModel):
    """One call-back behind a figure."""

    complaint_id: UUID
    number: str
    callback_id: UUID
    order_id: UUID
    round: int
    agency: str  #: Who handled it.
    scored: str  #: Whose rates it counts in.
    category: str | None
    district: str | None
    street: str | None
    ended_at: datetime
    state: str
    answered_by: str | None
    is_contacted: bool | None
    is_solved: bool | None
    satisfaction: str | None
    lapse_reason: str | None
    exclusion: ExclusionView | None


class VerdictPage(BaseModel):
    """Some call-backs, the earliest verdict first; pass `next` as `cursor` for what follows."""

    items: list[VerdictView]
    next: str | None


class Totals(BaseModel):
    """Everything there is, counted, to reconcile with the other services."""

    cases: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    callbacks: list[dict[str, Any]]
