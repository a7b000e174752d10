"""A whistle after its routing (吹哨报到): its state, and what may follow what.

Two machines, as tables; `lifecycle` has the rules that such a file keeps.

A whistle is open until the street closes it or the policy's time is over. Each body it calls
has a machine of its own: it signs, contacts the street, arrives, leaves. Who does a later thing
without an earlier one has done the earlier one, too: nobody arrives without having accepted.
A late act still counts, and is late for good: the miss has been told.

When the whistle ends, so does every call. Who never came is a no-show (ABSENT) if it should have
been there by then, and SPARED if it still had time. LEFT stays LEFT: it went before the matter
was done (事不完人不走), which is allowed and visible.

After the end nothing counts but the two judgements (双考核, 接诉即办工作条例 art. 33), and those
only within the policy's time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID, uuid5

from services.runtime.step import Ignored

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from services.events import TimelineStep, WhistleGrade
    from services.events import Whistle as Content
    from services.tracker.decide.case import Note

#: What a body that was called has to do, in this order.
ClockName = Literal["sign", "contact", "arrive"]
CLOCKS: Final[tuple[ClockName, ...]] = ("sign", "contact", "arrive")
#: Kinds of deadline, as `Deadline.kind`; of a call, and of the whistle itself.
CLOCK_KINDS: Final[Mapping[str, ClockName]] = {f"whistle-{clock}": clock for clock in CLOCKS}
LAPSE: Final = "whistle-lapse"


class WhistleState(StrEnum):
    """Where a whistle stands."""

    OPEN = "open"  #: The bodies it calls must report in, and the matter isn't done.
    CLOSED = "closed"  #: Nothing more is due; for a while both sides may still judge.


class WhistleTrigger(StrEnum):
    """What can happen to a whistle."""

    ROUTED = "routed"  #: The router let it stand.
    ANSWERED = "answered"  #: The street wrote down what came of it.
    JUDGED = "judged"  #: One side judged the other.
    CLOSED = "closed"  #: The street: done, or nothing more to do here.
    LAPSED = "lapsed"  #: Nobody closed it in time.


class CallState(StrEnum):
    """Where one body stands that a whistle calls."""

    CALLED = "called"  #: It has been told, and its clocks run.
    SIGNED = "signed"  #: It accepted the whistle (签收).
    CONTACTED = "contacted"  #: It has spoken to the street.
    ARRIVED = "arrived"  #: It is on the spot (报到).
    LEFT = "left"  #: It went before the whistle was closed.
    RELEASED = "released"  #: It was there until the end.
    ABSENT = "absent"  #: No-show: it should have been there, and never came.
    SPARED = "spared"  #: The whistle ended before it had to be there.


class CallTrigger(StrEnum):
    """What can happen to a call."""

    SIGNED = "signed"
    CONTACTED = "contacted"
    ARRIVED = "arrived"
    LEFT = "left"
    ANSWERED = "answered"  #: It wrote down what came of it.
    SIGN_DUE = "sign-due"
    CONTACT_DUE = "contact-due"
    ARRIVE_DUE = "arrive-due"
    ENDED = "ended"  #: The whistle closed, and its time to arrive wasn't over.
    ENDED_OVERDUE = "ended-overdue"  #: The whistle closed after its time to arrive.


#: None is "not routed yet".
WHISTLE: Final[Mapping[tuple[WhistleState | None, WhistleTrigger], WhistleState]] = {
    (None, WhistleTrigger.ROUTED): WhistleState.OPEN,
    (WhistleState.OPEN, WhistleTrigger.ANSWERED): WhistleState.OPEN,
    (WhistleState.OPEN, WhistleTrigger.JUDGED): WhistleState.OPEN,
    (WhistleState.OPEN, WhistleTrigger.CLOSED): WhistleState.CLOSED,
    (WhistleState.OPEN, WhistleTrigger.LAPSED): WhistleState.CLOSED,
    (WhistleState.CLOSED, WhistleTrigger.JUDGED): WhistleState.CLOSED,  # Within `judged_until`.
}

#: Blowing is what makes a call: it begins as CALLED.
CALL: Final[Mapping[tuple[CallState, CallTrigger], CallState]] = {
    (CallState.CALLED, CallTrigger.SIGNED): CallState.SIGNED,
    (CallState.CALLED, CallTrigger.CONTACTED): CallState.CONTACTED,
    (CallState.CALLED, CallTrigger.ARRIVED): CallState.ARRIVED,
    (CallState.CALLED, CallTrigger.ANSWERED): CallState.CALLED,
    (CallState.CALLED, CallTrigger.SIGN_DUE): CallState.CALLED,
    (CallState.CALLED, CallTrigger.CONTACT_DUE): CallState.CALLED,
    (CallState.CALLED, CallTrigger.ARRIVE_DUE): CallState.CALLED,
    (CallState.CALLED, CallTrigger.ENDED): CallState.SPARED,
    (CallState.CALLED, CallTrigger.ENDED_OVERDUE): CallState.ABSENT,
    (CallState.SIGNED, CallTrigger.CONTACTED): CallState.CONTACTED,
    (CallState.SIGNED, CallTrigger.ARRIVED): CallState.ARRIVED,
    (CallState.SIGNED, CallTrigger.ANSWERED): CallState.SIGNED,
    (CallState.SIGNED, CallTrigger.CONTACT_DUE): CallState.SIGNED,
    (CallState.SIGNED, CallTrigger.ARRIVE_DUE): CallState.SIGNED,
    (CallState.SIGNED, CallTrigger.ENDED): CallState.SPARED,
    (CallState.SIGNED, CallTrigger.ENDED_OVERDUE): CallState.ABSENT,
    (CallState.CONTACTED, CallTrigger.ARRIVED): CallState.ARRIVED,
    (CallState.CONTACTED, CallTrigger.ANSWERED): CallState.CONTACTED,
    (CallState.CONTACTED, CallTrigger.ARRIVE_DUE): CallState.CONTACTED,
    (CallState.CONTACTED, CallTrigger.ENDED): CallState.SPARED,
    (CallState.CONTACTED, CallTrigger.ENDED_OVERDUE): CallState.ABSENT,
    (CallState.ARRIVED, CallTrigger.LEFT): CallState.LEFT,
    (CallState.ARRIVED, CallTrigger.ANSWERED): CallState.ARRIVED,
    (CallState.ARRIVED, CallTrigger.ENDED): CallState.RELEASED,
    (CallState.ARRIVED, CallTrigger.ENDED_OVERDUE): CallState.RELEASED,
    (CallState.LEFT, CallTrigger.ANSWERED): CallState.LEFT,
    (CallState.LEFT, CallTrigger.ENDED): CallState.LEFT,
    (CallState.LEFT, CallTrigger.ENDED_OVERDUE): CallState.LEFT,
}

WHISTLE_FINAL: Final = frozenset({WhistleState.CLOSED})
#: LEFT is final, too: whatever still comes leaves it as it is.
CALL_FINAL: Final = frozenset(
    {CallState.LEFT, CallState.RELEASED, CallState.ABSENT, CallState.SPARED}
)

#: Who or what ends each state; nothing waits for nobody.
WHISTLE_WAITS_FOR: Final[Mapping[WhistleState, tuple[str, ...]]] = {
    WhistleState.OPEN: ("deadline `whistle-lapse`", "the street, which closes it"),
}
CALL_WAITS_FOR: Final[Mapping[CallState, tuple[str, ...]]] = {
    CallState.CALLED: (
        "deadlines `whistle-sign`, `whistle-contact`, `whistle-arrive`",
        "the body that is called",
        "the whistle's end",
    ),
    CallState.SIGNED: (
        "deadlines `whistle-contact`, `whistle-arrive`",
        "the body that is called",
        "the whistle's end",
    ),
    CallState.CONTACTED: (
        "deadline `whistle-arrive`",
        "the body that is called",
        "the whistle's end",
    ),
    CallState.ARRIVED: ("the body that is called", "the whistle's end"),
}


def next_whistle(state: WhistleState | None, trigger: WhistleTrigger) -> WhistleState | Ignored:
    """Look up where a whistle goes; a pair that isn't in the table is ignored."""
    following = WHISTLE.get((state, trigger))
    reason = f"whistle-{state or 'new'}-not-{trigger}"
    return following if following is not None else Ignored(reason)


