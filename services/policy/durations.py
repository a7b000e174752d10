"""Lengths of time as officials write them: `2h`, `24h`, `7d`, `5wd`, `8wh`, `30s`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class DurationUnit(StrEnum):
    """What a duration is counted in."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"  #: Natural days (自然日): the same local time, that many dates later.
    WORKING_MINUTES = "working-minutes"  #: Of office hours, by a calendar.
    WORKING_HOURS = "working-hours"  #: 工作时间 (小时): of office hours, by a calendar.
    WORKING_DAYS = "working-days"  #: 工作日, by a calendar.


_SUFFIXES = {
    "s": DurationUnit.SECONDS,
    "m": DurationUnit.MINUTES,
    "h": DurationUnit.HOURS,
    "d": DurationUnit.DAYS,
    "wm": DurationUnit.WORKING_MINUTES,
    "wh": DurationUnit.WORKING_HOURS,
    "wd": DurationUnit.WORKING_DAYS,
}
_WRITTEN = {unit: suffix for suffix, unit in _SUFFIXES.items()}
_SECONDS = {
    DurationUnit.SECONDS: 1,
    DurationUnit.MINUTES: 60,
    DurationUnit.HOURS: 3600,
    DurationUnit.DAYS: 86400,
    # Seven dates for five working days, and eight office hours for one of them: only good for
    # telling which limit is shorter.
    DurationUnit.WORKING_MINUTES: 86400 * 7 // 5 // 480,
    DurationUnit.WORKING_HOURS: 86400 * 7 // 5 // 8,
    DurationUnit.WORKING_DAYS: 86400 * 7 // 5,
}
_FORM = re.compile(r"([0-9]{1,6})(s|m|h|d|wm|wh|wd)")

#: What a calendar's office hours count.
_OFFICE_TIME = {
    DurationUnit.WORKING_MINUTES: timedelta(minutes=1),
    DurationUnit.WORKING_HOURS: timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount and the unit it is counted in; never negative."""

    amount: int
    unit: DurationUnit

    def __str__(self) -> str:
        """Write it as a policy file does: `24h`."""
        return f"{self.amount}{_WRITTEN[self.unit]}"

    @property
    def elapsed(self) -> timedelta | None:
        """Elapsed time, or None where only a calendar can tell (working days and hours).

        A natural day counts as 24 h: exact where the zone has no summer time.
        """
        if self.unit is DurationUnit.WORKING_DAYS or self.unit in _OFFICE_TIME:
            return None
        return timedelta(seconds=self.amount * _SECONDS[self.unit])

    @property
    def office_time(self) -> timedelta | None:
        """How long offices must be open for it; None where it isn't counted in office hours."""
        unit = _OFFICE_TIME.get(self.unit)
        return None if unit is None else self.amount * unit

    @property
    def rough_seconds(self) -> int:
        """Seconds for comparing two limits; a working day, or 8 hours of one, is 7/5 of a day."""
        return self.amount * _SECONDS[self.unit]


def parse_duration(text: str) -> Duration | None:
    """Read `2h` and the like.

    Args:
        text: A whole number and one of `s`, `m`, `h`, `d`, `wm`, `wh`, `wd`.

    Returns:
        The duration, or None where the text isn't one.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    return Duration(int(match[1]), _SUFFIXES[match[2]])
