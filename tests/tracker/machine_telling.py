"""What the tracker told, in the words in which the clerk counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from services.events import (
    CallbackDue,
    CaseClosed,
    CaseFollowed,
    CaseMerged,
    CaseResumed,
    ClockPaused,
    ClockResumed,
    DeadlineExtended,
    Event,
    Fact,
    OrderBreached,
    OrderContacted,
    OrderDeferred,
    OrderDispatched,
    ReliefRefused,
    ReliefRequested,
    SupervisionClosed,
    SupervisionOpened,
    VerdictExcluded,
)

_PLAIN: dict[type[Fact], str] = {
    CallbackDue: "asked",
    CaseFollowed: "followed",
    CaseMerged: "merged",
    CaseResumed: "parted",
    ClockPaused: "paused",
    ClockResumed: "resumed",
    DeadlineExtended: "extended",
    OrderDeferred: "deferred",
    OrderDispatched: "dispatched",
    ReliefRequested: "requested",
    SupervisionOpened: "watched",
    VerdictExcluded: "excluded",
}


def _word(fact: Fact) -> str | None:
    match fact:
        case OrderBreached():
            return fact.clock
        case OrderContacted():
            return "contacted-on-time" if fact.is_on_time else None
        case ReliefRefused():
            return f"refused-{fact.refused_as}"
        case SupervisionClosed():
            return f"let-be-{fact.because}"
        case CaseClosed():
            return f"closed-{fact.reason}"
    return _PLAIN.get(type(fact))


def counted(events: Iterable[Event]) -> Counter[str]:
    """Count what was told; what the clerk doesn't count is left out."""
    words = (_word(event.data) for event in events)
    return Counter(word for word in words if word is not None)
