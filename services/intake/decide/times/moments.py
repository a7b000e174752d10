"""Days, hours and spans as both languages say them, and how they are written."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import NamedTuple

#: More times than this in one text tell no story.
TIMES_MAX = 8

DAY = timedelta(days=1)
#: Years that a complaint may speak of.
_YEAR_MIN, _YEAR_MAX = 1950, 2100
#: A day without a year is ahead only if it is as near as this.
_NEAR_AHEAD = timedelta(days=31)
_MONTHS = 12


class Said(NamedTuple):
    """A time in a text."""

    value: str  #: ISO 8601.
    start: int
    end: int
    confidence: float


class Span(NamedTuple):
    """A stretch of days or hours, and how sure it is."""

    begins: datetime
    ends: datetime
    confidence: float

    def iso(self) -> str:
        """Write it as ISO 8601."""
        return f"{written(self.begins)}/{written(self.ends)}"


def written(at: datetime) -> str:
    """Write an instant in the city's time."""
    return at.isoformat(timespec="minutes")


def midnight(day: date, now: datetime) -> datetime:
    """Give the first instant of a day."""
    return datetime.combine(day, time(), now.tzinfo)


def days(first: date, count: int, now: datetime, confidence: float) -> Span:
    """Give some whole days."""
    return Span(midnight(first, now), midnight(first + DAY * count, now), confidence)


def a_day(year: int | None, month: int, day: int, now: datetime) -> Span | None:
    """Give a day of the calendar; without a year the last one, or one near ahead.

    Returns:
        None if there is no such day.
    """
    try:
        if year is not None:
            if not _YEAR_MIN <= year <= _YEAR_MAX:
                return None
            return days(date(year, month, day), 1, now, 0.95)
        found = date(now.year, month, day)
        if found <= now.date():
            return days(found, 1, now, 0.85)
        if found - now.date() <= _NEAR_AHEAD:
            return days(found, 1, now, 0.6)
        return days(date(now.year - 1, month, day), 1, now, 0.8)
    except ValueError:
        return None


def a_month(year: int, month: int, now: datetime, confidence: float) -> Span | None:
    """Give a month."""
    if not (1 <= month <= _MONTHS and _YEAR_MIN <= year <= _YEAR_MAX):
        return None
    following = date(year + month // _MONTHS, month % _MONTHS + 1, 1)
    return Span(midnight(date(year, month, 1), now), midnight(following, now), confidence)


def a_year(year: int, now: datetime, confidence: float) -> Span | None:
    """Give a year."""
    if not _YEAR_MIN <= year <= _YEAR_MAX:
        return None
    return Span(midnight(date(year, 1, 1), now), midnight(date(year + 1, 1, 1), now), confidence)


def month_before(now: datetime) -> tuple[int, int]:
    """Give year and number of the month before this one."""
    return (now.year, now.month - 1) if now.month > 1 else (now.year - 1, _MONTHS)


def a_weekday(weekday: int, weeks: int | None, now: datetime) -> Span:
    """Give a weekday (Monday is 0) of a week before or after, or the last one there was."""
    today = now.date()
    if weeks is None:
        return days(today - DAY * ((today.weekday() - weekday) % 7), 1, now, 0.65)
    monday = today - DAY * today.weekday() + timedelta(weeks=weeks)
    return days(monday + DAY * weekday, 1, now, 0.8)


def part_of(day: Span, first: int, last: int) -> Span:
    """Give some hours of a day; hours past 24 belong to the night."""
    begins = day.begins + timedelta(hours=first)
    return Span(begins, day.begins + timedelta(hours=last), min(day.confidence, 0.8))
