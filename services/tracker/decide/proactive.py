"""Work ahead of complaints (主动治理, 未诉先办): a case of its own, with owner, plan and bonus.

It is open until a supervisor closes or cancels it. Once its planned date passes it is overdue
for good, which is told once to whoever stands above its owner; it can still be closed.
北京市接诉即办工作条例 art. 24, 25 (frequent matters are governed by plan) and 32 (the bonus).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from services.runtime.step import Ignored

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from services.events import Proactive
    from services.tracker.decide.case import Note

#: Kind of its deadline, as `Deadline.kind`; due at the planned date.
PROACTIVE_DUE: Final = "proactive-due"


class ProactiveState(StrEnum):
    """Where a proactive case stands."""

    OPEN = "open"  #: Its owner works by the plan.
    CLOSED = "closed"  #: Done.
    CANCELLED = "cancelled"  #: Given up.


class ProactiveTrigger(StrEnum):
    """What can happen to it."""

    OPENED = "opened"
    PROGRESSED = "progressed"
    OVERDUE = "overdue"  #: The planned date passed.
    CLOSED = "closed"
    CANCELLED = "cancelled"


#: None is "not opened yet".
PROACTIVE: Final[Mapping[tuple[ProactiveState | None, ProactiveTrigger], ProactiveState]] = {
    (None, ProactiveTrigger.OPENED): ProactiveState.OPEN,
    (ProactiveState.OPEN, ProactiveTrigger.PROGRESSED): ProactiveState.OPEN,
    (ProactiveState.OPEN, ProactiveTrigger.OVERDUE): ProactiveState.OPEN,
    (ProactiveState.OPEN, ProactiveTrigger.CLOSED): ProactiveState.CLOSED,
    (ProactiveState.OPEN, ProactiveTrigger.CANCELLED): ProactiveState.CANCELLED,
}
PROACTIVE_FINAL: Final = frozenset({ProactiveState.CLOSED, ProactiveState.CANCELLED})
#: Who or what ends each state; nothing waits for nobody.
PROACTIVE_WAITS_FOR: Final[Mapping[ProactiveState, tuple[str, ...]]] = {
    ProactiveState.OPEN: ("deadline `proactive-due`", "a supervisor, who closes or cancels it"),
}


@dataclass(frozen=True, slots=True)
class ProactiveCase:
    """The tracker's living record of one proactive case."""

    proactive_id: UUID
    state: ProactiveState
    content: Proactive
    complaints: tuple[UUID, ...]  #: Linked at the opening or later.
    opened_by: str
    opened_at: datetime
    overdue_at: datetime | None = None  #: When it was told that the planned date passed.
    ended_at: datetime | None = None  #: When it was closed or cancelled.
    is_on_time: bool | None = None
    bonus: int = 0  #: Points for its owner.
    history_length: int = 0  #: Lines of history, the new ones included.
    notes: tuple[Note, ...] = field(default=(), compare=False)  #: Lines not stored yet.


def next_proactive(
    state: ProactiveState | None, trigger: ProactiveTrigger
) -> ProactiveState | Ignored:
    """Look up where a proactive case goes; a pair that isn't in the table is ignored."""
    following = PROACTIVE.get((state, trigger))
    reason = f"proactive-{state or 'new'}-not-{trigger}"
    return following if following is not None else Ignored(reason)
