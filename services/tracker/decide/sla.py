"""When something is due: a duration, counted from an instant by the city's calendar.

The rules, and where they come from:

- Hours, minutes and seconds are elapsed time; nights and holidays count.
- A natural day (自然日) ends at the same local time, that many dates later; weekends and
  holidays count. The 7 and 15 days of the Beijing hotline are read as natural days.
- Working days (工作日) follow the Civil Code (民法典) art. 201 and 203: the day of dispatch
  is not counted, the count begins with the next day, and the last day ends at 24:00 local
  time. Weekends and public holidays stand still; a weekend worked to make up for a holiday
  (调休) counts. Art. 203 would let a last day end at close of business where there are
  business hours; the hotline takes and gives answers round the clock, so it is 24:00.
- Where a working-day count enters a year whose calendar isn't published, only weekends are
  known: the result is provisional.

Every result carries a timeline whose steps join without a gap and end at the due instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from services.events import TimelineStep
from services.policy.durations import Duration, DurationUnit
from services.tracker.decide import sla_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from services.policy.calendar import Calendar

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """An instant, and why it is that one."""

    at: datetime
    timeline: tuple[TimelineStep, ...]
    is_provisional: bool = False  #: True where a year's calendar isn't published yet.


class _Day(NamedTuple):
    """One local date of a working-day count."""

    date: date
    counts: bool
    rest: str | None  #: The holiday's name or `weekend`; None if it is worked.
    is_made_up: bool  #: Worked although a weekend (调休).
    is_published: bool


def due(
    duration: Duration,
    calendar: Calendar,
    starts_at: datetime,
    zone: tzinfo,
    language: str = "en",
) -> Due:
    """Count a duration from an instant.

    Args:
        duration: How long; zero is due at once.
        calendar: The city's holidays and make-up days.
        starts_at: An aware instant, such as the dispatch.
        zone: The city's; dates and midnights are local.
        language: Of the words in the timeline.

    Returns:
        The due instant in UTC, its timeline, and whether it may still move.
    """
    starts_at = starts_at.astimezone(UTC)
    if duration.amount == 0:
        return Due(starts_at, ())
    if duration.unit is DurationUnit.WORKING_DAYS:
        return _working_days(duration.amount, calendar, starts_at, zone, language)
    if duration.unit is DurationUnit.DAYS:
        local = starts_at.astimezone(zone)
        ends_at = (local + duration.amount * _DAY).astimezone(UTC)  # Wall time, then UTC.
    else:
        elapsed = duration.elapsed
        assert elapsed is not None  # noqa: S101 - only working days have none
        ends_at = starts_at + elapsed
    why = sla_words.runs_through(duration, language)
    return Due(ends_at, (TimelineStep(starts_at=starts_at, ends_at=ends_at, runs=True, why=why),))


def before(duration: Duration, calendar: Calendar, due_at: datetime, zone: tzinfo) -> datetime:
    """Step back from a due instant, to warn that it is near.

    Working days go back by whole days: two working days before the end of Monday is the
    end of the Thursday before.
    """
    if duration.amount == 0:
        return due_at
    if duration.unit is DurationUnit.DAYS:
        return (due_at.astimezone(zone) - duration.amount * _DAY).astimezone(UTC)
    elapsed = duration.elapsed
    if elapsed is not None:
        return due_at - elapsed
    # A working day ends at the next date's midnight, so look at the instant before.
    day = (due_at - timedelta(microseconds=1)).astimezone(zone).date()
    left = duration.amount
    while left:
        left -= calendar.is_working_day(day)
        day -= _DAY
    while not calendar.is_working_day(day):
        day -= _DAY
    return _midnight(day + _DAY, zone)


def _working_days(
    amount: int, calendar: Calendar, starts_at: datetime, zone: tzinfo, language: str
) -> Due:
    first = starts_at.astimezone(zone).date()
    days = list(_count(amount, calendar, first + _DAY))
    next_day_at = _midnight(first + _DAY, zone)
    opening = sla_words.day_of_dispatch(first, language)
    steps = [TimelineStep(starts_at=starts_at, ends_at=next_day_at, runs=False, why=opening)]
    counted = 0
    for _, stretch in groupby(days, key=lambda day: day[1:]):
        same = list(stretch)
        head = same[0]
        if head.counts:
            counted += len(same)
            why = sla_words.working_days(
                counted - len(same) + 1, counted, same[0].date, same[-1].date, language
            )
            why += sla_words.make_up(language) if head.is_made_up else ""
        else:
            why = sla_words.rest(head.rest or "", same[0].date, same[-1].date, language)
        if not head.is_published:
            why += sla_words.unpublished(head.date.year, language)
        ends_at = _midnight(same[-1].date + _DAY, zone)
        steps.append(
            TimelineStep(starts_at=steps[-1].ends_at, ends_at=ends_at, runs=head.counts, why=why)
        )
    provisional = any(not day.is_published for day in days)
    return Due(steps[-1].ends_at, tuple(steps), provisional)


def _count(amount: int, calendar: Calendar, day: date) -> Iterator[_Day]:
    """Give every date from `day` on until `amount` working days have been counted."""
    left = amount
    while left:
        rest = calendar.rest_name(day)
        made_up = day in calendar.workdays
        yield _Day(day, rest is None, rest, made_up, calendar.is_published(day.year))
        left -= rest is None
        day += _DAY


def _midnight(day: date, zone: tzinfo) -> datetime:
    """The instant at which a local date begins."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
