"""Counting in working hours (工作时间): the time that a calendar's offices are open.

A clock that starts outside office hours begins to run when offices open next; it stands
still at lunch, at night, on weekends and holidays. A half day gives what it has. What is
left at closing time goes on at the next opening, so a count that ends as offices close is due
then, not when they open again.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from services.tracker.decide import sla_words
from services.tracker.decide.ledger import Stretch
from services.tracker.decide.sla_days import midnight

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from services.policy.calendar import Calendar
    from services.policy.office_hours import Shift

_DAY = timedelta(days=1)


class _Part(NamedTuple):
    """A part of a local date in which offices are open, or closed."""

    starts_at: datetime
    ends_at: datetime
    day: date
    shift: Shift | None  #: None where closed.
    rest: str | None  #: The holiday's name or `weekend`; None if the date is worked.
    year: int | None  #: The date's, where its calendar isn't published.


def stretches(
    calendar: Calendar, starts_at: datetime, zone: tzinfo, language: str
) -> Iterator[Stretch]:
    """Give the hours offices are open from an instant on, and the time between, without end.

    Args:
        calendar: With the hours.
        starts_at: Where the first stretch begins.
        zone: The city's.
        language: Of the words.

    Yields:
        Stretches that join without a gap.
    """
    for _, same in groupby(_parts(calendar, starts_at, zone), key=_alike):
        parts = list(same)
        head, last = parts[0], parts[-1]
        why = _why(calendar, head, last, language)
        yield Stretch(head.starts_at, last.ends_at, head.shift is not None, why)


def back(length: timedelta, calendar: Calendar, due_at: datetime, zone: tzinfo) -> datetime:
    """Step back from an instant through so much of the time that offices are open."""
    day = (due_at - timedelta(microseconds=1)).astimezone(zone).date()
    while True:
        for shift in reversed(calendar.shifts(day)):
            opens_at = _at(day, shift.opens, zone)
            closes_at = min(_at(day, shift.closes, zone), due_at)
            if closes_at - opens_at >= length:
                return closes_at - length
            length -= max(timedelta(0), closes_at - opens_at)
        day -= _DAY


def _parts(calendar: Calendar, place: datetime, zone: tzinfo) -> Iterator[_Part]:
    day = place.astimezone(zone).date()
    while True:
        rest = calendar.rest_name(day)
        year = None if calendar.is_published(day.year) else day.year
        for shift in calendar.shifts(day):
            opens_at = max(place, _at(day, shift.opens, zone))
            closes_at = _at(day, shift.closes, zone)
            if closes_at <= opens_at:  # It is over, or summer time swallows it.
                continue
            if place < opens_at:
                yield _Part(place, opens_at, day, None, rest, year)
            yield _Part(opens_at, closes_at, day, shift, rest, year)
            place = closes_at
        day += _DAY
        if place < midnight(day, zone):
            yield _Part(place, midnight(day, zone), day - _DAY, None, rest, year)
            place = midnight(day, zone)


def _alike(part: _Part) -> tuple[object, ...]:
    """What parts that are told in one step have in common: a night, or a row of days off."""
    return (part.shift, part.day) if part.shift else (part.rest, part.year)


def _why(calendar: Calendar, head: _Part, last: _Part, language: str) -> str:
    if head.shift is not None:
        opens, closes = str(head.shift).split("-")
        why = sla_words.open_hours(head.day, opens, closes, language)
        half_day = calendar.half_days.get(head.day)
        why += sla_words.half_day(half_day.name, language) if half_day else ""
        why += sla_words.make_up(language) if calendar.is_made_up(head.day) else ""
    elif head.rest is not None:
        why = sla_words.rest(head.rest, head.day, last.day, language)
    else:
        why = sla_words.closed_hours(language)
    return why + (sla_words.unpublished(head.year, language) if head.year else "")


def _at(day: date, minutes: int, zone: tzinfo) -> datetime:
    """The instant at a local time of a date; 24:00 is the next date's midnight."""
    days, rest = divmod(minutes, 24 * 60)
    wall = time(rest // 60, rest % 60)
    return datetime.combine(day + days * _DAY, wall, zone).astimezone(UTC)
