"""One service's database: a pool on its schema; facts are told once a transaction commits."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

from services.runtime.clock import Clock, SystemClock
from services.runtime.failpoints import hit
from services.runtime.transaction import Tx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from services.runtime.transaction import OutboxRow

_DELETE_OUTBOX = "DELETE FROM outbox WHERE id = ANY($1::uuid[])"

#: So long a statement waits for a lock; then it fails as if the database were away.
_LOCKED_WITHIN_S = 5
#: So long a transaction may do nothing; then its connection is closed and its locks are free.
_IDLE_WITHIN_S = 30


#: A statement that was planned while `delivery` was empty reads it whole, once for each row of a
#: batch, until the next analysis: measured, 352 million rows for 97,500 deliveries. All of the
#: notifier's statements have a key.
_PLANNING: Mapping[str, Mapping[str, str]] = {"notifier": {"enable_seqscan": "off"}}


class _Connection(asyncpg.Connection):
    """A connection that goes back to its pool as it is.

    asyncpg resets it first, one more round trip for every transaction and every statement.
    Nothing here changes a session's settings, listens, or locks beyond a transaction; what a
    cancelled transaction left open is rolled back all the same.
    """

    def get_reset_query(self) -> str:
        """Ask for nothing."""
        return ""


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
            connection_class=_Connection,
            init=_set_codecs,
            command_timeout=60,
            server_settings={
                "search_path": schema,
                "application_name": f"whistle-{schema}",
                "timezone": "UTC",
                # Who stalls with a lock must not stop all others: nothing of ours holds one for
                # longer than a batch, nor does anything else while a transaction is open.
                "lock_timeout": f"{_LOCKED_WITHIN_S}s",
                "idle_in_transaction_session_timeout": f"{_IDLE_WITHIN_S}s",
                "jit": "off",  # Short statements: compiling them costs more than it saves.
                **_PLANNING.get(schema, {}),
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
                    if rows:
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

    @property
    def instant(self) -> datetime | None:
        """The instant for a statement outside a transaction; None: its own `now()` counts."""
        return None if self._clock.is_database else self._clock.now()

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
    except (asyncpg.InterfaceError, asyncpg.PostgresError, asyncpg.InternalClientError, OSError):
        return


async def _set_codecs(conn: asyncpg.Connection) -> None:
    await conn.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value, default=str),
        decoder=lambda raw: orjson.loads(raw[1:]),
        format="binary",
    )
