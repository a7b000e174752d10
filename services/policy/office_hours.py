"""`calendar.toml`, `[hours]` and `[[half_days]]`: when offices are open on a working day.

Hours are the city's local time. Several shifts a day leave out lunch; a shift ends the same
date it begins, at 24:00 at the latest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.policy.toml_tables import Table


@dataclass(frozen=True, slots=True)
class Shift:
    """When offices are open without a break."""

    opens: int  #: Minutes after midnight.
    closes: int  #: The first minute that doesn't belong to it any more.

    def __str__(self) -> str:
        """Write it as a policy file does: `09:00-12:00`."""
        return f"{_written(self.opens)}-{_written(self.closes)}"


#: Those of one date, in order.
Shifts = tuple[Shift, ...]

_SHIFT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24):([0-5]\d)")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
_MINUTES = 24 * 60

#: Of a date that is worked all day.
WHOLE_DAY: Shifts = (Shift(0, _MINUTES),)


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """The shifts of a working day."""

    usual: Shifts
    weekdays: Mapping[str, Shifts]  #: Where one differs: `friday`.

    def on(self, day: date) -> Shifts:
        """The shifts of a working day; one that makes up for a holiday is a usual one."""
        if day.weekday() >= len(_WEEKDAYS):
            return self.usual
        return self.weekdays.get(_WEEKDAYS[day.weekday()], self.usual)


@dataclass(frozen=True, slots=True)
class HalfDay:
    """A working day with hours of its own, such as the one before a festival."""

    name: str
    shifts: Shifts


def read_hours(table: Table) -> OfficeHours | None:
    """Read `[hours]`: `usual`, and perhaps `monday` to `friday`.

    Args:
        table: The table that holds it.

    Returns:
        The hours, or None where there are none.
    """
    if "hours" not in table.values:
        return None
    inner = table.table("hours")
    usual = read_shifts(inner, "usual")
    weekdays = {name: read_shifts(inner, name) for name in _WEEKDAYS if name in inner.values}
    inner.text("source")
    inner.finish()
    return OfficeHours(usual, weekdays)


def read_half_days(table: Table) -> dict[date, HalfDay]:
    """Read `[[half_days]]`: `date`, `name`, `hours`, `source`.

    Args:
        table: The table that holds them.

    Returns:
        Half days by date, in file order.
    """
    found: dict[date, HalfDay] = {}
    for inner in table.each("half_days"):
        day, half = inner.day("date"), HalfDay(inner.text("name"), read_shifts(inner, "hours"))
        inner.text("source")
        inner.finish()
        if day in found:
            inner.error(f"{day} is here twice", "date")
        found[day] = half
    return found


def read_shifts(table: Table, key: str) -> Shifts:
    """Read a list of shifts; a faulty one is noted and left out.

    Args:
        table: The table that holds it.
        key: Its name there; it must be there.

    Returns:
        The shifts in order; the whole day where the file is faulty.
    """
    shifts: list[Shift] = []
    for text in table.texts(key):
        match = _SHIFT.fullmatch(text)
        numbers = [int(part) for part in match.groups()] if match else [24, 0, 0, 0]
        shift = Shift(numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3])
        if match is None or shift.closes > _MINUTES:
            table.error(f"`{key}` must be times such as 09:00-12:00, not {text!r}", key)
        elif shift.closes <= shift.opens:
            table.error(f"the shift {text} ends before it begins", key)
        elif shifts and shift.opens < shifts[-1].closes:
            table.error(f"the shift {text} begins before the one before it ends", key)
        else:
            shifts.append(shift)
    if not table.values.get(key):
        table.error(f"`{key}` is missing: times such as 09:00-12:00", key)
    return tuple(shifts) or WHOLE_DAY


def _written(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
