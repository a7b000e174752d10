"""One batch, decided in memory: order and once-only come from each event's sequence.

A reader keeps the last number applied per complaint and writer. Lower or equal is known and
dropped, the next is applied, a gap is parked until it is filled. So neither a redelivery nor
a second publisher can repeat or reorder an effect. An event that is given up leaves a gap too,
and what follows it waits behind it.
"""

from __future__ import annotations

import traceback
from collections import defaultdict
from typing import TYPE_CHECKING, Generic, TypeVar

from services.runtime import telemetry
from services.runtime.arrivals import Arrival, DeadLetter
from services.runtime.stage import carry_out
from services.runtime.step import Change, Early, Ignored, Step

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from services.runtime.stage import Consumer
    from services.runtime.transaction import Tx

S = TypeVar("S")

#: Complaint, writer, number.
Turn = tuple["UUID", str, int]

log = telemetry.get_logger()


class Batch(Generic[S]):
    """Applies arrivals to states; afterwards says what has to be written.

    Attributes:
        seen: Last number applied per complaint and writer, kept up to date.
        seen_before: The same at the beginning.
        left: What was parked and has had its turn.
        waiting: Arrivals whose turn hasn't come, by complaint, writer and number.
        reasons: Why each of them waits.
        dead: What was given up.
        applied: What had its turn, also when it changed nothing.
    """

    def __init__(
        self,
        consumer: Consumer[S],
        now: datetime,
        seen: dict[tuple[UUID, str], int],
        states: dict[UUID, S],
        parked: Iterable[Arrival],
    ) -> None:
        """Begin with what the database knows."""
        self._consumer = consumer
        self._now = now
        self._states = dict(states)
        self._before = states
        self._steps: list[tuple[Arrival, Step[S]]] = []
        self.seen = dict(seen)
        self.seen_before = seen
        self.left: list[Turn] = []
        self.waiting: dict[Turn, Arrival] = {}
        self.reasons: dict[Turn, str] = {}
        self.dead: list[DeadLetter] = []
        self.applied: list[Turn] = []
        self._waiting_of: dict[UUID, set[Turn]] = defaultdict(set)
        for arrival in parked:
            self._wait(arrival, "parked")

    def offer(self, arrivals: Iterable[Arrival]) -> None:
        """Apply what has its turn, in order; set the rest aside."""
        for arrival in arrivals:
            if self._try(arrival):
                self._retry(arrival.event.complaintid)

    def retry_waiting(self) -> None:
        """Try everything that waits, such as after a pause."""
        for key in list(self._waiting_of):
            self._retry(key)

    def _retry(self, key: UUID) -> None:
        """Something moved for this complaint: others may have their turn now."""
        progress = True
        while progress and self._waiting_of.get(key):
            turns = sorted(self._waiting_of[key], key=lambda turn: (turn[2], turn[1]))
            progress = any(self._try(self.waiting[turn]) for turn in turns)

    def _try(self, arrival: Arrival) -> bool:
        """Apply one arrival if it is its turn; True if something moved."""
        event = arrival.event
        turn = (event.complaintid, event.source, event.sequence)
        last = self.seen.get(arrival.writer, 0)
        if event.sequence <= last:
            telemetry.DUPLICATES.labels(arrival.record.partition.topic).inc()
            self._leave(turn)
            self.applied.append(turn)
            return False
        if event.sequence > last + 1:
            self._wait(arrival, "gap")
            return False
        return self._decide(arrival, turn)

    def _decide(self, arrival: Arrival, turn: Turn) -> bool:
        event = arrival.event
        try:
            outcome = self._consumer.decide(event, self._states.get(event.complaintid), self._now)
        except Exception as error:  # noqa: BLE001 - a bug in a decision costs one event, not all
            self._leave(turn)
            self.dead.append(given_up(arrival, error))
            return False
        match outcome:
            case Early(reason):
                self._wait(arrival, reason)
                return False
            case Ignored(reason):
                telemetry.IGNORED.labels(reason).inc()
            case Step():
                self._states[event.complaintid] = outcome.state
                self._steps.append((arrival, outcome))
        self.seen[arrival.writer] = event.sequence
        self._leave(turn)
        self.applied.append(turn)
        return True

    def _wait(self, arrival: Arrival, reason: str) -> None:
        event = arrival.event
        turn = (event.complaintid, event.source, event.sequence)
        self.waiting[turn] = arrival
        self.reasons[turn] = reason
        self._waiting_of[event.complaintid].add(turn)

    def _leave(self, turn: Turn) -> None:
        arrival = self.waiting.pop(turn, None)
        if arrival is not None and arrival.parked_at is not None:
            self.left.append(turn)
        self._waiting_of[turn[0]].discard(turn)

    def give_up_older_than(self, oldest: datetime) -> list[DeadLetter]:
        """Give up what was parked before `oldest`."""
        overdue = {t: a for t, a in self.waiting.items() if a.parked_at and a.parked_at < oldest}
        letters = []
        for turn, arrival in overdue.items():
            why = f"waited too long: {self.reasons[turn]}"
            letters.append(
                DeadLetter(arrival.record, "too-early", why, arrival.attempts + 1, arrival.event)
            )
            self._leave(turn)
        return letters

    def changes(self) -> list[Change[S]]:
        """How states changed, one change a complaint, in the order of the keys."""
        changed = {arrival.event.complaintid for arrival, _ in self._steps}
        return [Change(key, self._before.get(key), self._states[key]) for key in sorted(changed)]

    def carry_out(self, tx: Tx) -> None:
        """Put facts and deadlines into the transaction, in the order they came about."""
        for arrival, step in self._steps:
            event = arrival.event
            carry_out(tx, event.complaintid, step, cause=event.id, traceparent=event.traceparent)


def given_up(arrival: Arrival, error: Exception) -> DeadLetter:
    """Describe an arrival that failed for good."""
    log.error(
        "event-given-up",
        event_id=str(arrival.event.id),
        complaint_id=str(arrival.event.complaintid),
        trace="".join(traceback.format_exception(error)),
    )
    return DeadLetter(
        arrival.record,
        getattr(error, "code", "bug"),
        f"{type(error).__name__}: {error}",
        arrival.attempts + 1,
        arrival.event,
    )
