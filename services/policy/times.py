"""When a rule holds: from and until a day, in a season of the year, at hours of the day.

All of it is the city's local time at the instant when the person called or wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from services.policy.toml_tables import Table

_SEASON = re.compile(r"(\d\d)-(\d\d)/(\d\d)-(\d\d)")
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
#: A season may begin or end on 29 February, so days are checked in a leap year.
_LEAP_YEAR = 2024
#: Month and day as one number that grows through the year; 31 days leave the last one free.
_PER_MONTH = 32
_PER_DAY = 24 * 60


class Moment(NamedTuple):
    """An instant as a clock on the city's wall shows it."""

    day: date
    minute: int  #: Since midnight.


def moment_of(instant: datetime, zone: tzinfo) -> Moment:
    """Read an instant off a clock in a time zone."""
    local = instant.astimezone(zone)
    return Moment(local.date(), local.hour * 60 + local.minute)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the year or the day that comes again; it may wrap around the end."""

    first: int
    end: int  #: The first that doesn't belong to it any more.
    written: str  #: As the file has it.

    def holds(self, at: int) -> bool:
        """Tell whether a point lies in it."""
        if self.first < self.end:
            return self.first <= at < self.end
        return at >= self.first or at < self.end

    def meets(self, other: Window) -> bool:
        """Tell whether some point lies in both."""
        return self.holds(other.first) or other.holds(self.first)

    def covers(self, other: Window) -> bool:
        """Tell whether every point of another lies in it."""
        return self.holds(other.first) and not other.holds(self.end)


@dataclass(frozen=True, slots=True)
class Times:
    """When a rule holds; every part that is given must."""

    valid_from: date | None = None  #: The first day.
    valid_until: date | None = None  #: The last day.
    season: Window | None = None
    hours: Window | None = None

    @property
    def is_dated(self) -> bool:
        """Tell whether it begins or ends some day."""
        return self.valid_from is not None or self.valid_until is not None

    def why_not(self, moment: Moment) -> str | None:
        """Say why it doesn't hold at a moment; None where it does."""
        day = moment.day
        if self.valid_from is not None and day < self.valid_from:
            return f"holds from {self.valid_from}, and it came on {day}"
        if self.valid_until is not None and day > self.valid_until:
            return f"held until {self.valid_until}, and it came on {day}"
        if self.season is not None and not self.season.holds(_in_year(day)):
            return f"holds in the season {self.season.written}, and it came on {day:%m-%d}"
        if self.hours is not None and not self.hours.holds(moment.minute):
            came = f"{moment.minute // 60:02}:{moment.minute % 60:02}"
            return f"holds at {self.hours.written}, and it came at {came}"
        return None

    def meets(self, other: Times) -> bool:
        """Tell whether both can hold at one moment; parts only one of them has don't count."""
        first = max(self.valid_from or date.min, other.valid_from or date.min)
        last = min(self.valid_until or date.max, other.valid_until or date.max)
        return (
            first <= last
            and (not self.season or not other.season or self.season.meets(other.season))
            and (not self.hours or not other.hours or self.hours.meets(other.hours))
        )

    def covers(self, other: Times) -> bool:
        """Tell whether it holds whenever another does."""
        return (
            (self.valid_from or date.min) <= (other.valid_from or date.min)
            and (self.valid_until or date.max) >= (other.valid_until or date.max)
            and _covers(self.season, other.season)
            and _covers(self.hours, other.hours)
        )

    @property
    def never_comes(self) -> bool:
        """Tell whether no day of its season lies between its days."""
        if self.season is None or self.valid_from is None or self.valid_until is None:
            return False
        first, days = self.valid_from.toordinal(), (self.valid_until - self.valid_from).days + 1
        tried = range(first, first + min(days, 366))
        return not any(self.season.holds(_in_year(date.fromordinal(day))) for day in tried)


#: A rule that says nothing of time.
ALWAYS = Times()


def _covers(wider: Window | None, narrower: Window | None) -> bool:
    return wider is None or (narrower is not None and wider.covers(narrower))


def _in_year(day: date) -> int:
    return day.month * _PER_MONTH + day.day


def read_times(table: Table) -> Times:
    """Read `valid_from`, `valid_until`, `season` and `hours` of a rule; each may be missing.

    Args:
        table: The rule.

    Returns:
        When it holds.
    """
    valid_from = table.day("valid_from") if "valid_from" in table.values else None
    valid_until = table.day("valid_until") if "valid_until" in table.values else None
    if valid_from is not None and valid_until is not None and valid_from > valid_until:
        table.error("it would end before it begins", "valid_until")
    return Times(valid_from, valid_until, _season(table), _hours(table))


def _season(table: Table) -> Window | None:
    text = table.optional_text("season")
    if text is None:
        return None
    found = _SEASON.fullmatch(text)
    try:
        numbers = [int(part) for part in found.groups()] if found else []
        first, last = (date(_LEAP_YEAR, *numbers[at : at + 2]) for at in (0, 2))
    except (TypeError, ValueError):
        table.error(f"`season` must be days such as 11-15/03-15, not {text!r}", "season")
        return None
    window = Window(_in_year(first), _in_year(last) + 1, text)
    if (last - first).days in (-1, 365):
        table.error("the season is the whole year: leave it out", "season")
    return window


def _hours(table: Table) -> Window | None:
    text = table.optional_text("hours")
    if text is None:
        return None
    found = _HOURS.fullmatch(text)
    hour, minute, end_hour, end_minute = map(int, found.groups()) if found else (99, 0, 99, 0)
    first, end = hour * 60 + minute, end_hour * 60 + end_minute
    if max(minute, end_minute) >= 60 or first >= _PER_DAY or end > _PER_DAY:  # noqa: PLR2004
        table.error(f"`hours` must be times such as 22:00-06:00, not {text!r}", "hours")
        return None
    if first == end % _PER_DAY:
        table.error("the hours are the whole day, or none: leave them out", "hours")
    return Window(first, end, text)
