"""One transaction: statements run on its connection, facts are said with `emit`.

Facts are numbered under the lock of the complaint's row in `emitted_sequence` and written to the
outbox when the transaction ends, so that state, deadlines and facts become true together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from services.events import Event, encode, topic_of
from services.runtime import telemetry
from services.runtime.bus import Outgoing
from services.runtime.ids import child_id, new_id
from services.runtime.outbox import pack_headers

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import Fact
    from services.runtime.bus import Headers
    from services.runtime.step import Deadline

_NUMBER = """
    INSERT INTO emitted_sequence AS e (key, last_sequence)
    SELECT * FROM unnest($1::uuid[], $2::int[])
    ON CONFLICT (key) DO UPDATE SET last_sequence = e.last_sequence + excluded.last_sequence
    RETURNING key, last_sequence
"""
_INSERT_OUTBOX = """
    INSERT INTO outbox (id, topic, key, sequence, body, headers)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::int[], $5::bytea[], $6::bytea[])
"""
_SET_DEADLINES = """
    INSERT INTO deadline (key, subject, kind, due_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
    ON CONFLICT (key, subject, kind) DO UPDATE SET due_at = excluded.due_at
"""
_CLEAR_DEADLINES = """
    DELETE FROM deadline d
    USING unnest($1::uuid[], $2::uuid[], $3::text[]) AS c (key, subject, kind)
    WHERE d.key = c.key AND d.subject = c.subject AND d.kind = c.kind
"""


class OutboxRow(NamedTuple):
    """A fact on its way out."""

    id: UUID
    outgoing: Outgoing
    sequence: int


class _Said(NamedTuple):
    key: UUID
    fact: Fact
    id: UUID
    cause: UUID | None
    policy: str | None
    traceparent: str | None


@dataclass(slots=True)
class Tx:
    """One transaction: run statements on `conn`, say facts with `emit`.

    Attributes:
        conn: The connection, inside the transaction.
        now: The transaction's instant by the database's clock (a test's by its own).
    """

    conn: Any
    now: datetime
    source: str
    _said: list[_Said] = field(default_factory=list)
    _raw: list[OutboxRow] = field(default_factory=list)
    _set: dict[tuple[UUID, UUID, str], datetime] = field(default_factory=dict)
    _cleared: set[tuple[UUID, UUID, str]] = field(default_factory=set)
    _woken: set[tuple[UUID, UUID, str]] = field(default_factory=set)

    def emit(
        self,
        key: UUID,
        fact: Fact,
        *,
        cause: UUID | None = None,
        ordinal: int = 0,
        policy: str | None = None,
        traceparent: str | None = None,
    ) -> UUID:
        """Say a fact about complaint `key`; it is told once this transaction has committed.

        Args:
            key: The complaint.
            fact: What became true.
            cause: The event or deadline it follows from; None at the door.
            ordinal: Which one of the cause's facts, so that a repetition repeats the id.
            policy: Hash of the policy that decided.
            traceparent: Trace context to hand on.

        Returns:
            The event's id.
        """
        name = type(fact).__name__
        event_id = child_id(cause, name, ordinal) if cause else new_id()
        self._said.append(_Said(key, fact, event_id, cause, policy, traceparent))
        return event_id

    def send_raw(self, row: OutboxRow) -> None:
        """Send bytes that are not an event of ours, such as a dead letter."""
        self._raw.append(row)

    def set_deadline(self, deadline: Deadline) -> None:
        """Start or move a clock; one that another key woke isn't put off."""
        name = (deadline.key, deadline.subject, deadline.kind)
        if name in self._woken and self._set[name] <= deadline.due_at:
            return
        self._cleared.discard(name)
        self._set[name] = deadline.due_at

    def wake(self, deadline: Deadline) -> None:
        """Have another key look again: it may decide in this transaction without knowing why."""
        self.set_deadline(deadline)
        self._woken.add((deadline.key, deadline.subject, deadline.kind))

    def clear_deadline(self, key: UUID, subject: UUID, kind: str) -> None:
        """Stop a clock; no matter whether it runs."""
        self._set.pop((key, subject, kind), None)
        self._woken.discard((key, subject, kind))
        self._cleared.add((key, subject, kind))

    async def finish(self) -> list[OutboxRow]:
        """Write deadlines and facts; returns what to tell after the commit."""
        if self._cleared:
            await self.conn.execute(_CLEAR_DEADLINES, *zip(*sorted(self._cleared), strict=True))
        if self._set:
            rows = [(*name, due_at) for name, due_at in sorted(self._set.items())]
            await self.conn.execute(_SET_DEADLINES, *zip(*rows, strict=True))
        rows_out = [*(await self._number()), *self._raw]
        if rows_out:
            await self.conn.execute(
                _INSERT_OUTBOX,
                [row.id for row in rows_out],
                [row.outgoing.topic for row in rows_out],
                [row.outgoing.key for row in rows_out],
                [row.sequence for row in rows_out],
                [row.outgoing.body for row in rows_out],
                [pack_headers(row.outgoing.headers) for row in rows_out],
            )
        return rows_out

    async def _number(self) -> list[OutboxRow]:
        """Number the facts under the lock of each complaint's counter."""
        if not self._said:
            return []
        counts = Counter(said.key for said in self._said)
        keys = sorted(counts)  # One order for all transactions: no deadlock.
        found = await self.conn.fetch(_NUMBER, keys, [counts[key] for key in keys])
        last = {row["key"]: row["last_sequence"] - counts[row["key"]] for row in found}
        rows = []
        for said in self._said:
            last[said.key] += 1
            rows.append(self._row(said, last[said.key]))
        return rows

    def _row(self, said: _Said, sequence: int) -> OutboxRow:
        kind = f"whistle.{type(said.fact).__name__}"
        event = Event.model_construct(
            id=said.id,
            source=self.source,  # type: ignore[arg-type]  # one of SOURCES
            type=kind,
            time=self.now,
            complaintid=said.key,
            causeid=said.cause,
            sequence=sequence,
            policy=said.policy,
            traceparent=said.traceparent,
            data=said.fact,
        )
        telemetry.EMITTED.labels(kind).inc()
        topic = topic_of(type(said.fact)).name
        key = str(said.key).encode()
        outgoing = Outgoing(topic, key, encode(event), event_headers(event))
        return OutboxRow(said.id, outgoing, sequence)


def event_headers(event: Event) -> Headers:
    """Mirror in headers what tools filter by; the body is the authority."""
    headers = (
        ("content-type", b"application/cloudevents+json"),
        ("ce_id", str(event.id).encode()),
        ("ce_type", event.type.encode()),
        ("ce_source", event.source.encode()),
    )
    if event.traceparent:
        return (*headers, ("traceparent", event.traceparent.encode()))
    return headers
