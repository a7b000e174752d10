"""The pause ledger of a clock: when it stood still, for whom to count that out.

A clock stands still in each closed pause, from `since` on and up to, not including, `until`.
Pauses may overlap, begin before the clock started or end after it was due: what lies twice
is counted out once, and what lies outside isn't.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from services.tracker.decide.case import Pause


class Stretch(NamedTuple):
    """A part of a clock's time, in UTC, in which it runs or stands still."""

    starts_at: datetime
    ends_at: datetime
    runs: bool
    why: str


class Standstill(NamedTuple):
    """When a clock stood still because of a pause; none overlaps another."""

    since: datetime
    until: datetime
    reason: str


#: After every instant that a clock can reach.
ENDLESS = datetime.max.replace(tzinfo=UTC)


def standstills(pauses: Iterable[Pause]) -> tuple[Standstill, ...]:
    """Put pauses in order, without overlap.

    Where two overlap, what both cover is the one's that began earlier.

    Args:
        pauses: All must be closed; one of no length is left out.

    Returns:
        In order of time.

    Raises:
        ValueError: A pause is still open: the clock has no due instant until it ends.
    """
    found: list[Standstill] = []
    reached: datetime | None = None
    for pause in sorted(pauses, key=lambda pause: pause.since):
        if pause.until is None:
            message = f"the pause since {pause.since.isoformat()} is open: nothing is due yet"
            raise ValueError(message)
        since = pause.since if reached is None else max(pause.since, reached)
        if since < pause.until:
            reached = pause.until
            found.append(Standstill(since.astimezone(UTC), reached.astimezone(UTC), pause.reason))
    return tuple(found)


def split(
    stretch: Stretch, still: Sequence[Standstill], goes_on: str, stops: str
) -> Iterator[Stretch]:
    """Take the standstills out of a stretch in which a clock would run.

    Args:
        stretch: Of running time.
        still: As `standstills` gives them.
        goes_on: What to say of a running part that isn't the first.
        stops: What to say of a standstill, with `{reason}` in it.

    Yields:
        The stretch's parts in order; together they are all of it.
    """
    place, why = stretch.starts_at, stretch.why
    for since, until, reason in still:
        if until <= place or since >= stretch.ends_at:
            continue
        if place < since:
            yield Stretch(place, since, True, why)
            why = goes_on
        ends_at = min(until, stretch.ends_at)
        yield Stretch(max(place, since), ends_at, False, stops.format(reason=reason))
        place = ends_at
    if place < stretch.ends_at:
        yield Stretch(place, stretch.ends_at, True, why)


def run(stretches: Iterable[Stretch], length: timedelta) -> list[Stretch]:
    """Let a clock run for so long.

    Args:
        stretches: Joined without a gap; there must be enough of them.
        length: Of running time, more than none.

    Returns:
        The stretches up to the very instant at which the clock has run that long.
    """
    ran: list[Stretch] = []
    for stretch in stretches:
        lasts = stretch.ends_at - stretch.starts_at
        if stretch.runs and lasts >= length:
            ran.append(stretch._replace(ends_at=stretch.starts_at + length))
            break
        length -= lasts if stretch.runs else timedelta(0)
        ran.append(stretch)
    return ran
