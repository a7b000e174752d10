"""One service's database: a pool, and transactions that make facts durable with state.

Everything a decision leads to is in one PostgreSQL transaction: state, deadlines, and the
facts in the outbox, numbered under the lock of the complaint's row in `emitted_sequence`.
"""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import orjson

from services.events import Event, encode, topic_of
from services.runtime import telemetry
from services.runtime.bus import Outgoing
from services.runtime.clock import Clock, SystemClock
from services.runtime.failpoints import hit
from services.runtime.ids import child_id, new_id
from services.runtime.outbox import pack_headers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
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
_DELETE_OUTBOX = "DELETE FROM outbox WHERE id = ANY($1::uuid[])"
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
        """Start or move a clock."""
        name = (deadline.key, deadline.subject, deadline.kind)
        self._cleared.discard(name)
        self._set[name] = deadline.due_at

    def clear_deadline(self, key: UUID, subject: UUID, kind: str) -> None:
        """Stop a clock; no matter whether it runs."""
        self._set.pop((key, subject, kind), None)
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


class Database:
    """A pool on one service's schema; unqualified table names mean that schema's."""

    def __init__(self, pool: asyncpg.Pool, source: str, clock: Clock) -> None:
        """Use `connect` instead."""
        self._pool = pool
        self._source = source
        self._clock = clock
        self._told: list[UUID] = []
        self.on_commit: Callable[[list[OutboxRow]], None] = lambda _rows: None

    @classmethod
    async def connect(
        cls, dsn: str, schema: str, *, clock: Clock | None = None, size: int = 10
    ) -> Database:
        """Open a pool whose connections see `schema` first."""
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            init=_set_codecs,
            command_timeout=60,
            server_settings={
                "search_path": schema,
                "application_name": f"whistle-{schema}",
                "timezone": "UTC",
                "jit": "off",  # Short statements: compiling them costs more than it saves.
            },
        )
        return cls(pool, schema, clock or SystemClock())

    async def close(self) -> None:
        """Close the pool, giving running statements a moment."""
        await self._pool.close()

    def told(self, ids: list[UUID]) -> None:
        """Learn that the broker has these; their rows go with the next transaction."""
        self._told.extend(ids)

    @property
    def told_waiting(self) -> tuple[UUID, ...]:
        """What the broker has while its row is still here."""
        return tuple(self._told)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Run one transaction; what it emitted is told once it has committed."""
        told, self._told = self._told, []
        try:
            async with self._pool.acquire() as conn:
                transaction = conn.transaction()
                await transaction.start()
                try:
                    now = await self._now(conn)
                    tx = Tx(conn, now, self._source)
                    yield tx
                    rows = await tx.finish()
                    if told:
                        await conn.execute(_DELETE_OUTBOX, told)
                    hit("before_commit")
                except BaseException:
                    await _roll_back(transaction)
                    raise
                await transaction.commit()
        except BaseException:
            self._told.extend(told)
            raise
        if rows:
            self.on_commit(rows)

    async def _now(self, conn: Any) -> datetime:  # noqa: ANN401 - asyncpg's proxy
        if self._clock.is_database:
            now: datetime = await conn.fetchval("SELECT now()")
            return now
        return self._clock.now()

    async def delete_told(self) -> None:
        """Delete what has been told since the last transaction, if no transaction came."""
        if self._told:
            told, self._told = self._told, []
            await self._pool.execute(_DELETE_OUTBOX, told)

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:  # noqa: ANN401
        """Read rows outside a transaction."""
        rows: list[asyncpg.Record] = await self._pool.fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:  # noqa: ANN401
        """Read one row, or None."""
        return await self._pool.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:  # noqa: ANN401
        """Read one value."""
        return await self._pool.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:  # noqa: ANN401
        """Run one statement that tells nobody anything."""
        status: str = await self._pool.execute(sql, *args)
        return status


async def _roll_back(transaction: Any) -> None:  # noqa: ANN401
    """Undo, unless the connection is gone and the server has done so."""
    try:
        await transaction.rollback()
    except (asyncpg.InterfaceError, asyncpg.PostgresError, OSError):
        return


async def _set_codecs(conn: asyncpg.Connection) -> None:
    await conn.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value, default=str),
        decoder=lambda raw: orjson.loads(raw[1:]),
        format="binary",
    )
