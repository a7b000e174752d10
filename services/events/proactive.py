"""Facts of root causes (根因), and of work ahead of complaints (主动治理, 未诉先办).

`ProactiveCaseReported` stands on `complaints.received` (writer: intake), the others on
`complaints.tracked` (writer: tracker). Kafka key: of a proactive case its own id, of
`CauseRecorded` the complaint. Legal ground: 北京市接诉即办工作条例 art. 24, 25 and 32.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.events.envelope import Fact
from services.events.matter import Place

#: Complaints that a proactive case may be linked to.
LINKS_MAX = 200

Links = Annotated[tuple[UUID, ...], Field(max_length=LINKS_MAX)]
Points = Annotated[int, Field(ge=0)]


class CauseRecorded(Fact):
    """A supervisor said why the matter of a resolved order arose; the latest word counts."""

    order_id: UUID
    agency: str  #: Whose order it is.
    cause: str  #: A key of the policy's `causes.toml`.
    recorded_by: str  #: Label of the supervisor's key.
    was: str | None = None  #: What was recorded before.


class ProactiveAction(StrEnum):
    """What a supervisor can say about a proactive case."""

    OPEN = "open"  #: Work ahead of complaints begins, with an owner, a plan and a date.
    PROGRESS = "progress"  #: What has been done so far; more complaints may be linked.
    CLOSE = "close"  #: Done; it may bring its owner points.
    CANCEL = "cancel"  #: Given up.


class Proactive(Fact):
    """What a proactive case is about."""

    title: str  #: Identity masked.
    owner: str  #: The agency that does the work.
    cause: str | None = None  #: A key of the policy's `causes.toml`.
    category: str | None = None
    place: Place = Place()
    plan: str  #: Identity masked.
    planned_at: AwareDatetime  #: When it is meant to be done.
    complaints: Links = ()  #: Complaints that made it necessary.


class ProactiveCaseReported(Fact):
    """A supervisor opened a proactive case, or said what became of it; the tracker judges."""

    proactive_id: UUID
    action: ProactiveAction
    officer: str  #: Label of the key that was used; never a person's name.
    content: Proactive | None = None  #: With `open`.
    complaints: Links = ()  #: With `progress`: linked from now on, too.
    bonus: Points | None = None  #: With `close`.
    note: str | None = None  #: Identity masked.
    reported_at: AwareDatetime


class ProactiveCaseOpened(Fact):
    """An agency has work to do that nobody has complained about yet, or too many have."""

    proactive_id: UUID
    owner: str
    content: Proactive
    officer: str


class ProactiveCaseUpdated(Fact):
    """Something has been done about it."""

    proactive_id: UUID
    owner: str
    officer: str
    note: str | None = None
    complaints: Links = ()  #: Those linked by this.


class ProactiveCaseOverdue(Fact):
    """Its planned date passed before it was done; told once."""

    proactive_id: UUID
    owner: str
    planned_at: AwareDatetime
    raised_to: str  #: The agency that must see to it.


class ProactiveCaseClosed(Fact):
    """Nothing more is to be done."""

    proactive_id: UUID
    owner: str
    officer: str
    is_cancelled: bool = False
    is_on_time: bool | None = None  #: None where it was cancelled.
    bonus: Points = 0
    note: str | None = None
