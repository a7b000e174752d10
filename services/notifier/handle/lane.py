"""One endpoint's deliveries in memory, and how much is done at a time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.notifier.decide import Endpoint, Job

#: Failures in a row after which an endpoint counts as failing.
_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is done at a time.

    Attributes:
        per_endpoint: Requests in flight at one endpoint.
        failing: The same while it fails.
        total: Requests in flight at all.
        jobs_per_endpoint: Deliveries in memory for one endpoint.
        jobs_failing: The same while it fails.
    """

    per_endpoint: int = 8
    failing: int = 1
    total: int = 512
    jobs_per_endpoint: int = 256
    jobs_failing: int = 4


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job whose turn hasn't come, and when its lease ends by the event loop's clock."""

    job: Job
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
    failures: int = 0
    failing_since: datetime | None = None
    succeeded_at: datetime | None = None
    paused_until: datetime | None = None

    @property
    def is_failing(self) -> bool:
        """True after several failures in a row."""
        return self.failures >= _FAILURES

    def failing_from(self, endpoint: Endpoint) -> datetime | None:
        """Tell since when every attempt has failed, as far as anybody knows.

        The endpoint's own record may be a second old: a success seen here since then counts.
        """
        known = [self.failing_since, endpoint.failing_since]
        seen = self.succeeded_at
        return min((at for at in known if at and (seen is None or at > seen)), default=None)

    def is_paused(self, endpoint: Endpoint, now: datetime) -> bool:
        """True while the endpoint wants rest, as this process or another one was told."""
        return any(until and until > now for until in (self.paused_until, endpoint.paused_until))
