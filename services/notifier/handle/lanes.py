"""Deliveries in memory: one lane an endpoint, one chain a complaint within it.

Rules of this file:
Rule 1. A lane has a few requests in flight, one while its endpoint recovers, none while it is let
alone (`decide.breaker`); all lanes together have a limit so high that failing ones can't use it
up. So a dead endpoint delays no other.
Rule 2. Events of one complaint form a chain: the next starts when the former is delivered or
given up. When one is to be tried again later, the chain leaves memory and waits in the database.
An endpoint may want no order: then every event is a chain of its own.
Rule 3. Nothing starts whose lease could run out on the way: somebody else may own it by then.
Rule 4. Memory is bounded; what doesn't fit has a row and waits for the poller.
Rule 5. Nothing starts faster than the endpoint's rate, counted in each process.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.notifier.decide import (
    LEASE,
    Answer,
    Delivered,
    Disable,
    Endpoint,
    Job,
    RetryAt,
    Schedule,
    Trouble,
    judge,
)
from services.notifier.decide.breaker import Circuit, Health, failed, succeeded
from services.notifier.decide.signing import headers
from services.notifier.handle.attempts import Finished
from services.notifier.handle.lane import Lane, Limits, Room, Waiting
from services.runtime import telemetry
from services.runtime.failpoints import hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from uuid import UUID

    from services.notifier.handle.ports import Book, Sink, Transport
    from services.runtime.clock import Clock

log = telemetry.get_logger()


@dataclass(frozen=True, slots=True)
class _Sending:
    """A request under way: whose, which, since when, and whether it is to show how they are."""

    lane: Lane
    endpoint: Endpoint
    waiting: Waiting
    at: datetime
    is_probe: bool


#: What a lease must still have left when a request starts: its timeout, and time to record it.
_LEASE_LEFT_S = 20.0


class Lanes:
    """Sends what is due, keeping order and limits."""

    def __init__(
        self,
        transport: Transport,
        book: Book,
        sink: Sink,
        clock: Clock,
        *,
        schedule: Schedule | None = None,
        limits: Limits | None = None,
        chance: Callable[[], float] = lambda: random.uniform(-1, 1),  # noqa: S311 - jitter
    ) -> None:
        """Wire the parts; needs nothing to run."""
        self._transport = transport
        self._book = book
        self._sink = sink
        self._clock = clock
        self._schedule = schedule or Schedule()
        self._limits = limits or Limits()
        self._chance = chance
        self._lanes: dict[UUID, Lane] = {}
        self._starved: dict[UUID, Lane] = {}
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    def accepts(self, endpoint: Endpoint, complaint_id: UUID, after: int | None) -> bool:
        """Tell whether the event behind `after` can wait its turn in memory (Rules 2, 4)."""
        lane, now = self._lanes.get(endpoint.endpoint_id) or Lane(), self._clock.now()
        lane.heed(endpoint, now)
        room = lane.room(endpoint, self._limits, now)
        if room.jobs <= 0 or room.is_probe:
            return False  # Whose turn it is to probe, the database says.
        chain = lane.chains.get(complaint_id) if endpoint.is_ordered else None
        if chain is None or (after is None and not chain.is_busy):
            return after is None
        return after == chain.tail

    def room(self) -> dict[UUID, Room]:
        """Say how many more jobs each endpoint that may be called now can take."""
        now = self._clock.now()
        found = {}
        for endpoint in self._book.directory:
            lane = self._lanes.get(endpoint.endpoint_id) or Lane()
            if not endpoint.is_enabled:
                lane.health = Health()  # Whoever switches it on again, forgives.
                continue
            lane.heed(endpoint, now)
            room = lane.room(endpoint, self._limits, now)
            if room.jobs > 0:
                found[endpoint.endpoint_id] = room
        return found

    def offer(self, jobs: Iterable[Job]) -> None:
        """Take jobs whose rows are leased to this process; they start at once or in turn."""
        lease_ends = asyncio.get_running_loop().time() + LEASE.total_seconds()
        touched: dict[UUID, Lane] = {}
        for job in jobs:
            lane = self._lanes.setdefault(job.endpoint_id, Lane())
            endpoint = self._book.directory.get(job.endpoint_id)
            is_ordered = endpoint is None or endpoint.is_ordered
            chain = job.complaint_id if is_ordered else job.delivery_id
            if lane.line_up(Waiting(job, chain, lease_ends)):
                touched[job.endpoint_id] = lane
            else:
                # What it follows left memory between decision and commit: the database orders it.
                self._sink.release(job, None)
        for endpoint_id, lane in touched.items():
            self._pump(endpoint_id, lane)

    def recorded(self, finished: Iterable[Finished]) -> None:
        """Learn what the database knows now: idle chains aren't needed any more."""
        for one in finished:
            if lane := self._lanes.get(one.job.endpoint_id):
                lane.recorded(one.job)

    @property
    def is_idle(self) -> bool:
        """True while nothing is in flight and nothing waits in memory."""
        return not self._running and all(not lane.size for lane in self._lanes.values())

    async def stop(self, wait_s: float = 3.0) -> None:
        """Start nothing more, and give what is in flight a moment to finish."""
        self._is_stopping = True
        for lane in self._lanes.values():
            self._empty(lane, None)
            if lane.waking is not None:
                lane.waking.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=wait_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _pump(self, endpoint_id: UUID, lane: Lane) -> None:
        """Start as many jobs as the limits allow (Rules 1, 3, 5)."""
        if not lane.ready or self._is_stopping:
            return
        endpoint, now = self._book.directory.get(endpoint_id), self._clock.now()
        if endpoint is None or not endpoint.is_enabled:
            while lane.ready:
                lane.forget(lane.ready.popleft())
            return
        lane.heed(endpoint, now)
        if lane.circuit(endpoint, now) is Circuit.OPEN:
            self._empty(lane, lane.health.paused_until or endpoint.paused_until)
        width = lane.width(endpoint, self._limits, now)
        while lane.ready and lane.running < width:
            if self._running >= self._limits.total:
                self._starved[endpoint_id] = lane
                return
            if not self._start(lane, endpoint, now):
                return

    def _start(self, lane: Lane, endpoint: Endpoint, now: datetime) -> bool:
        """Start the first that is ready, unless its lease is too short; False if it's too soon."""
        now_s = asyncio.get_running_loop().time()
        if lane.ready[0].lease_ends - now_s < _LEASE_LEFT_S:
            lane.forget(lane.ready.popleft())
            return True
        if wait_s := lane.wait_s(endpoint, now_s):
            self._wake(endpoint.endpoint_id, lane, wait_s)
            return False
        lane.running += 1
        self._running += 1
        is_probe = lane.circuit(endpoint, now) is Circuit.HALF_OPEN
        sending = _Sending(lane, endpoint, lane.ready.popleft(), now, is_probe)
        task = asyncio.create_task(self._attempt(sending))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    def _wake(self, endpoint_id: UUID, lane: Lane, wait_s: float) -> None:
        def wake() -> None:
            lane.waking = None
            self._pump(endpoint_id, lane)

        if lane.waking is None:
            lane.waking = asyncio.get_running_loop().call_later(wait_s, wake)

    async def _attempt(self, sending: _Sending) -> None:
        job, loop = sending.waiting.job, asyncio.get_running_loop()
        began = loop.time()
        try:
            result = await self._sent(sending)
        finally:
            sending.lane.running -= 1
            self._running -= 1
        took_ms = round((loop.time() - began) * 1000)
        try:
            finished = self._judged(sending, took_ms, result)
        except Exception as error:
            # A bug of ours, too: whatever it answered must not keep its place in memory for ever.
            log.exception("judging-failed", delivery_id=str(job.delivery_id))
            finished = self._judged(sending, took_ms, Trouble("protocol", repr(error)))
        self._settle(sending.lane, sending.waiting, finished)
        starved, self._starved = self._starved, {}
        for endpoint_id, other in starved.items():
            self._pump(endpoint_id, other)
        self._pump(job.endpoint_id, sending.lane)

    async def _sent(self, sending: _Sending) -> Answer | Trouble:
        """Sign and send."""
        endpoint, job, at = sending.endpoint, sending.waiting.job, sending.at
        try:
            keys, stamp = endpoint.signing_keys(at), int(at.timestamp())
            signed = headers(keys, str(job.event_id), stamp, job.body, endpoint.signature)
            return await self._transport.post(endpoint.url, signed, job.body)
        except Exception as error:
            # A bug of ours: the delivery is tried again like any other failure.
            log.exception("transport-failed", delivery_id=str(job.delivery_id))
            return Trouble("protocol", repr(error))

    def _judged(self, sending: _Sending, took_ms: int, result: Answer | Trouble) -> Finished:
        """Decide what follows, and what it says about the endpoint."""
        lane, endpoint, job, at = sending.lane, sending.endpoint, sending.waiting.job, sending.at
        now, newest = self._clock.now(), self._book.directory.get(job.endpoint_id) or endpoint
        lane.heed(newest, now)
        since = lane.failing_from(newest)
        decision = judge(
            job.attempt,
            result,
            self._schedule,
            failing_since=since,
            now=now,
            chance=self._chance(),
        )
        if isinstance(decision, Delivered):
            hit("after_http_200_before_row_update")
        if newest.url != endpoint.url:
            pass  # What an address did that was changed meanwhile says nothing about the new one.
        elif isinstance(decision, Delivered):
            lane.health = succeeded(lane.health, at)
        else:
            asked = decision.pause_until if isinstance(decision, RetryAt) else None
            is_probe = sending.is_probe
            lane.health = failed(
                lane.health, at, now, is_probe=is_probe, asked_until=asked, failing_since=since
            )
        return Finished(
            job, endpoint, at, took_ms, result, decision, lane.health, was_failing=since is not None
        )

    def _settle(self, lane: Lane, waiting: Waiting, finished: Finished) -> None:
        self._sink.finish(finished)
        if isinstance(finished.decision, RetryAt):
            lane.forget(waiting)
        else:
            lane.advance(waiting)
        if isinstance(finished.decision, Disable):
            self._empty(lane, None)
            lane.health = Health()

    def _empty(self, lane: Lane, due_at: datetime | None) -> None:
        """Hand back everything that hasn't started."""
        for job in lane.emptied():
            self._sink.release(job, due_at)
