"""Facts that are durable but not yet told: published from memory, swept after a crash.

A transaction writes its facts into `outbox`. Once it has committed they are published
straight from memory, in order; their rows are deleted in a later transaction. What a crash
or an outage of the broker leaves behind, the sweep publishes. A fact may be told twice and,
between two publishers, out of order: readers go by its sequence.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson

from services.runtime import telemetry
from services.runtime.bus import Outgoing
from services.runtime.errors import is_transient
from services.runtime.failpoints import hit

if TYPE_CHECKING:
    from uuid import UUID

    from services.runtime.bus import Headers, Publisher
    from services.runtime.postgres import Database
    from services.runtime.transaction import OutboxRow

#: Rows older than this were left behind by somebody. Longer than a healthy publish takes.
SWEEP_AFTER_S = 5.0

#: Rows one sweep takes; a full one means that there is more.
SWEEP_ROWS = 1000

#: Rows kept in memory at the most; beyond, the sweep reads them back when the broker is there.
MEMORY_MAX = 20_000

_SWEEP = f"""
    SELECT id, topic, key, body, headers FROM outbox
    WHERE created_at <= clock_timestamp() - make_interval(secs => $1) AND id <> ALL($2::uuid[])
    ORDER BY created_at, sequence LIMIT {SWEEP_ROWS} FOR UPDATE SKIP LOCKED
"""
_DELETE = "DELETE FROM outbox WHERE id = ANY($1::uuid[])"

log = telemetry.get_logger()


class Outbox:
    """Publishes what transactions have made true."""

    def __init__(self, db: Database, publisher: Publisher) -> None:
        """Tell what `db` commits from now on through `publisher`."""
        self._db = db
        self._publisher = publisher
        self._waiting: list[OutboxRow] = []
        self._holding: set[UUID] = set()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        db.on_commit = self.submit

    def submit(self, rows: list[OutboxRow]) -> None:
        """Take rows that have just been committed."""
        if len(self._waiting) + len(rows) > MEMORY_MAX:
            return  # They are durable; the sweep will find them.
        self._waiting.extend(rows)
        self._holding.update(row.id for row in rows)
        telemetry.OUTBOX_WAITING.set(len(self._waiting))
        self._idle.clear()
        self._wake.set()

    @property
    def backlog(self) -> int:
        """How many rows wait in memory."""
        return len(self._waiting)

    async def drained(self) -> None:
        """Wait until nothing waits in memory."""
        await self._idle.wait()

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.tell_waiting()

    async def tell_waiting(self) -> int:
        """Publish what waits in memory; returns how many rows."""
        rows, self._waiting = self._waiting, []
        if rows:
            await self._tell(rows)
        telemetry.OUTBOX_WAITING.set(len(self._waiting))
        if not self._waiting:
            self._idle.set()
        return len(rows)

    async def _tell(self, rows: list[OutboxRow]) -> None:
        hit("after_commit_before_publish")
        try:
            await self._publisher.publish([row.outgoing for row in rows])
        except Exception as error:
            if not is_transient(error):
                log.exception("publish-failed", rows=len(rows))
            else:
                log.warning("publish-failed", rows=len(rows), error=str(error))
            self._holding.difference_update(row.id for row in rows)
            return
        hit("after_publish_before_mark_sent")
        ids = [row.id for row in rows]
        self._holding.difference_update(ids)
        self._db.told(ids)

    async def sweep(self, older_than_s: float = SWEEP_AFTER_S) -> int:
        """Publish what somebody left behind; returns how many rows."""
        async with self._db.transaction() as tx:
            ours = [*self._holding, *self._db.told_waiting]
            rows = await tx.conn.fetch(_SWEEP, older_than_s, ours)
            if rows:
                await self._publisher.publish(
                    [
                        Outgoing(
                            row["topic"],
                            row["key"],
                            row["body"],
                            unpack_headers(row["headers"]),
                        )
                        for row in rows
                    ]
                )
                hit("after_sweep_before_delete")
                await tx.conn.execute(_DELETE, [row["id"] for row in rows])
                telemetry.OUTBOX_SWEPT.inc(len(rows))
        return len(rows)

    async def run_sweeps(self, every_s: float = 1.0) -> None:
        """Sweep until cancelled: at once after a start, then every second, busily if behind."""
        older_than_s = 0.0  # At a start nothing of ours is in flight: all of it was left behind.
        while True:
            try:
                busy = await self.sweep(older_than_s) >= SWEEP_ROWS
                older_than_s = older_than_s if busy else SWEEP_AFTER_S
                await self._db.delete_told()
            except Exception as error:
                if not is_transient(error):
                    log.exception("sweep-failed")
                busy = False
            await asyncio.sleep(0 if busy else every_s)


def pack_headers(headers: Headers) -> bytes:
    """Make headers storable; bytes that aren't UTF-8 survive through Latin-1."""
    return orjson.dumps([[name, value.decode("latin-1")] for name, value in headers])


def unpack_headers(stored: bytes) -> Headers:
    """Read stored headers back to the same bytes."""
    return tuple((name, value.encode("latin-1")) for name, value in orjson.loads(stored))
