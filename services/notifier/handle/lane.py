"""One endpoint's deliveries in memory: chains, and how much is done at a time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.notifier.decide.breaker import Circuit, Health, circuit, without_the_forgiven
from services.notifier.decide.pace import Bucket

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from services.notifier.decide import Endpoint, Job

#: A slow endpoint gets no more into memory than it may be sent in so many seconds: what waits
#: there is leased, and a lease ends.
_PACED_S = 20.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is done at a time.

    Attributes:
        per_endpoint: Requests in flight at one endpoint, unless it says how many it can take.
        total: Requests in flight at all.
        jobs_per_endpoint: Deliveries in memory for one endpoint.
    """

    per_endpoint: int = 8
    total: int = 512
    jobs_per_endpoint: int = 256


@dataclass(frozen=True, slots=True)
class Room:
    """What an endpoint can be sent from the database now.

    Attributes:
        jobs: How many.
        is_probe: One, to see how it is, and of all processes together.
        is_ordered: Only the lowest undelivered event of each complaint.
    """

    jobs: int
    is_probe: bool
    is_ordered: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job whose turn hasn't come.

    Attributes:
        job: Which.
        chain: Its complaint; itself if the endpoint wants no order.
        lease_ends: By the event loop's clock.
    """

    job: Job
    chain: UUID
    lease_ends: float


@dataclass(slots=True)
class Chain:
    """Events of one complaint, in order. Idle ones stay until their row says `delivered`."""

    tail: int
    is_busy: bool = True
    followers: deque[Waiting] = field(default_factory=deque)


@dataclass(slots=True)
class Lane:
    """What one endpoint has in memory, and how it has been doing."""

    ready: deque[Waiting] = field(default_factory=deque)
    chains: dict[UUID, Chain] = field(default_factory=dict)
    running: int = 0
    size: int = 0
    health: Health = field(default_factory=Health)
    url: str | None = None  #: Whose health that is.
    bucket: Bucket | None = None
    waking: asyncio.TimerHandle | None = None  #: Set while its pace lets nothing start.

    def heed(self, endpoint: Endpoint, now: datetime) -> None:
        """Forget what doesn't hold any more: another address, another process's success."""
        if endpoint.url != self.url:
            self.health, self.url = Health(), endpoint.url
        self.health = without_the_forgiven(self.health, endpoint.failing_since, now)

    def failing_from(self, endpoint: Endpoint) -> datetime | None:
        """Tell since when every attempt has failed, as far as anybody knows.

        The endpoint's own record may be a second old: a success seen here since then counts.
        """
        seen = self.health.succeeded_at
        known = (self.health.failing_since, endpoint.failing_since)
        return min((at for at in known if at and (seen is None or at > seen)), default=None)

    def circuit(self, endpoint: Endpoint, now: datetime) -> Circuit:
        """Say what may be sent, by what this process and others have seen."""
        seen = self.health.succeeded_at
        known = (self.health.paused_until, endpoint.paused_until)
        until = max((at for at in known if at and (seen is None or at > seen)), default=None)
        return circuit(until, now)

    def width(self, endpoint: Endpoint, limits: Limits, now: datetime) -> int:
        """Say how many requests may be in flight."""
        match self.circuit(endpoint, now):
            case Circuit.OPEN:
                return 0
            case Circuit.HALF_OPEN:
                return 1
        return endpoint.concurrency or limits.per_endpoint

    def room(self, endpoint: Endpoint, limits: Limits, now: datetime) -> Room:
        """Say how many more jobs it can take from the database."""
        found = self.circuit(endpoint, now)
        room = limits.jobs_per_endpoint
        if endpoint.rate_per_s is not None:
            room = min(room, max(1, int(endpoint.rate_per_s * _PACED_S)))
        if found is not Circuit.CLOSED:
            room = 1 if found is Circuit.HALF_OPEN else 0
        return Room(room - self.size, found is Circuit.HALF_OPEN, endpoint.is_ordered)

    def wait_s(self, endpoint: Endpoint, now_s: float) -> float:
        """Say how long its pace lets nothing start; takes a token if something may."""
        if endpoint.rate_per_s is None:
            return 0.0
        if self.bucket is None or self.bucket.rate != endpoint.rate_per_s:
            self.bucket = Bucket.full(endpoint.rate_per_s, now_s)
        wait_s = self.bucket.wait_s(now_s)
        if not wait_s:
            self.bucket.take()
        return wait_s

    def line_up(self, waiting: Waiting) -> bool:
        """Give a job its place; False if what it follows isn't in memory."""
        job, chain = waiting.job, self.chains.get(waiting.chain)
        if chain is None and job.after is None:
            self.chains[waiting.chain] = Chain(job.sequence)
            self.ready.append(waiting)
        elif chain is not None and job.after is None:
            if chain.is_busy or job.sequence <= chain.tail:
                return True  # In memory already: its lease ran out while it waited here.
            chain.tail, chain.is_busy = job.sequence, True
            self.ready.append(waiting)
        elif chain is not None and job.after == chain.tail:
            chain.tail = job.sequence
            if chain.is_busy:
                chain.followers.append(waiting)
            else:
                chain.is_busy = True
                self.ready.append(waiting)
        else:
            return False
        self.size += 1
        return True

    def advance(self, waiting: Waiting) -> None:
        """Let the next event of the complaint start."""
        self.size -= 1
        chain = self.chains.get(waiting.chain)
        if chain is None:
            return
        if chain.followers:
            self.ready.append(chain.followers.popleft())
        else:
            chain.is_busy = False

    def forget(self, waiting: Waiting) -> None:
        """Leave a job and what follows it to the database."""
        chain = self.chains.pop(waiting.chain, None)
        self.size -= 1 + (len(chain.followers) if chain else 0)

    def recorded(self, job: Job) -> None:
        """Drop the idle chain of a job that the database knows everything about."""
        for key in (job.complaint_id, job.delivery_id):
            chain = self.chains.get(key)
            if chain and not chain.is_busy and chain.tail <= job.sequence:
                del self.chains[key]

    def emptied(self) -> Iterator[Job]:
        """Give up everything that hasn't started, job by job."""
        waiting = list(self.ready)
        self.ready.clear()
        for one in waiting:
            chain = self.chains.pop(one.chain, None)
            self.size -= 1
            yield one.job
            for follower in chain.followers if chain else ():
                self.size -= 1
                yield follower.job
