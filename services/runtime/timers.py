"""Clocks that survive a crash: a deadline table, fired by any number of workers.

Firing is one transaction: the deadline's row goes, the state changes, the facts are in the
outbox. A worker locks deadlines and states with SKIP LOCKED, so it never waits for a batch that
is just changing the same case, and whoever commits first wins. Time is the database's. After an
outage the oldest fire first, in batches.

What can't fire now holds up nothing behind it: while a backlog is gone through, a state that
another transaction holds is passed over, and met again when the next sweep begins at the front. A
deadline whose state doesn't exist promises nothing to anybody; it is told apart and removed. A
batch that can't be read or stored is tried in ever smaller parts, until the one deadline that is
to blame is found and put off.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

import asyncpg

from services.runtime import telemetry
from services.runtime.errors import is_transient
from services.runtime.failpoints import hit
from services.runtime.ids import child_id
from services.runtime.loop import back_off_s
from services.runtime.stage import carry_out
from services.runtime.step import Change, Deadline, Ignored, Step

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from services.runtime.postgres import Database
    from services.runtime.stage import TimedStage
    from services.runtime.transaction import Tx

S = TypeVar("S")

# Deleted rows leave their places in the index until a vacuum: `since` spares reading them again.
_CLAIM = """
    SELECT key, subject, kind, due_at, ctid::text AS place FROM deadline
    WHERE due_at <= $1 AND due_at >= $3 AND key <> ALL($4::uuid[])
    ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
# Their places can't change while we hold their locks.
_REMOVE = "DELETE FROM deadline WHERE ctid = ANY($1::text[]::tid[])"
_NEXT = "SELECT due_at FROM deadline WHERE due_at > $1 ORDER BY due_at LIMIT 1"

#: Deadlines in one transaction. Measured: 500 fire several times as many a second as one by one.
BATCH_MAX = 500

#: A deadline whose decision raised is tried again after this.
_AGAIN_AFTER = timedelta(minutes=1)

#: How long an idle worker waits before it looks again, unless something is due sooner.
POLL_S = 0.25

#: The least it waits once nothing is left that it could fire: so long others may gather.
GATHER_S = 0.01

#: So long a sweep goes on before it begins at the front again, where locks may be free by now.
_SWEEP_S = 0.5

#: Deadlines of one round that are asked whether their state is locked or doesn't exist; each
#: question about a locked one waits for a millisecond.
_SUSPECTS_MAX = 20

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

log = telemetry.get_logger()


@dataclass(frozen=True, slots=True)
class _Claimed(Deadline):
    """A deadline whose row we hold, and where that is."""

    place: str


@dataclass(slots=True)
class _Sweep:
    """One way through a backlog, from its oldest deadline on."""

    began: float = field(default_factory=time.monotonic)
    since: datetime = _LONG_AGO
    left: set[UUID] = field(default_factory=set)  #: Their states couldn't be had.
    left_before: set[UUID] = field(default_factory=set)  #: Nor in the sweep before.

    @property
    def is_over(self) -> bool:
        """Tell whether to begin at the front again."""
        return time.monotonic() - self.began > _SWEEP_S


