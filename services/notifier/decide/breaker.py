"""A circuit breaker for each endpoint: whoever fails is let alone, and asked ever more rarely.

Rules of this file:
Rule 1. Closed: everything goes out. `FAILURES` in a row, or one answer that asks for rest (429,
502, 503, 504), open it.
Rule 2. Open: nothing is sent until `paused_until`. Without a word of the endpoint's own the rest is
as long as it has been failing, so that it doubles: from `REST_MIN` to `REST_MAX`.
Rule 3. Half-open: the rest is over, and one request at a time tries. Its failure opens again; its
success closes.
Rule 4. Any success closes it and forgets every failure, unless that request began before the rest
was asked for: then it says nothing about what came later.

What isn't sent keeps its place and its attempts: the breaker costs a delivery time, not tries. It
switches nothing off; that takes five days without one success (`attempt`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

#: Failures in a row that open a closed breaker.
FAILURES = 5

REST_MIN = timedelta(seconds=5)

#: How long a recovered endpoint may have to wait for its first request. The longest rest of our
#: own choosing; an endpoint may ask for more (Retry-After).
REST_MAX = timedelta(minutes=5)


class Circuit(StrEnum):
    """What may be sent to an endpoint."""

    CLOSED = "closed"  #: Everything.
    OPEN = "open"  #: Nothing.
    HALF_OPEN = "half-open"  #: One request, to see how it is.


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint has been doing.

    Attributes:
        failures: In a row, in this process.
        failing_since: When the first of them began.
        opened_at: When the breaker last opened.
        paused_until: Nothing is sent before; None while it is closed.
        succeeded_at: When the last success began.
    """

    failures: int = 0
    failing_since: datetime | None = None
    opened_at: datetime | None = None
    paused_until: datetime | None = None
    succeeded_at: datetime | None = None


def circuit(paused_until: datetime | None, now: datetime) -> Circuit:
    """Say what may be sent."""
    if paused_until is None:
        return Circuit.CLOSED
    return Circuit.OPEN if now < paused_until else Circuit.HALF_OPEN


def rest(failing_since: datetime, now: datetime) -> timedelta:
    """Say for how long a failing endpoint is let alone (Rule 2)."""
    return min(max(now - failing_since, REST_MIN), REST_MAX)


def succeeded(health: Health, began: datetime) -> Health:
    """Take in a success of a request that began then (Rule 4)."""
    if health.opened_at is not None and began < health.opened_at:
        return health
    return Health(succeeded_at=began)


def failed(
    health: Health,
    began: datetime,
    now: datetime,
    *,
    is_probe: bool,
    asked_until: datetime | None = None,
    failing_since: datetime | None = None,
) -> Health:
    """Take in a failure.

    Args:
        health: As it was.
        began: When the request began.
        now: The instant of the decision.
        is_probe: It was sent half-open.
        asked_until: Until when the endpoint wants rest, if it said that it is overloaded.
        failing_since: The same as another process knows it, if that is earlier.
    """
    since = min(at for at in (health.failing_since, failing_since, began) if at is not None)
    failing = replace(health, failures=health.failures + 1, failing_since=since)
    if health.opened_at is not None and began < health.opened_at:
        # Was under way when it opened: no news, unless it asks for more.
        until = max((at for at in (health.paused_until, asked_until) if at), default=None)
        return replace(failing, paused_until=until)
    if asked_until is None and not is_probe and failing.failures < FAILURES:
        return failing
    until = asked_until or now + rest(since, now)
    return replace(failing, opened_at=now, paused_until=until)
