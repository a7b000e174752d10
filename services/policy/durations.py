"""Lengths of time as officials write them: `2h`, `24h`, `7d`, `5wd`, `30s`."""

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
    WORKING_DAYS = "working-days"  #: 工作日, by the city's calendar.


_SUFFIXES = {
    "s": DurationUnit.SECONDS,
    "m": DurationUnit.MINUTES,
    "h": DurationUnit.HOURS,
    "d": DurationUnit.DAYS,
    "wd": DurationUnit.WORKING_DAYS,
}
_WRITTEN = {unit: suffix for suffix, unit in _SUFFIXES.items()}
_SECONDS = {
    DurationUnit.SECONDS: 1,
    DurationUnit.MINUTES: 60,
    DurationUnit.HOURS: 3600,
    DurationUnit.DAYS: 86400,
    # Seven dates for five working days: only good for telling which limit is shorter.
    DurationUnit.WORKING_DAYS: 86400 * 7 // 5,
}
_FORM = re.compile(r"([0-9]{1,6})(s|m|h|wd|d)")


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
        """Elapsed time, or None where only a calendar can tell (working days).

        A natural day counts as 24 h: exact where the zone has no summer time.
        """
        if self.unit is DurationUnit.WORKING_DAYS:
            return None
        return timedelta(seconds=self.amount * _SECONDS[self.unit])

    @property
    def rough_seconds(self) -> int:
        """Seconds for comparing two limits; a working day counts as 7/5 of a day."""
        return self.amount * _SECONDS[self.unit]


def parse_duration(text: str) -> Duration | None:
    """Read `2h` and the like.

    Args:
        text: A whole number and one of `s`, `m`, `h`, `d`, `wd`.

    Returns:
        The duration, or None where the text isn't one.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    return Duration(int(match[1]), _SUFFIXES[match[2]])
