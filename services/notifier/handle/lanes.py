"""Deliveries in memory: one lane an endpoint, one chain a complaint within it.

Rules of this file:
Rule 1. A lane has a few requests in flight, fewer while its endpoint fails; all lanes together
have a limit so high that failing ones can't use it up. So a dead endpoint delays no other.
Rule 2. Events of one complaint form a chain: the next starts when the former is delivered or
given up. When one is to be tried again later, the chain leaves memory and waits in the database.
Rule 3. Nothing starts whose lease could run out on the way: somebody else may own it by then.
Rule 4. Memory is bounded; what doesn't fit has a row and waits for the poller.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from services.notifier.decide import (
    LEASE,
    Answer,
    Decision,
    Delivered,
    Disable,
    Endpoint,
    Job,
    RetryAt,
    Schedule,
    Trouble,
    judge,
)
from services.notifier.decide.signing import headers
from services.notifier.handle.attempts import Finished
from services.notifier.handle.lane import Chain, Lane, Limits, Waiting
from services.runtime import telemetry
from services.runtime.failpoints import hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from uuid import UUID

    from services.notifier.handle.ports import Book, Sink, Transport
    from services.runtime.clock import Clock

log = telemetry.get_logger()

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
        lane = self._lanes.get(endpoint.endpoint_id) or Lane()
        if lane.is_paused(endpoint, self._clock.now()) or lane.size >= self._room_for(lane):
            return False
        chain = lane.chains.get(complaint_id)
        if chain is None or (after is None and not chain.is_busy):
            return after is None
        return after == chain.tail

    def room(self) -> dict[UUID, int]:
        """Say how many more jobs each endpoint that may be called now can take."""
        now = self._clock.now()
        found = {}
        for endpoint in self._book.directory:
            lane = self._lanes.get(endpoint.endpoint_id) or Lane()
            room = self._room_for(lane) - lane.size
            if endpoint.is_enabled and room > 0 and not lane.is_paused(endpoint, now):
                found[endpoint.endpoint_id] = room
        return found

    def offer(self, jobs: Iterable[Job]) -> None:
        """Take jobs whose rows are leased to this process; they start at once or in turn."""
        lease_ends = asyncio.get_running_loop().time() + LEASE.total_seconds()
        touched: dict[UUID, Lane] = {}
        for job in jobs:
            lane = self._lanes.setdefault(job.endpoint_id, Lane())
            self._line_up(lane, Waiting(job, lease_ends))
            touched[job.endpoint_id] = lane
        for endpoint_id, lane in touched.items():
            self._pump(endpoint_id, lane)

    def recorded(self, finished: Iterable[Finished]) -> None:
        """Learn what the database knows now: idle chains aren't needed any more."""
        for one in finished:
            job = one.job
            lane = self._lanes.get(job.endpoint_id)
            chain = lane.chains.get(job.complaint_id) if lane else None
            if lane and chain and not chain.is_busy and chain.tail <= job.sequence:
                del lane.chains[job.complaint_id]

    @property
    def is_idle(self) -> bool:
        """True while nothing is in flight and nothing waits in memory."""
        return not self._running and all(not lane.size for lane in self._lanes.values())

    async def stop(self, wait_s: float = 3.0) -> None:
        """Start nothing more, and give what is in flight a moment to finish."""
        self._is_stopping = True
        for lane in self._lanes.values():
            self._empty(lane, None)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=wait_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _room_for(self, lane: Lane) -> int:
        limits = self._limits
        return limits.jobs_failing if lane.is_failing else limits.jobs_per_endpoint

    def _line_up(self, lane: Lane, waiting: Waiting) -> None:
        job = waiting.job
        chain = lane.chains.get(job.complaint_id)
        if chain is None and job.after is None:
            lane.chains[job.complaint_id] = Chain(job.sequence)
            lane.ready.append(waiting)
        elif chain is not None and job.after is None:
            if chain.is_busy or job.sequence <= chain.tail:
                return  # In memory already: its lease ran out while it waited here.
            chain.tail, chain.is_busy = job.sequence, True
            lane.ready.append(waiting)
        elif chain is not None and job.after == chain.tail:
            chain.tail = job.sequence
            if chain.is_busy:
                chain.followers.append(waiting)
            else:
                chain.is_busy = True
                lane.ready.append(waiting)
        else:
            # What it follows left memory between decision and commit: let the database order it.
            self._sink.release(job, None)
            return
        lane.size += 1

    def _pump(self, endpoint_id: UUID, lane: Lane) -> None:
        """Start as many jobs as the limits allow (Rule 1)."""
        if lane.paused_until and lane.paused_until > self._clock.now():
            self._empty(lane, lane.paused_until)
        width = self._limits.failing if lane.is_failing else self._limits.per_endpoint
        while lane.ready and lane.running < width and not self._is_stopping:
            if self._running >= self._limits.total:
                self._starved[endpoint_id] = lane
                return
            waiting = lane.ready.popleft()
            endpoint = self._book.directory.get(endpoint_id)
            left_s = waiting.lease_ends - asyncio.get_running_loop().time()
            if endpoint is None or not endpoint.is_enabled or left_s < _LEASE_LEFT_S:
                self._forget_chain(lane, waiting.job)
                continue
            lane.running += 1
            self._running += 1
            task = asyncio.create_task(self._attempt(lane, endpoint, waiting.job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _attempt(self, lane: Lane, endpoint: Endpoint, job: Job) -> None:
        loop = asyncio.get_running_loop()
        now, began = self._clock.now(), loop.time()
        signed = headers(
            endpoint.signing_keys(now), str(job.event_id), int(now.timestamp()), job.body
        )
        result: Answer | Trouble
        try:
            result = await self._transport.post(endpoint.url, signed, job.body)
        except Exception as error:
            # A bug of ours: the delivery is tried again like any other failure.
            log.exception("transport-failed", delivery_id=str(job.delivery_id))
            result = Trouble("protocol", repr(error))
        finally:
            lane.running -= 1
            self._running -= 1
        decision = self._judge(lane, endpoint, job, result)
        took_ms = round((loop.time() - began) * 1000)
        self._settle(lane, Finished(job, endpoint, now, took_ms, result, decision))
        starved, self._starved = self._starved, {}
        for endpoint_id, other in starved.items():
            self._pump(endpoint_id, other)
        self._pump(endpoint.endpoint_id, lane)

    def _judge(
        self, lane: Lane, endpoint: Endpoint, job: Job, result: Answer | Trouble
    ) -> Decision:
        return judge(
            job.attempt,
            result,
            self._schedule,
            failing_since=lane.failing_from(endpoint),
            now=self._clock.now(),
            chance=self._chance(),
        )

    def _settle(self, lane: Lane, finished: Finished) -> None:
        job, decision = finished.job, finished.decision
        if isinstance(decision, Delivered):
            hit("after_http_200_before_row_update")
            lane.failures, lane.failing_since, lane.paused_until = 0, None, None
            lane.succeeded_at = finished.at
        else:
            lane.failures += 1
            lane.failing_since = lane.failing_since or finished.at
        self._sink.finish(finished)
        if isinstance(decision, RetryAt):
            self._forget_chain(lane, job)
        else:
            self._advance(lane, job)
        if isinstance(decision, Disable):
            self._empty(lane, None)
        elif isinstance(decision, RetryAt) and decision.pause_until is not None:
            lane.paused_until = decision.pause_until
            self._empty(lane, decision.pause_until)

    def _advance(self, lane: Lane, job: Job) -> None:
        """Let the next event of the complaint start (Rule 2)."""
        lane.size -= 1
        chain = lane.chains.get(job.complaint_id)
        if chain is None:
            return
        if chain.followers:
            lane.ready.append(chain.followers.popleft())
        else:
            chain.is_busy = False

    def _forget_chain(self, lane: Lane, job: Job) -> None:
        """Leave a job and what follows it to the database."""
        chain = lane.chains.pop(job.complaint_id, None)
        lane.size -= 1 + (len(chain.followers) if chain else 0)

    def _empty(self, lane: Lane, due_at: datetime | None) -> None:
        """Hand back everything that hasn't started."""
        waiting = [w.job for w in lane.ready]
        lane.ready.clear()
        for job in waiting:
            chain = lane.chains.pop(job.complaint_id, None)
            lane.size -= 1
            self._sink.release(job, due_at)
            for follower in chain.followers if chain else ():
                lane.size -= 1
                self._sink.release(follower.job, due_at)
