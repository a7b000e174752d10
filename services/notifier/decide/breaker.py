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
Rule 5. Every process knows what the endpoint's row says, and what it saw itself since. What it saw
longer than `ROW_AGE_MAX` ago is in the row; if the row says less, another process had a success.

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


#: How old a copy of the endpoint's row may be: outcomes are written and rows read each second.
ROW_AGE_MAX = timedelta(seconds=10)


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
        known_since: When this process learned that: a request may take its time.
        opened_at: When the breaker last opened.
        paused_until: Nothing is sent before; None while it is closed.
        succeeded_at: When the last success began.
    """

    failures: int = 0
    failing_since: datetime | None = None
    known_since: datetime | None = None
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


def without_the_forgiven(
    health: Health, row_failing_since: datetime | None, now: datetime
) -> Health:
    """Forget what another process's success has ended meanwhile (Rule 5).

    Args:
        health: As this process saw it.
        row_failing_since: Since when the endpoint has been failing by its row.
        now: The instant of asking.
    """
    since, known_since, opened_at = health.failing_since, health.known_since, health.opened_at
    if since is None or (row_failing_since is not None and row_failing_since <= since):
        return health
    if known_since is None or now - known_since <= ROW_AGE_MAX:
        return health
    if opened_at is not None and now - opened_at <= ROW_AGE_MAX:
        return replace(health, failing_since=None, known_since=None)
    return Health(succeeded_at=health.succeeded_at)


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
    failing = replace(
        health,
        failures=health.failures + 1,
        failing_since=since,
        known_since=health.known_since or now,
    )
    if health.opened_at is not None and began < health.opened_at:
        # Was under way when it opened: no news, unless it asks for more.
        until = max((at for at in (health.paused_until, asked_until) if at), default=None)
        return replace(failing, paused_until=until)
    if asked_until is None and not is_probe and failing.failures < FAILURES:
        return failing
    until = asked_until or now + rest(since, now)
    return replace(failing, opened_at=now, paused_until=until)