class Timers(Generic[S]):
    """Fires the deadlines of one service."""

    def __init__(self, stage: TimedStage[S], db: Database) -> None:
        """Wire the parts; `run` begins."""
        self._stage = stage
        self._db = db
        self._sweep = _Sweep()
        self._is_behind = False  #: The last batch was full: there are more behind it.
        self._wait_s = 0.0
        self._due: list[_Claimed] = []
        self._limit = BATCH_MAX

    async def run(self) -> None:
        """Fire until cancelled; between two rounds everything else has its turn."""
        failures = 0
        while True:
            try:
                await self.work()
                failures = 0
                await asyncio.sleep(self._wait_s)
            except Exception:  # noqa: BLE001 - `work` has told what is news.
                failures += 1
                await asyncio.sleep(back_off_s(failures))

    async def work(self) -> int:
        """Fire a batch; after one that failed through nobody's absence, a smaller one.

        Raises:
            Exception: Whatever the batch failed with.
        """
        try:
            fired = await self.fire(self._limit)
        except Exception as error:
            if not is_transient(error):
                log.exception("timers-failed", deadlines=len(self._due))
                self._is_behind = False  # The next sweep begins at the front.
                if len(self._due) == 1:
                    await self._put_off(self._due[0])
                self._limit = max(1, self._limit // 8)
            raise
        self._limit = min(2 * self._limit, BATCH_MAX)
        return fired

    async def _put_off(self, culprit: _Claimed) -> None:
        """Let a deadline whose state can't be read or stored hold up nothing behind it."""
        log.critical("deadline-put-off", complaint_id=str(culprit.key), kind=culprit.kind)
        async with self._db.transaction() as tx:
            tx.set_deadline(replace(culprit, due_at=tx.now + _AGAIN_AFTER))

    async def fire(self, limit: int = BATCH_MAX) -> int:
        """Fire what is due, the oldest first; returns how many fired.

        Deadlines whose state is locked elsewhere stay for a later round.
        """
        began = time.monotonic()
        async with self._db.transaction() as tx:
            self._due = due = await self._claim(tx, limit)
            mine = await self._fire(tx, due) if due else []
            self._wait_s = 0.0 if self._is_behind else await _until_next(tx)
        hit("after_timer_commit")
        took_s = time.monotonic() - began
        for deadline in mine:
            lateness_s = (tx.now - deadline.due_at).total_seconds() + took_s
            telemetry.TIMER_LATENESS.observe(max(lateness_s, 0.0))
        for kind, count in Counter(deadline.kind for deadline in mine).items():
            telemetry.TIMERS_FIRED.labels(kind).inc(count)
        return len(mine)

    async def _claim(self, tx: Tx, limit: int) -> list[_Claimed]:
        """Lock the oldest that are due, behind those that this sweep has been past."""
        if not self._is_behind or self._sweep.is_over:
            self._sweep = _Sweep(left_before=self._sweep.left)
        sweep = self._sweep
        rows = await tx.conn.fetch(_CLAIM, tx.now, limit, sweep.since, list(sweep.left))
        self._is_behind = len(rows) == limit
        if rows:
            sweep.since = rows[-1]["due_at"]
        return [_Claimed(*row) for row in rows]

    async def _fire(self, tx: Tx, due: list[_Claimed]) -> list[_Claimed]:
        """Decide and store what has a state that is free; returns which did."""
        keys = sorted({deadline.key for deadline in due})
        states = await self._stage.load(tx, keys, skip_locked=True)
        mine = [deadline for deadline in due if deadline.key in states]
        left = [deadline for deadline in due if deadline.key not in states]
        orphans = await self._orphans(tx, left) if left else []
        self._sweep.left.update(deadline.key for deadline in left)
        if gone := [deadline.place for deadline in (*mine, *orphans)]:
            await tx.conn.execute(_REMOVE, gone)
        if changes := await self._decide(tx, mine, states):
            await self._stage.store(tx, changes)
        return mine

    async def _orphans(self, tx: Tx, left: list[_Claimed]) -> list[_Claimed]:
        """Find the deadlines whose state isn't locked but doesn't exist.

        Asked the second time only: by then whoever was just changing a state has done so.
        """
        suspects = {deadline.key for deadline in left} & self._sweep.left_before
        keys = sorted(suspects)[:_SUSPECTS_MAX]
        missing = {key for key in keys if await self._is_missing(tx, key)}
        for key in missing:
            log.warning("deadline-without-state", complaint_id=str(key))
            telemetry.IGNORED.labels("deadline-without-state").inc()
        return [deadline for deadline in left if deadline.key in missing]

    async def _is_missing(self, tx: Tx, key: UUID) -> bool:
        """Ask for a state's lock without waiting; whatever it gave is given back."""
        savepoint = tx.conn.transaction()
        await savepoint.start()
        try:
            await tx.conn.execute("SET LOCAL lock_timeout = '1ms'")
            return key not in await self._stage.load(tx, [key])
        except asyncpg.LockNotAvailableError:
            return False
        finally:
            await savepoint.rollback()

    async def _decide(
        self, tx: Tx, due: Iterable[Deadline], before: dict[UUID, S]
    ) -> list[Change[S]]:
        """Decide case by case; every hundred, whoever waits for this process gets a turn."""
        by_key: dict[UUID, list[Deadline]] = defaultdict(list)
        for deadline in due:
            by_key[deadline.key].append(deadline)
        changes = []
        for number, (key, deadlines) in enumerate(sorted(by_key.items()), 1):
            if number % 100 == 0:
                await asyncio.sleep(0)
            state = before[key]
            for deadline in deadlines:
                outcome = self._decide_one(deadline, state, tx)
                if isinstance(outcome, Ignored):
                    telemetry.IGNORED.labels(outcome.reason).inc()
                    continue
                state = self._take(tx, deadline, outcome)
            if state is not before[key]:
                changes.append(Change(key, before[key], state))
        return changes

    def _decide_one(self, deadline: Deadline, state: S, tx: Tx) -> Step[S] | Ignored:
        """Decide; a bug in it puts off this deadline and holds up no other."""
        try:
            return self._stage.decide_due(deadline, state, tx.now)
        except Exception:
            log.exception("deadline-failed", complaint_id=str(deadline.key), kind=deadline.kind)
            tx.set_deadline(replace(deadline, due_at=tx.now + _AGAIN_AFTER))
            return Ignored("deadline-failed")

    @staticmethod
    def _take(tx: Tx, deadline: Deadline, step: Step[S]) -> S:
        """Carry out a step under an id that the same firing would repeat."""
        moment = f"{deadline.kind}@{deadline.due_at.isoformat()}"
        carry_out(tx, deadline.key, step, cause=child_id(deadline.subject, moment))
        return step.state


async def _until_next(tx: Tx) -> float:
    """Say for how long nothing needs to be done."""
    next_at: datetime | None = await tx.conn.fetchval(_NEXT, tx.now)
    if next_at is None:
        return POLL_S
    return min(max((next_at - tx.now).total_seconds(), GATHER_S), POLL_S)
