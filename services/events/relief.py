"""Facts of relief and of promises that move: more time, a clock that stands still, a plan.

They stand on `complaints.tracked` (writer: tracker). Legal ground: 接诉即办工作条例 art. 15, which
lets a time be extended by law, and has the citizen told why.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from services.events.envelope import Fact
from services.events.tracked import TimelineStep

#: What an agency may ask for: more time (延期), a clock that stands still, or to be let off until
#: a plan can be carried out (挂账).
Relief = Literal["extension", "pause", "deferral"]


class ReliefRequested(Fact):
    """An agency asked for relief; until somebody grants it the clock runs on."""

    request_id: UUID
    order_id: UUID
    agency: str
    relief: Relief
    reason: str | None = None
    until: AwareDatetime | None = None
    note: str | None = None


class ReliefRefused(Fact):
    """It isn't granted: by an officer, or by the policy's limits at once."""

    request_id: UUID
    order_id: UUID
    agency: str
    relief: Relief
    refused_as: str  #: `officer`, `too-late`, `too-long`, `unknown-reason` …; more may come.
    why: str  #: One sentence for the agency.


class DeadlineExtended(Fact):
    """The order has more time; the citizen is told why (接诉即办工作条例 art. 15)."""

    request_id: UUID
    order_id: UUID
    agency: str
    role: Literal["lead", "assist"]
    due_at: AwareDatetime
    at_risk_at: AwareDatetime
    is_due_provisional: bool = False
    approved_by: str  #: Label of an officer's key, or `policy`.
    reason: str
    timeline: tuple[TimelineStep, ...]


class ClockPaused(Fact):
    """The order's clock stands still from an instant on; what it is due by moves meanwhile."""

    request_id: UUID
    order_id: UUID
    agency: str
    role: Literal["lead", "assist"]
    since: AwareDatetime
    until: AwareDatetime | None = None  #: It goes on at the latest then.
    reason: str
    approved_by: str


class ClockResumed(Fact):
    """The clock runs again, with a due instant that has moved by what the pause took."""

    order_id: UUID
    agency: str
    role: Literal["lead", "assist"]
    due_at: AwareDatetime
    at_risk_at: AwareDatetime
    is_due_provisional: bool = False
    timeline: tuple[TimelineStep, ...]


class DeadlineRecomputed(Fact):
    """A promise was counted anew by another policy, because an officer said so; pauses stay."""

    order_id: UUID
    agency: str
    role: Literal["lead", "assist"]
    was_due_at: AwareDatetime
    due_at: AwareDatetime
    at_risk_at: AwareDatetime
    is_due_provisional: bool = False
    is_still: bool = False  #: Its clock stands still; it will be due later than that.
    approved_by: str
    timeline: tuple[TimelineStep, ...]


class OrderDeferred(Fact):
    """The matter stands in the register of what can't be solved yet (挂账)."""

    request_id: UUID
    order_id: UUID
    agency: str
    role: Literal["lead", "assist"]
    plan: str
    planned_at: AwareDatetime  #: Supervised until then; the clock goes on at that instant.
    approved_by: str
