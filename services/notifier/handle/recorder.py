"""Writes down what became of attempts: many in one transaction, with the facts that follow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.events import HookDelivered, HookDisabled, HookFailed
from services.notifier.adapters import deliveries, endpoints
from services.notifier.adapters.deliveries import Outcome
from services.notifier.decide import Delivered, Disable, Job, RetryAt
from services.notifier.handle.rounds import run_rounds
from services.runtime import telemetry
from services.runtime.errors import is_transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.notifier.decide.breaker import Health
    from services.notifier.handle.attempts import Finished
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

log = telemetry.get_logger()

#: A moment in which more attempts may finish, so that they share a transaction.
GATHER_S = 0.1

#: Outcomes in one transaction.
BATCH_MAX = 1000

#: How often one outcome is tried that fails for a reason we don't know.
TRIES_MAX = 3

#: Replays that can be told apart in the ids of facts; more would repeat an id, not lose a fact.
_REPLAYS = 1000


class Recorder:
    """Gathers outcomes and stores them."""

    def __init__(self, db: Database, *, gather_s: float = GATHER_S) -> None:
        """Wire the parts; `run` begins."""
        self._db = db
        self._gather_s = gather_s
        self._finished: list[Finished] = []
        self._released: list[tuple[Job, datetime | None]] = []
        self._batch_max = BATCH_MAX
        self._failures = 0
        self._wake = asyncio.Event()
        self.on_recorded: Callable[[Sequence[Finished]], None] = lambda _finished: None
        self.on_health_changed: Callable[[], None] = lambda: None
        #: Told in the transaction that switches an endpoint off: the one place to tell operators.
        self.on_disabled: Callable[[Tx, HookDisabled], Awaitable[None]] = _nothing

    def finish(self, finished: Finished) -> None:
        """Take an attempt that was made."""
        self._finished.append(finished)
        self._wake.set()

    def release(self, job: Job, due_at: datetime | None) -> None:
        """Take a job that wasn't attempted."""
        self._released.append((job, due_at))
        self._wake.set()

    @property
    def is_idle(self) -> bool:
        """True while nothing waits to be written."""
        return not self._finished and not self._released

    async def run(self) -> None:
        """Write until cancelled."""
        await run_rounds("recorder", self._round, wake=self._wake)

    async def _round(self) -> bool:
        await asyncio.sleep(self._gather_s)
        await self.flush()
        return bool(self._finished or self._released)

    async def flush(self) -> int:
        """Write what has come in; returns how many attempts that were."""
        finished = self._finished[: self._batch_max]
        released, self._released = self._released, []
        if not finished and not released:
            return 0
        try:
            async with self._db.transaction() as tx:
                await deliveries.release(tx, released)
                is_health_changed = await self._write(tx, finished) if finished else False
        except BaseException as error:
            self._released = released + self._released
            if isinstance(error, Exception) and not is_transient(error):
                self._isolate(finished)
            raise
        self._taken(finished)
        self._failures = 0
        if is_health_changed:
            self.on_health_changed()
        return len(finished)

    def _taken(self, finished: Sequence[Finished]) -> None:
        del self._finished[: len(finished)]
        if not self._finished:
            self._batch_max = BATCH_MAX
        self.on_recorded(finished)

    def _isolate(self, finished: Sequence[Finished]) -> None:
        """Find the outcome that can't be written; it must not hold up all others.

        Dropping it is safe: its lease runs out, and the delivery is attempted again.
        """
        self._batch_max = 1
        self._failures += 1
        if len(finished) == 1 and self._failures >= TRIES_MAX:
            log.critical("outcome-dropped", delivery_id=str(finished[0].job.delivery_id))
            self._taken(finished)
            self._failures = 0

    async def _write(self, tx: Tx, finished: Sequence[Finished]) -> bool:
        counted = await deliveries.record(tx, [_outcome(one) for one in finished])
        for one in finished:
            if one.job.delivery_id in counted:
                _tell(tx, one)
        return await self._write_health(tx, finished)

    async def _write_health(self, tx: Tx, finished: Sequence[Finished]) -> bool:
        """Write what the batch says about endpoints; True if anything changed."""
        recovered, failing = _changes_of_health(finished)
        over = {
            one.endpoint.endpoint_id: (one, one.decision)
            for one in finished
            if isinstance(one.decision, Disable)
        }
        # All at once, and before what this batch says: it switches off by what was known before.
        await endpoints.lock(tx, recovered | failing.keys() | over.keys())
        for endpoint_id, (one, decision) in over.items():
            row = await endpoints.disable(tx, one.endpoint, decision)
            if row is None:
                continue
            fact = HookDisabled(endpoint_id=endpoint_id, agency=row["agency"], reason=decision.why)
            tx.emit(endpoint_id, fact, cause=one.job.event_id, ordinal=one.endpoint.number)
            await self.on_disabled(tx, fact)
        await endpoints.note_health(tx, recovered, failing)
        return bool(recovered or failing or over)


async def _nothing(_tx: Tx, _fact: HookDisabled) -> None:
    """Nobody wants to know."""


def _outcome(finished: Finished) -> Outcome:
    state, due_at = "failed", None
    match finished.decision:
        case Delivered():
            state = "delivered"
        case RetryAt(at):
            state, due_at = "pending", at
    return Outcome(finished.job, state, due_at, finished.entry(), finished.endpoint.is_ordered)


def _tell(tx: Tx, finished: Finished) -> None:
    job, decision = finished.job, finished.decision
    if isinstance(decision, RetryAt):
        return
    # Several endpoints get one event, and a person may replay it: keep the facts' ids apart.
    ordinal = finished.endpoint.number * _REPLAYS + job.replays % _REPLAYS
    fact: HookDelivered | HookFailed
    if isinstance(decision, Delivered):
        fact = HookDelivered(
            delivery_id=job.delivery_id,
            endpoint_id=job.endpoint_id,
            event_id=job.event_id,
            event_type=job.event_type,
            attempts=job.attempt,
            status=decision.status,
        )
    else:
        fact = HookFailed(
            delivery_id=job.delivery_id,
            endpoint_id=job.endpoint_id,
            event_id=job.event_id,
            event_type=job.event_type,
            attempts=job.attempt,
            status=finished.status,
            error=decision.reason,
        )
    tx.emit(job.complaint_id, fact, cause=job.event_id, ordinal=ordinal)


def _changes_of_health(
    finished: Sequence[Finished],
) -> tuple[set[UUID], dict[UUID, Health]]:
    """Say which endpoints work again, and which fail in a way that their rows don't tell."""
    # In the order in which they finished: the last one says how it is.
    last = {one.endpoint.endpoint_id: one for one in finished}
    knew = {one.endpoint.endpoint_id for one in finished if one.was_failing}
    recovered, failing = set(), {}
    for endpoint_id, one in last.items():
        health, row = one.health, one.endpoint
        if health.failing_since is None:
            if endpoint_id in knew:
                recovered.add(endpoint_id)
        elif row.failing_since is None or health.paused_until != row.paused_until:
            failing[endpoint_id] = health
    return recovered, failing
