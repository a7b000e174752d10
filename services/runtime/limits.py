"""How much anybody may ask for: a token bucket for each key, and for each address without one.

A bucket holds what may come at once and fills at a steady rate. It is kept in the memory of one
process: with several processes a caller may have several times as much, which protects each of
them all the same, and costs no round trip.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.runtime.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from starlette.types import Scope

#: Buckets kept in memory; beyond, those that are full again are forgotten: they limit nobody.
BUCKETS_MAX = 10_000

#: A pause so long fills a bucket: apps send at once what they kept while they were offline.
_BURST_S = 4.0

#: The role of whoever has no key; limited by address.
ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often somebody may ask."""

    per_second: float  #: In the long run; infinite for no limit.
    burst: float  #: At once, after a pause.


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float  #: When `left` was true.


class RateLimiter:
    """Says who may go on and who comes too often."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin with full buckets.

        Args:
            now: Seconds that only grow.
        """
        self._now = now
        self._buckets: dict[Hashable, _Bucket] = {}

    def wait_s(self, who: Hashable, rate: Rate, cost: float = 1.0) -> float:
        """Take `cost` out of somebody's bucket.

        What costs more than the bucket holds is let through when the bucket is full, and leaves a
        debt: else it could never come through.

        Returns:
            0 if they may go on; else after how many seconds they may, and nothing was taken.
        """
        if math.isinf(rate.per_second):
            return 0.0
        now = self._now()
        bucket = self._buckets.get(who) or self._new(who, rate, now)
        bucket.left = min(rate.burst, bucket.left + (now - bucket.at) * rate.per_second)
        bucket.at = now
        needed = min(cost, rate.burst)
        if bucket.left < needed:
            return (needed - bucket.left) / rate.per_second
        bucket.left -= cost
        return 0.0

    def give_back(self, who: Hashable, rate: Rate) -> None:
        """Put back what a request took that is counted elsewhere."""
        if bucket := self._buckets.get(who):
            bucket.left = min(rate.burst, bucket.left + 1.0)

    def _new(self, who: Hashable, rate: Rate, now: float) -> _Bucket:
        while len(self._buckets) >= BUCKETS_MAX:
            # The one made first: it is the likeliest to be full again, and to look costs nothing.
            del self._buckets[next(iter(self._buckets))]
        bucket = self._buckets[who] = _Bucket(rate.burst, now)
        return bucket

    def __len__(self) -> int:
        """How many buckets are kept."""
        return len(self._buckets)


def rate_limited(rate: Rate, wait_s: float) -> Problem:
    """Say that somebody comes too often, and when to come again."""
    seconds = max(1, math.ceil(wait_s))
    return Problem(
        429,
        "rate-limited",
        f"Too many requests: {rate.per_second:g} a second, {rate.burst:g} at once. "
        "Nothing was stored.",
        headers={"Retry-After": str(seconds)},
    )


class Limits:
    """What each role, and whoever has no key, may ask of one process."""

    def __init__(self, per_second: Mapping[str, float], limiter: RateLimiter | None = None) -> None:
        """Take rates by role; `anonymous` is for whoever has no key, a role not named has none."""
        self._limiter = limiter or RateLimiter()
        self._rates = {who: Rate(n, max(n * _BURST_S, 1.0)) for who, n in per_second.items()}

    def check(self, role: str, who: Hashable) -> None:
        """Count one request.

        Raises:
            Problem: 429, `who` comes too often.
        """
        rate = self._rates.get(role)
        if rate is None:
            return
        wait_s = self._limiter.wait_s(who, rate)
        if wait_s:
            raise rate_limited(rate, wait_s)

    def give_back(self, role: str, who: Hashable) -> None:
        """Take back that a request was counted."""
        if rate := self._rates.get(role):
            self._limiter.give_back(who, rate)


def address_of(scope: Scope) -> str:
    """Name the client's address; what a trusted proxy forwards is in it already."""
    client = scope.get("client")
    return str(client[0]) if client else ""
