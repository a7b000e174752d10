"""The event log of the play, kept by complaint: what was said, and what it adds up to. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from services.events import (
    CallbackAnswered,
    CallbackLapsed,
    CaseClosed,
    CaseEscalated,
    CaseOpened,
    CaseReopened,
    CaseResumed,
    ComplaintAnswered,
    ComplaintDiverted,
    ComplaintHeld,
    ComplaintReceived,
    ComplaintRouted,
    OrderBreached,
    OrderDispatched,
    OrderRecalled,
    OrderResolved,
    OrderReturned,
    Satisfaction,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from uuid import UUID

    from services.events import Event, Fact

F = TypeVar("F", bound="Fact")

_OUTCOMES: Mapping[type[Fact], str] = {
    ComplaintRouted: "routed",
    ComplaintHeld: "held",
    ComplaintDiverted: "diverted",
    ComplaintAnswered: "answered",
}


@dataclass(slots=True)
class History:
    """Everything said about one complaint, each source's part in its order."""

    events: list[Event] = field(default_factory=list)
    is_closed: bool = False  #: Nothing more is due.

    def add(self, event: Event) -> None:
        """Write an event down."""
        self.events.append(event)
        self.is_closed = isinstance(event.data, CaseClosed) or (
            self.is_closed and not isinstance(event.data, CaseResumed)
        )

    def facts(self, kind: type[F]) -> list[F]:
        """Give the facts of one kind."""
        return [event.data for event in self.events if isinstance(event.data, kind)]

    @property
    def number(self) -> str | None:
        """What people quote."""
        received = self.facts(ComplaintReceived)
        return received[0].matter.number if received else None

    @property
    def outcomes(self) -> list[str]:
        """What the router said, in its order."""
        said = [event for event in self.events if event.source == "router"]
        said.sort(key=lambda event: event.sequence)
        return [_OUTCOMES[type(event.data)] for event in said if type(event.data) in _OUTCOMES]

    @property
    def open_orders(self) -> list[OrderDispatched]:
        """Orders that no fact has ended; closing a case recalls those still open."""
        if self.is_closed:
            return []
        ended = {fact.order_id for fact in self.facts(OrderResolved)}
        ended |= {fact.order_id for fact in self.facts(OrderReturned)}
        ended |= {fact.order_id for fact in self.facts(OrderRecalled)}
        return [fact for fact in self.facts(OrderDispatched) if fact.order_id not in ended]

    @property
    def waits_for_agency(self) -> bool:
        """The promise is broken and raised, and the agency still owes its answer."""
        raised = {fact.order_id for fact in self.facts(CaseEscalated)}
        leads = [order for order in self.open_orders if order.role == "lead"]
        return bool(leads) and all(order.order_id in raised for order in leads)

    @property
    def waits_for_dispatcher(self) -> bool:
        """Nobody has it."""
        return (
            bool(self.facts(CaseOpened)) and not self.is_closed and self.outcomes[-1:] == ["held"]
        )


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Valid call-backs, counted for the three rates."""

    valid: int = 0
    contacted: int = 0
    solved: int = 0
    satisfied: int = 0
    basically: int = 0

    def numerators(self, basically_counts: float) -> dict[str, float]:
        """Give the numerators of the three rates; `valid` is the denominator of all."""
        return {
            "response": self.contacted,
            "resolution": self.solved,
            "satisfaction": round(self.satisfied + basically_counts * self.basically, 6),
        }


@dataclass(slots=True)
class Ledger:
    """All histories of the play."""

    histories: dict[UUID, History] = field(default_factory=dict)
    undecodable: int = 0  #: Records that are no event.
    dead_letters: int = 0
    repeated: int = 0  #: Events told again, with the same id: readers drop them, so do we.
    _seen: set[tuple[str, UUID]] = field(default_factory=set)

    def add(self, event: Event) -> bool:
        """Write an event down; False if it was told before."""
        if (event.source, event.id) in self._seen:
            self.repeated += 1
            return False
        self._seen.add((event.source, event.id))
        self.histories.setdefault(event.complaintid, History()).add(event)
        return True

    def facts(self, kind: type[F]) -> Iterator[F]:
        """Give the facts of one kind, of all complaints."""
        for history in self.histories.values():
            yield from history.facts(kind)

    def verdicts(self) -> Verdicts:
        """Count the answers that the tracker took."""
        counted = Verdicts()
        for answer in self._taken(CallbackAnswered):
            counted = _with(counted, answer)
        return counted

    def lapsed(self) -> Counter[str]:
        """Count the call-backs that ended without an answer, by reason.

        One that lapses at the instant of its answer is told too, but the answer was first.
        """
        return Counter(fact.reason for fact in self._taken(CallbackLapsed))

    def _taken(self, kind: type[F]) -> Iterator[F]:
        """Give the ends of call-backs that a closing or reopening was caused by."""
        for history in self.histories.values():
            ends = {event.id: event.data for event in history.events}
            for event in history.events:
                if event.causeid and isinstance(event.data, CaseReopened | CaseClosed):
                    cause = ends.get(event.causeid)
                    if isinstance(cause, kind):
                        yield cause

    def breached_handle(self) -> list[OrderBreached]:
        """Orders whose answer came late or not at all."""
        return [fact for fact in self.facts(OrderBreached) if fact.clock == "handle"]


def _with(so_far: Verdicts, answer: CallbackAnswered) -> Verdicts:
    return Verdicts(
        so_far.valid + 1,
        so_far.contacted + answer.is_contacted,
        so_far.solved + answer.is_solved,
        so_far.satisfied + (answer.satisfaction is Satisfaction.SATISFIED),
        so_far.basically + (answer.satisfaction is Satisfaction.BASICALLY),
    )


def unsettled(
    ledger: Ledger, posted: Collection[UUID], left_held: Collection[UUID], silent: Collection[UUID]
) -> list[UUID]:
    """Say which complaints something is still to happen with.

    Args:
        ledger: The log so far.
        posted: Every complaint of the play.
        left_held: Those that the dispatcher has looked at and left.
        silent: Those whose agency will never do anything.
    """
    return [
        complaint_id
        for complaint_id in posted
        if not _is_settled(
            ledger.histories.get(complaint_id, History()),
            may_be_held=complaint_id in left_held,
            may_be_late=complaint_id in silent,
        )
    ]


def _is_settled(history: History, *, may_be_held: bool, may_be_late: bool) -> bool:
    return (
        history.is_closed
        or (may_be_held and history.waits_for_dispatcher)
        or (may_be_late and history.waits_for_agency)
    )