def next_call(state: CallState, trigger: CallTrigger) -> CallState | Ignored:
    """Look up where a call goes; a pair that isn't in the table is ignored."""
    following = CALL.get((state, trigger))
    return following if following is not None else Ignored(f"call-{state}-not-{trigger}")


@dataclass(frozen=True, slots=True)
class Watch:
    """One clock of a call: until when, when it was done, when its passing was told."""

    due_at: datetime
    done_at: datetime | None = None
    missed_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether its deadline is still ahead."""
        return self.done_at is None and self.missed_at is None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One side's word about the other."""

    grade: WhistleGrade
    note: str | None
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """What one body has to do that a whistle calls."""

    agency: str
    state: CallState
    sign: Watch
    contact: Watch
    arrive: Watch
    timeline: tuple[TimelineStep, ...]  #: Explains when it must arrive.
    left_at: datetime | None = None
    result: str | None = None  #: Its latest words about what came of it.
    ended_at: datetime | None = None  #: When the whistle closed.
    verdict: Judgement | None = None  #: The street's, on this body.
    opinion: Judgement | None = None  #: This body's, on whether the whistle was called for.

    def watch(self, clock: ClockName) -> Watch:
        """Give one of its clocks."""
        return {"sign": self.sign, "contact": self.contact, "arrive": self.arrive}[clock]

    def moved(self, clock: ClockName, watch: Watch) -> Call:
        """Give the call with one of its clocks changed."""
        match clock:
            case "sign":
                return replace(self, sign=watch)
            case "contact":
                return replace(self, contact=watch)
            case "arrive":
                return replace(self, arrive=watch)


@dataclass(frozen=True, slots=True)
class Whistle:
    """The tracker's living record of one whistle that stands."""

    whistle_id: UUID
    key: UUID  #: Of its events: the first linked complaint, or its own id.
    number: int  #: 1 for the first one under its key, then one more each.
    state: WhistleState
    content: Content  #: As the router passed it on.
    policy: str  #: Hash of the bundle its clocks are under.
    blown_at: datetime
    lapses_at: datetime
    copies: tuple[str, ...]
    calls: tuple[Call, ...]  #: In the router's order.
    result: str | None = None
    closed_at: datetime | None = None
    closed_because: Literal["street", "lapsed"] | None = None
    judged_until: datetime | None = None  #: Judgements count until then; set at the end.
    history_length: int = 0  #: Lines of history, the new ones included.
    notes: tuple[Note, ...] = field(default=(), compare=False)  #: Lines not stored yet.

    @property
    def raised_by(self) -> str:
        """The street that blew it."""
        return self.content.raised_by

    def call(self, agency: str) -> Call | None:
        """Find what a body has to do; None where the whistle doesn't call it."""
        return next((call for call in self.calls if call.agency == agency), None)

    def subject(self, call: Call) -> UUID:
        """Name a call for its deadlines."""
        return call_id(self.whistle_id, call.agency)


def call_id(whistle_id: UUID, agency: str) -> UUID:
    """Name a call after what it is, so that deciding again names it the same."""
    return uuid5(whistle_id, agency)
