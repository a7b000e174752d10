"""One worker of `benchmarks.timers`: the tracker's clocks, the bare engine, or pgqueuer.

    python -m benchmarks.firing tracker DSN --policy policy/beijing     # started by the benchmark

Says "ready", waits for "go" on its standard input, fires until nothing is due (`--keep-on`: until
its standard input closes), and writes what came of it as one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import asyncpg
import uvloop
from pgqueuer import AsyncpgPoolDriver, Job, PgQueuer, Queries
from pgqueuer.types import QueueExecutionMode

from services.events import OrderAtRisk
from services.policy import folder, load
from services.runtime.clock import SystemClock
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.service import Context, spare_the_collector
from services.runtime.step import Change, Deadline, Step
from services.runtime.timers import Timers
from services.tracker.__main__ import TrackerSettings, build

if TYPE_CHECKING:
    from datetime import datetime

    from services.runtime.transaction import Tx

S = TypeVar("S")

MARKS = """
    CREATE TABLE tracker.mark (key uuid PRIMARY KEY, fired int NOT NULL);
    CREATE TABLE tracker.told (id bigint GENERATED ALWAYS AS IDENTITY, key uuid NOT NULL)
"""
_STORE = """
    UPDATE tracker.mark m SET fired = c.fired
    FROM unnest($1::uuid[], $2::int[]) AS c (key, fired) WHERE m.key = c.key
"""
#: What one job of the library does: the same update and the same insert, in one round trip.
_JOB = """
    WITH marked AS (UPDATE tracker.mark SET fired = fired + 1 WHERE key = $1 RETURNING key)
    INSERT INTO tracker.told (key) SELECT key FROM marked
"""


class Marks:
    """The least a stage can do: a row that counts its firings, and one fact for each."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, int]:
        """Read and lock."""
        skip = "SKIP LOCKED" if skip_locked else ""
        sql = f"SELECT key, fired FROM mark WHERE key = ANY($1::uuid[]) FOR UPDATE {skip}"
        return dict(await tx.conn.fetch(sql, keys))

    async def store(self, tx: Tx, changes: Sequence[Change[int]]) -> None:
        """Write."""
        await tx.conn.execute(_STORE, [c.key for c in changes], [c.after for c in changes])

    def decide_due(self, deadline: Deadline, state: int, now: datetime) -> Step[int]:
        """Count it, and say so."""
        fact = OrderAtRisk(order_id=deadline.subject, agency="street", due_at=now)
        return Step(state + 1, (fact,))


class Watched(Timers[S]):
    """Timers that remember how late each deadline was once its firing was durable."""

    def __init__(self, stage: Any, db: Database) -> None:  # noqa: ANN401 - any stage
        """Note what is decided."""
        super().__init__(stage, db)
        self.late: list[float] = []
        self._decided: list[float] = []
        decide = stage.decide_due

        def noting(deadline: Deadline, state: S, now: datetime) -> Any:  # noqa: ANN401
            self._decided.append(deadline.due_at.timestamp())
            return decide(deadline, state, now)

        stage.decide_due = noting

    async def fire(self, *limits: int) -> int:
        """Fire, and look at the clock."""
        self._decided.clear()
        fired = await super().fire(*limits)
        now = time.time()
        self.late += [now - due_at for due_at in self._decided]
        return fired


async def go(loop: asyncio.AbstractEventLoop) -> None:
    """Say that all is prepared, and wait for the word."""
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)


async def engine(options: argparse.Namespace) -> dict[str, Any]:
    """Run our timers, on the tracker's own stage or on `Marks`."""
    db = await Database.connect(options.dsn, "tracker", size=4)
    stage: Any = Marks()
    if options.what == "tracker":
        policy = load(folder.read(options.policy))
        policies, clock = PolicyStore.fixed(policy), SystemClock()
        stage = build(Context(TrackerSettings(), db, policies, clock)).timed
    timers: Watched[Any] = Watched(stage, db)
    await db.fetchval("SELECT 1")
    spare_the_collector()
    loop = asyncio.get_running_loop()
    await go(loop)
    began = time.time()
    if options.keep_on:
        running = asyncio.ensure_future(timers.run())
        await loop.run_in_executor(None, sys.stdin.readline)
        running.cancel()
    else:
        while await timers.fire():
            pass
    ended = time.time()
    await db.close()
    late = [round(seconds, 4) for seconds in timers.late] if options.keep_on else []
    return {"fired": len(timers.late), "began": began, "ended": ended, "late": late}


async def library(options: argparse.Namespace) -> dict[str, Any]:
    """Run pgqueuer on its own table until that is empty."""
    async with asyncpg.create_pool(options.dsn, min_size=2, max_size=10) as pool:
        worker = PgQueuer(AsyncpgPoolDriver(pool))
        fired = 0

        @worker.entrypoint("mark")
        async def mark(job: Job) -> None:
            nonlocal fired
            await pool.execute(_JOB, UUID(bytes=job.payload or b""))
            fired += 1

        await go(asyncio.get_running_loop())
        began = time.time()
        await worker.qm.run(batch_size=options.batch, mode=QueueExecutionMode.drain)
        return {"fired": fired, "began": began, "ended": time.time(), "late": []}


async def install(dsn: str) -> None:
    """Give pgqueuer its tables."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        await Queries(AsyncpgPoolDriver(pool)).install()


async def enqueue(dsn: str, keys: Sequence[UUID], advance: Callable[[int], None]) -> None:
    """Give pgqueuer a due job for each key."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        queries = Queries(AsyncpgPoolDriver(pool))
        for first in range(0, len(keys), 5_000):
            some = [key.bytes for key in keys[first : first + 5_000]]
            await queries.enqueue(["mark"] * len(some), list(some), [0] * len(some))
            advance(len(some))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("tracker", "bare", "pgqueuer"))
    parser.add_argument("dsn")
    parser.add_argument("--policy", type=Path, default=Path("policy/beijing"))
    parser.add_argument("--keep-on", action="store_true")
    parser.add_argument("--batch", type=int, default=100, help="of the library")
    options = parser.parse_args()
    work: Coroutine[Any, Any, dict[str, Any]] = (
        library(options) if options.what == "pgqueuer" else engine(options)
    )
    print(json.dumps(uvloop.run(work)), flush=True)


if __name__ == "__main__":
    main()
