"""Counting in working days (工作日).

The Civil Code (民法典) art. 201 and 203: the day of dispatch is not counted, the count begins
with the next day, and the last day ends at 24:00 local time. Weekends and public holidays
stand still; a weekend worked to make up for a holiday (调休) counts. Art. 203 would let a last
day end at close of business where there are business hours; the hotline takes and gives
answers round the clock, so it is 24:00, and a half day is a whole working day.

Pauses: a day is counted only if the clock ran on all of it. That is what art. 201 says of the
day of dispatch, and the same holds for the day on which a pause begins, and the one on which
the clock goes on. No law says it of pauses; the other readings were rejected. To count a day
on which the clock ran for a part would let a due instant fall into a pause, or give an agency
a day of which it had a minute. To count parts of days would end a promise at odd hours.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from services.tracker.decide import sla_words
from services.tracker.decide.ledger import Stretch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from services.policy.calendar import Calendar
    from services.tracker.decide.ledger import Standstill

_DAY = timedelta(days=1)


class _Day(NamedTuple):
    """One local date of a count."""

    date: date
    counts: bool
    rest: str | None  #: The holiday's name or `weekend`; None if it is worked.
    pause: str | None  #: Why the clock stood still on it, if it did.
    is_made_up: bool  #: Worked although a weekend (调休).
    is_published: bool


def count(
    amount: int,
    calendar: Calendar,
    starts_at: datetime,
    zone: tzinfo,
    *,
    language: str,
    still: Sequence[Standstill],
) -> list[Stretch]:
    """Count working days from the day after an instant.

    Args:
        amount: How many; at least one.
        calendar: Which days are worked.
        starts_at: Of the clock.
        zone: The city's.
        language: Of the words.
        still: When the clock stood still.

    Returns:
        Stretches from the instant to the end of the last day; only the counted days run.
    """
    first = starts_at.astimezone(zone).date()
    days = _count(amount, calendar, first + _DAY, zone, still)
    opening = sla_words.day_of_dispatch(first, language)
    steps = [Stretch(starts_at, midnight(first + _DAY, zone), False, opening)]
    counted = 0
    for _, stretch in groupby(days, key=lambda day: day[1:]):
        same = list(stretch)
        why = _why(same, counted, language)
        counted += len(same) if same[0].counts else 0
        ends_at = midnight(same[-1].date + _DAY, zone)
        steps.append(Stretch(steps[-1].ends_at, ends_at, same[0].counts, why))
    return steps


def back(amount: int, calendar: Calendar, due_at: datetime, zone: tzinfo) -> datetime:
    """Step back by whole working days, to the end of the one before them."""
    # A working day ends at the next date's midnight, so look at the instant before.
    day = (due_at - timedelta(microseconds=1)).astimezone(zone).date()
    left = amount
    while left:
        left -= calendar.is_working_day(day)
        day -= _DAY
    while not calendar.is_working_day(day):
        day -= _DAY
    return midnight(day + _DAY, zone)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The instant at which a local date begins."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _count(
    amount: int, calendar: Calendar, day: date, zone: tzinfo, still: Sequence[Standstill]
) -> Iterator[_Day]:
    """Give every date from `day` on until `amount` working days have been counted."""
    left = amount
    while left:
        rest, pause = calendar.rest_name(day), None
        if rest is None and still:
            pause = _pause_on(midnight(day, zone), midnight(day + _DAY, zone), still)
        counts = rest is None and pause is None
        made_up, published = calendar.is_made_up(day), calendar.is_published(day.year)
        yield _Day(day, counts, rest, pause, made_up, published)
        left -= counts
        day += _DAY


def _pause_on(begins: datetime, ends: datetime, still: Sequence[Standstill]) -> str | None:
    """Why the clock stood still at any instant of a date; None where it ran on all of it."""
    return next((s.reason for s in still if s.since < ends and begins < s.until), None)


def _why(same: Sequence[_Day], counted: int, language: str) -> str:
    head, first, last = same[0], same[0].date, same[-1].date
    if head.counts:
        why = sla_words.working_days(counted + 1, counted + len(same), first, last, language)
        why += sla_words.make_up(language) if head.is_made_up else ""
    elif head.rest is not None:
        why = sla_words.rest(head.rest, first, last, language)
    else:
        why = sla_words.paused_days(head.pause or "", first, last, language)
    if not head.is_published:
        why += sla_words.unpublished(first.year, language)
    return why
