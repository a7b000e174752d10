"""What an endpoint's answer means for its delivery.

Rules of this file (Standard Webhooks specification 1.0, "Operational considerations"):
2xx is success. 3xx is a failure, because a redirect would carry a citizen's words to an
address nobody registered. 410 asks never to be called again. 429, 502 and 504 (and 503, which
RFC 9110 gives a Retry-After as well) say that the endpoint is overloaded: the whole endpoint is
let alone for a while, not just this delivery. Everything else is tried again on the schedule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

#: The specification's suggestion: about 75 hours from the first attempt to the last.
STANDARD_DELAYS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)

GONE = 410
OVERLOADED = frozenset({429, 502, 503, 504})

#: How long an overloaded endpoint is let alone if it doesn't say.
PAUSE = timedelta(seconds=5)

#: A Retry-After is believed up to here, or to twice the schedule's delay if that is more: an
#: endpoint may ask for rest, not cancel the promise to tell it.
RETRY_AFTER_MAX = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """The endpoint answered.

    Attributes:
        status: HTTP status.
        body: The first bytes of what it said, for whoever looks into a failure.
        retry_after: Its Retry-After header, if any.
    """

    status: int
    body: bytes = b""
    retry_after: str | None = None

    @property
    def is_success(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status <= 299  # noqa: PLR2004


TroubleCode = Literal[
    "timeout", "forbidden-address", "unresolved", "unreachable", "tls", "protocol"
]


@dataclass(frozen=True, slots=True)
class Trouble:
    """There was no answer.

    Attributes:
        code: What went wrong.
        detail: For a person.
    """

    code: TroubleCode
    detail: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to try.

    Attributes:
        delays: Before the first, second, … attempt; as many attempts as delays.
        jitter: Share by which a delay may vary, so that failures don't come back in step.
        disable_after: An endpoint that has only failed for so long is switched off.
    """

    delays: tuple[timedelta, ...] = STANDARD_DELAYS
    jitter: float = 0.2
    disable_after: timedelta = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Delivered:
    """It has it."""

    status: int


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again, never before `at`; let the whole endpoint alone until `pause_until`."""

    at: datetime
    reason: str
    pause_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The schedule is used up; a person may replay it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Disable:
    """Give up, and send nothing more to this endpoint.

    Attributes:
        reason: What came of the attempt.
        why: It asked for it, or every attempt has failed for too long.
        failing_since: For how long; the endpoint's row must know it too.
    """

    reason: str
    why: Literal["gone", "failing"]
    failing_since: datetime | None = None


Decision = Delivered | RetryAt | GiveUp | Disable


def judge(
    attempt: int,
    result: Answer | Trouble,
    schedule: Schedule,
    *,
    failing_since: datetime | None,
    now: datetime,
    chance: float,
) -> Decision:
    """Decide what follows from one attempt.

    Args:
        attempt: Which one it was, from 1.
        result: What came of it.
        schedule: When to try.
        failing_since: Since when every attempt at this endpoint has failed; None if the last
            one succeeded.
        now: The instant of the decision.
        chance: From -1 to 1, drawn by the caller: where in the jitter this one falls.
    """
    if isinstance(result, Answer) and result.is_success:
        return Delivered(result.status)
    reason = f"status {result.status}" if isinstance(result, Answer) else result.code
    if isinstance(result, Answer) and result.status == GONE:
        return Disable(reason, "gone")
    if failing_since is not None and now - failing_since >= schedule.disable_after:
        return Disable(reason, "failing", failing_since)
    if attempt >= len(schedule.delays):
        return GiveUp(reason)
    wanted = _retry_after(result, now)
    delay = schedule.delays[attempt] * (1 + schedule.jitter * chance)
    if wanted is not None:
        delay = max(delay, min(wanted, max(2 * delay, RETRY_AFTER_MAX)))
    if isinstance(result, Answer) and result.status in OVERLOADED:
        pause = PAUSE if wanted is None else min(wanted, RETRY_AFTER_MAX)
        return RetryAt(now + max(delay, pause), reason, pause_until=now + pause)
    return RetryAt(now + delay, reason)


def _retry_after(result: Answer | Trouble, now: datetime) -> timedelta | None:
    """Read Retry-After: seconds or an HTTP date (RFC 9110, 10.2.3); nonsense counts as none."""
    if not isinstance(result, Answer) or result.retry_after is None:
        return None
    text = result.retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # A year or a zone with twenty digits, too.
        return None
    if at.tzinfo is None:
        return None
    return max(at - now, timedelta(0))
