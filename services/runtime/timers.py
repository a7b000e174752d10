"""Clocks that survive a crash: a deadline table, fired by any number of workers.

Firing is one transaction: the deadline's row goes, the state changes, the facts are in the
outbox. A worker locks deadlines and states with SKIP LOCKED, so it never waits for a batch that
is just changing the same case, and whoever commits first wins. Time is the database's. After an
outage the oldest fire first, in batches.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

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

_CLAIM = """
    SELECT key, subject, kind, due_at FROM deadline
    WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_REMOVE = """
    DELETE FROM deadline d
    USING unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
        AS f (key, subject, kind, due_at)
    WHERE d.key = f.key AND d.subject = f.subject AND d.kind = f.kind AND d.due_at = f.due_at
"""

#: Deadlines in one transaction. Measured: 500 fire several times as many a second as one by one.
BATCH_MAX = 500

#: A deadline whose decision raised is tried again after this.
_AGAIN_AFTER = timedelta(minutes=1)

#: How long an idle worker waits before it looks again.
POLL_S = 0.25

log = telemetry.get_logger()


class Timers(Generic[S]):
    """Fires the deadlines of one service."""

    def __init__(self, stage: TimedStage[S], db: Database) -> None:
        """Wire the parts; `run` begins."""
        self._stage = stage
        self._db = db

    async def run(self) -> None:
        """Fire until cancelled."""
        failures = 0
        while True:
            try:
                busy = await self.fire() > 0
                failures = 0
                await asyncio.sleep(0 if busy else POLL_S)
            except Exception as error:
                if not is_transient(error):
                    log.exception("timers-failed")
                failures += 1
                await asyncio.sleep(back_off_s(failures))

    async def fire(self, limit: int = BATCH_MAX) -> int:
        """Fire what is due, the oldest first; returns how many fired.

        Deadlines whose state is locked elsewhere stay for the next round.
        """
        async with self._db.transaction() as tx:
            due = [Deadline(*row) for row in await tx.conn.fetch(_CLAIM, tx.now, limit)]
            if not due:
                return 0
            keys = sorted({deadline.key for deadline in due})
            states = await self._stage.load(tx, keys, skip_locked=True)
            mine = [deadline for deadline in due if deadline.key in states]
            await self._remove(tx, mine)
            changes = self._decide(tx, mine, states)
            if changes:
                await self._stage.store(tx, changes)
        hit("after_timer_commit")
        for deadline in mine:
            lateness_s = (tx.now - deadline.due_at).total_seconds()
            telemetry.TIMER_LATENESS.observe(max(lateness_s, 0.0))
            telemetry.TIMERS_FIRED.labels(deadline.kind).inc()
        return len(mine)

    @staticmethod
    async def _remove(tx: Tx, fired: Iterable[Deadline]) -> None:
        rows = [(d.key, d.subject, d.kind, d.due_at) for d in fired]
        if rows:
            await tx.conn.execute(_REMOVE, *(list(column) for column in zip(*rows, strict=True)))

    def _decide(self, tx: Tx, due: Iterable[Deadline], before: dict[UUID, S]) -> list[Change[S]]:
        by_key: dict[UUID, list[Deadline]] = defaultdict(list)
        for deadline in due:
            by_key[deadline.key].append(deadline)
        changes = []
        for key, deadlines in sorted(by_key.items()):
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
