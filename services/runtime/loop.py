"""The delivery loop: every service reads its topics through this, and nothing else.

Take what is there; decide in memory; in one PostgreSQL transaction compare-and-set the
offsets, check sequences, store states, deadlines, parked events, dead letters and the facts
that follow; after the commit the outbox publishes them while the next batch is decided.

If the process dies anywhere, the transaction either is there or isn't: a restart reads on from
the offset in PostgreSQL, and the sweep tells what was committed but not published.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from services.runtime import ledger, telemetry
from services.runtime.apply import Batch, given_up
from services.runtime.arrivals import Arrival, DeadLetter, read
from services.runtime.dead_letter_limit import DeadLetterLimit
from services.runtime.errors import StoppedError, is_transient
from services.runtime.failpoints import hit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from services.runtime.bus import Member, Partition, Record
    from services.runtime.outbox import Outbox
    from services.runtime.postgres import Database
    from services.runtime.stage import Consumer
    from services.runtime.transaction import Tx

S = TypeVar("S")

log = telemetry.get_logger()

#: How often a single event is tried that fails for a reason we don't know.
ATTEMPTS_MAX = 3

#: How long events that nobody waits for may gather. What a batch costs hardly depends on its size,
#: and of most topics a service needs the numbers but not, right now, the facts.
QUIET_S = 0.1

#: Facts waiting for the broker above which no more is read.
_BACKLOG_MAX = 5_000

_BACK_OFF_S = (0.05, 5.0)


class DeliveryLoop(Generic[S]):
    """Drives one consumer from one group membership."""

    def __init__(
        self, name: str, consumer: Consumer[S], member: Member, db: Database, outbox: Outbox
    ) -> None:
        """Wire the parts; `run` begins."""
        self.name = name
        self._consumer = consumer
        self._member = member
        self._db = db
        self._outbox = outbox
        self._held: dict[Partition, int] = {}
        self._uncommitted: dict[Partition, int] = {}
        self._committed_at = 0.0
        self._urgent = {f"whistle.{fact.__name__}".encode() for fact in consumer.urgent}
        self._quiet: list[Record] = []
        self._quiet_since = 0.0
        self._limit = DeadLetterLimit()
        self.stopped: StoppedError | None = None
        self.moved_at = time.monotonic()  #: When the loop last went round; for /healthz.

    async def start(self) -> None:
        """Join the group."""
        await self._member.start(self._starts)

    async def stop(self) -> None:
        """Leave the group, telling it how far we are."""
        await self._commit_offsets()
        await self._member.stop()

    @property
    def is_ready(self) -> bool:
        """True once partitions are ours."""
        return bool(self._member.assigned)

    async def _starts(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        while True:
            try:
                self._held |= await ledger.start_offsets(self._db, partitions)
                self._quiet = [r for r in self._quiet if r.partition not in partitions]
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("database-unreachable", error=str(error))
                await asyncio.sleep(0.5)
            else:
                return {p: self._held[p] for p in partitions}

    async def run(self, limit: int = 500) -> None:
        """Deliver until cancelled, or until there are too many dead letters."""
        failures = 0
        while self.stopped is None:
            try:
                await self.step(limit, 0.5)
                failures = 0
            except StoppedError as error:
                self.stopped = error
                log.critical("consumer-stopped", error=str(error))
            except Exception as error:
                if not is_transient(error):
                    log.exception("loop-failed")
                telemetry.RETRIES.labels(getattr(error, "code", type(error).__name__)).inc()
                log.warning("batch-failed", error=repr(error))
                failures += 1
                await asyncio.sleep(back_off_s(failures))
                await self._rewind()

    async def step(self, limit: int = 500, wait_s: float = 0.0) -> int:
        """Deliver what is there once; returns how many records were read."""
        self.moved_at = time.monotonic()
        if self._outbox.backlog > _BACKLOG_MAX:
            await self._outbox.drained()
        taken = await self._member.poll(limit, self._patience(wait_s))
        records = [r for r in taken if r.offset >= self._held.get(r.partition, 0)]
        if records := self._gathered(records, limit, wait_s):
            await self._deliver(records)
        await self._commit_offsets(every_s=1.0)
        return len(taken)

    def _patience(self, wait_s: float) -> float:
        """Wait for news no longer than what is gathered already may wait."""
        if not self._quiet:
            return wait_s
        return max(0.0, min(wait_s, self._quiet_since + QUIET_S - time.monotonic()))

    def _gathered(self, new: list[Record], limit: int, wait_s: float) -> list[Record]:
        """Hold back records that nobody waits for, a moment, to go with others in one batch.

        They are neither committed nor decided: after a crash they are read again. The header
        says the type; if it lies, all that is lost is the moment.
        """
        if new and not self._quiet:
            self._quiet_since = time.monotonic()
        self._quiet += new
        types = (value for r in new for name, value in r.headers if name == "ce_type")
        is_urgent = any(value in self._urgent for value in types)
        is_over = wait_s == 0 or time.monotonic() >= self._quiet_since + QUIET_S
        if not (is_urgent or is_over or len(self._quiet) >= limit):
            return []
        records, self._quiet = self._quiet, []
        return records

    async def _deliver(self, records: list[Record]) -> None:
        started = time.perf_counter()
        try:
            await self._transact(records)
        except Exception as error:
            if is_transient(error) or isinstance(error, StoppedError):
                raise
            log.warning("batch-split", events=len(records), error=repr(error))
            await self._one_by_one(records)
        telemetry.BATCH_SECONDS.observe(time.perf_counter() - started)
        telemetry.BATCH_EVENTS.observe(len(records))
        for record in records:
            telemetry.CONSUMED.labels(record.partition.topic).inc()

    async def _one_by_one(self, records: list[Record]) -> None:
        """Find the culprit: whatever fails alone and again is given up, the rest goes on."""
        for record in records:
            for attempt in range(1, ATTEMPTS_MAX + 1):
                try:
                    await self._transact([record])
                except Exception as error:
                    if is_transient(error) or isinstance(error, StoppedError):
                        raise
                    if attempt == ATTEMPTS_MAX:
                        await self._give_up(record, error)
                else:
                    break

    async def _give_up(self, record: Record, error: Exception) -> None:
        arrivals, dead = read([record])
        letter = dead[0] if dead else given_up(arrivals[0], error)
        self._limit.count(1, 0)
        try:
            await self._bury(record, letter)
        except Exception as again:
            if is_transient(again):
                raise
            # Something the event says can't be stored: keep its bytes alone.
            log.exception("burial-failed", offset=record.offset)
            await self._bury(record, replace(letter, event=None))

    async def _bury(self, record: Record, letter: DeadLetter) -> None:
        to = {record.partition: record.offset + 1}
        async with self._db.transaction() as tx:
            await ledger.advance(tx, self._held, to)
            await ledger.bury(tx, [letter], self.name)
        self._moved(to)

    async def _transact(self, records: list[Record]) -> None:
        arrivals, dead = read(records)
        to = {record.partition: record.offset + 1 for record in records}
        async with self._db.transaction() as tx:
            await ledger.advance(tx, self._held, to)
            keys = sorted({arrival.event.complaintid for arrival in arrivals})
            batch = await self._decide(tx, keys, arrivals)
            self._limit.count(len(dead) + len(batch.dead), len(batch.applied))
            await self._write(tx, batch, dead)
        self._moved(to)
        hit("after_commit_before_kafka_commit")
        self._consumer.committed(batch.changes())
        for arrival in arrivals[-1:]:
            age_s = tx.now.timestamp() - arrival.event.time.timestamp()
            telemetry.LAG_SECONDS.labels(arrival.record.partition.topic).set(age_s)

    async def _decide(self, tx: Tx, keys: list[UUID], arrivals: list[Arrival] | None) -> Batch[S]:
        """Load what these complaints need and decide; None retries what waits for them."""
        seen = await ledger.seen(tx, keys) if keys else {}
        waiting = await ledger.parked(tx, keys) if keys else []
        states = await self._consumer.load(tx, keys) if keys else {}
        batch = Batch(self._consumer, tx.now, seen, states, waiting)
        if arrivals is None:
            batch.retry_waiting()
        else:
            batch.offer(arrivals)
        return batch

    async def _write(self, tx: Tx, batch: Batch[S], dead: list[DeadLetter]) -> None:
        changes = batch.changes()
        if changes:
            await self._consumer.store(tx, changes)
        batch.carry_out(tx)
        await ledger.set_seen(tx, batch.seen_before, batch.seen)
        await ledger.park(tx, batch.waiting, batch.reasons)
        await ledger.unpark(tx, batch.left)
        await ledger.bury(tx, [*dead, *batch.dead], self.name)

    async def retry_parked(self) -> int:
        """Try again what was set aside; give up what has waited too long.

        Returns:
            How many complaints were tried.
        """
        async with self._db.transaction() as tx:
            keys = await ledger.due_parked(tx)
            if not keys:
                return 0
            batch = await self._decide(tx, keys, None)
            overdue = batch.give_up_older_than(tx.now - ledger.PARKED_MAX)
            await self._write(tx, batch, overdue)
            await ledger.put_off(tx, keys)
        self._consumer.committed(batch.changes())
        return len(keys)

    async def run_retries(self, every_s: float = 1.0) -> None:
        """Retry parked events until cancelled."""
        while True:
            try:
                await self.retry_parked()
            except Exception as error:
                if not is_transient(error):
                    log.exception("retry-parked-failed")
            await asyncio.sleep(every_s)

    def _moved(self, to: Mapping[Partition, int]) -> None:
        self._held |= to
        self._uncommitted |= to

    async def _rewind(self) -> None:
        """Read on from where PostgreSQL is: the client has gone past the failed batch."""
        self._quiet = []
        assigned = sorted(self._member.assigned)
        if assigned:
            await self._member.seek(await self._starts(assigned))

    async def _commit_offsets(self, every_s: float = 0.0) -> None:
        if self._uncommitted and time.monotonic() - self._committed_at >= every_s:
            offsets, self._uncommitted = self._uncommitted, {}
            self._committed_at = time.monotonic()
            await self._member.commit(offsets)


def back_off_s(failures: int) -> float:
    """Wait longer after each failure, up to a limit, and never all at the same time."""
    least, most = _BACK_OFF_S
    return float(min(most, least * 2**failures) * random.uniform(0.5, 1.0))  # noqa: S311
