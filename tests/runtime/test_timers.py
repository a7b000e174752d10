"""Clocks among states that are locked or gone: nothing is lost, nothing holds up the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.migrate import migrate
from services.runtime.postgres import Database
from services.runtime.step import Deadline
from services.runtime.timers import Timers
from services.runtime.transaction import Tx
from tests.builders import NOON
from tests.runtime.counting import TABLE, Counting

pytestmark = pytest.mark.postgres

_SEEN = "INSERT INTO seen SELECT key, '{}' FROM unnest($1::uuid[]) AS key"
_DUE = "INSERT INTO deadline SELECT key, key, 'due', $2 FROM unnest($1::uuid[]) AS key"
_LOCK = "SELECT 1 FROM notifier.seen WHERE key = ANY($1::uuid[]) FOR UPDATE"


class Clocks:
    """Timers over states that a test puts there itself."""

    def __init__(self, db: Database, clock: ManualClock) -> None:
        self.db = db
        self.clock = clock
        self.timers = Timers(Counting(), db)

    async def set(self, count: int, ago: timedelta, *, with_state: bool = True) -> list[UUID]:
        """Put deadlines there that came due a while ago."""
        keys = [new_id() for _ in range(count)]
        if with_state:
            await self.db.execute(_SEEN, keys)
        await self.db.execute(_DUE, keys, self.clock.now() - ago)
        return keys

    async def fired(self, keys: Iterable[UUID]) -> list[int]:
        """How often each has fired, by key."""
        rows = await self.db.fetch("SELECT key, cardinality(texts) AS n FROM seen")
        count = {row["key"]: row["n"] for row in rows}
        return [count[key] for key in keys]

    async def waiting(self) -> int:
        """How many deadlines are there."""
        count: int = await self.db.fetchval("SELECT count(*) FROM deadline")
        return count


@pytest.fixture
async def clocks(dsn: str) -> AsyncIterator[Clocks]:
    """A migrated database, at noon."""
    await migrate(dsn, "notifier")
    clock = ManualClock(NOON)
    db = await Database.connect(dsn, "notifier", clock=clock)
    await db.execute(TABLE)
    yield Clocks(db, clock)
    await db.close()


async def test_deadlines_without_a_state_do_not_block_those_behind_them(clocks: Clocks) -> None:
    """More of them than a batch holds, all older than a clock that somebody waits for."""
    await clocks.set(25, timedelta(hours=2), with_state=False)
    (key,) = await clocks.set(1, timedelta(hours=1))
    rounds = [await clocks.timers.fire(10) for _ in range(4)]
    assert rounds == [0, 0, 1, 0]
    assert await clocks.fired([key]) == [1]


async def test_deadlines_without_a_state_are_removed(clocks: Clocks) -> None:
    """They promise nothing to anybody, and would be claimed again for ever."""
    await clocks.set(45, timedelta(hours=2), with_state=False)
    for _ in range(4):  # Met once, then asked about, twenty at a time.
        await clocks.timers.fire()
    assert await clocks.waiting() == 0


async def test_locked_states_do_not_block_the_clocks_behind_them(clocks: Clocks, dsn: str) -> None:
    """Somebody holds a whole batch's worth of the oldest; they fire once it lets go."""
    oldest = await clocks.set(30, timedelta(hours=2))
    others = await clocks.set(5, timedelta(hours=1))
    holder = await asyncpg.connect(dsn)
    try:
        async with holder.transaction():
            await holder.execute(_LOCK, oldest)
            while await clocks.timers.fire(10) == 0:
                pass
            assert await clocks.fired(others) == [1] * 5
            assert await clocks.waiting() == 30
        while await clocks.timers.fire(10):
            pass
    finally:
        await holder.close()
    assert await clocks.fired([*oldest, *others]) == [1] * 35
    assert await clocks.waiting() == 0


async def test_a_locked_state_is_not_taken_for_a_missing_one(clocks: Clocks, dsn: str) -> None:
    """The question whether it exists must neither wait for the lock nor lose the clock."""
    locked = await clocks.set(1, timedelta(hours=2))
    await clocks.set(1, timedelta(hours=2), with_state=False)
    holder = await asyncpg.connect(dsn)
    try:
        async with holder.transaction():
            await holder.execute(_LOCK, locked)
            assert [await clocks.timers.fire() for _ in range(3)] == [0, 0, 0]
            assert await clocks.waiting() == 1
        assert await clocks.timers.fire() == 1
    finally:
        await holder.close()


async def test_the_oldest_of_a_backlog_fire_first(clocks: Clocks) -> None:
    """After an outage whoever has waited longest is served first, batch by batch."""
    newer = await clocks.set(10, timedelta(hours=1))
    older = await clocks.set(10, timedelta(hours=2))
    assert await clocks.timers.fire(10) == 10
    assert await clocks.fired([*older, *newer]) == [1] * 10 + [0] * 10


async def test_clocks_of_one_instant_all_fire_though_they_are_more_than_a_batch(
    clocks: Clocks,
) -> None:
    """A working day ends for thousands of orders at the same second."""
    keys = await clocks.set(35, timedelta(hours=1))
    while await clocks.timers.fire(10):
        pass
    assert await clocks.fired(keys) == [1] * 35


async def test_a_clock_set_into_the_past_fires_though_a_backlog_has_been_gone_through(
    clocks: Clocks,
) -> None:
    """A later round begins at the front again."""
    await clocks.set(10, timedelta(hours=1))
    assert await clocks.timers.fire(10) == 10
    (key,) = await clocks.set(1, timedelta(hours=3))
    while await clocks.fired([key]) == [0]:
        await clocks.timers.fire(10)
    assert await clocks.waiting() == 0


class Unreadable(Counting):
    """A stage with one state that can't be read."""

    def __init__(self, broken: UUID) -> None:
        super().__init__()
        self._broken = broken

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, tuple[str, ...]]:
        """Fail if that state is among them."""
        if self._broken in keys:
            raise ValueError("can't be read")
        return await super().load(tx, keys, skip_locked=skip_locked)


async def test_a_state_that_cannot_be_read_is_found_and_holds_up_no_other(clocks: Clocks) -> None:
    """It is the oldest of all; every round that fails looks at fewer."""
    (broken,) = await clocks.set(1, timedelta(hours=2))
    others = await clocks.set(700, timedelta(hours=1))
    timers = Timers(Unreadable(broken), clocks.db)
    failures = 0
    while await clocks.waiting() > 1:
        try:
            await timers.work()
        except ValueError:
            failures += 1
    assert failures == 4  # Of 500, 62, 7 and 1.
    assert await clocks.fired([broken, *others]) == [0] + [1] * 700
    later = await clocks.db.fetchval("SELECT due_at FROM deadline")
    assert later == clocks.clock.now() + timedelta(minutes=1)


async def test_a_clock_that_another_key_woke_is_not_put_off_by_its_own(clocks: Clocks) -> None:
    """Both decide in one transaction, in either order; the later look would come a day late."""
    first, second = new_id(), new_id()
    async with clocks.db.transaction() as tx:
        later = tx.now + timedelta(days=1)
        tx.wake(Deadline(first, first, "follow", tx.now))
        tx.set_deadline(Deadline(first, first, "follow", later))
        tx.set_deadline(Deadline(second, second, "follow", later))
        tx.wake(Deadline(second, second, "follow", tx.now))
    rows = await clocks.db.fetch("SELECT key, due_at FROM deadline")
    assert {row["key"]: row["due_at"] for row in rows} == {
        first: clocks.clock.now(),
        second: clocks.clock.now(),
    }
