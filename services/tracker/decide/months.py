"""The assessment month: which one an instant belongs to, and when one begins and ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo


def month_of(at: datetime, starts_on: int, zone: tzinfo) -> tuple[int, int]:
    """Name the assessment month (year, month) an instant belongs to."""
    day = at.astimezone(zone).date()
    if starts_on == 1 or day.day < starts_on:
        return day.year, day.month
    return (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)  # noqa: PLR2004


def month_bounds(year: int, month: int, starts_on: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """Give the instants an assessment month begins and ends at.

    A month that starts on the 19th is named after the month it ends in: November 2026 runs
    from 19 October to 18 November. One that starts on the 1st is the calendar month.

    Args:
        year: Of the name.
        month: Of the name, 1 to 12.
        starts_on: Day of the month, 1 to 28.
        zone: The city's.

    Returns:
        The first instant of it, and the first instant after it.
    """
    following = date(year + month // 12, month % 12 + 1, 1)
    if starts_on == 1:
        return midnight(date(year, month, 1), zone), midnight(following, zone)
    before = date(year, month, 1) - timedelta(days=1)
    return (
        midnight(before.replace(day=starts_on), zone),
        midnight(date(year, month, starts_on), zone),
    )


def months_around(
    now: datetime, starts_on: int, zone: tzinfo, before: int
) -> list[tuple[datetime, datetime]]:
    """Give the bounds of the next assessment month, the present one, and some before it.

    Args:
        now: The present instant.
        starts_on: Day of the month, 1 to 28.
        zone: The city's.
        before: How many before the present one.
    """
    year, month = month_of(now, starts_on, zone)
    counted = year * 12 + month - 1
    return [
        month_bounds(one // 12, one % 12 + 1, starts_on, zone)
        for one in range(counted + 1, counted - before - 1, -1)
    ]


def midnight(day: date, zone: tzinfo) -> datetime:
    """The instant a local date begins at, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
