"""`calendar.toml`: holidays and make-up days (调休) as published, and when offices are open.

The file's own years, hours and half days are the city's calendar. `[calendars.KEY]` names
others, for those who keep other hours: each has the city's holidays and make-up days, and
what it doesn't say itself. A standard names the calendar that its clocks go by.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.policy.office_hours import (
    WHOLE_DAY,
    HalfDay,
    OfficeHours,
    Shifts,
    read_half_days,
    read_hours,
)
from services.policy.open311_services import flag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.toml_tables import Table

FILE = "calendar.toml"

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are working days, and which of their hours are office hours."""

    holidays: frozenset[date]
    workdays: frozenset[date]  #: Saturdays and Sundays worked to make up for a holiday.
    years: frozenset[int]  #: Years whose holidays have been published.
    names: Mapping[date, str]  #: What each holiday is, such as 春节.
    key: str = ""  #: Of `[calendars.KEY]`; empty for the city's own.
    hours: OfficeHours | None = None  #: None: nobody has said; a working day counts whole.
    half_days: Mapping[date, HalfDay] = field(default_factory=dict)
    is_round_the_clock: bool = False  #: Every date is worked, all of it: nothing stands still.

    def is_working_day(self, day: date) -> bool:
        """Tell whether offices work; outside published years only weekends are known."""
        if day in self.workdays or self.is_round_the_clock:
            return True
        return day not in self.holidays and day.weekday() < _SATURDAY

    def is_made_up(self, day: date) -> bool:
        """Tell whether a weekend is worked to make up for a holiday (调休)."""
        return day in self.workdays and not self.is_round_the_clock

    def is_published(self, year: int) -> bool:
        """Tell whether a year is known; if not, what is computed in it is provisional."""
        return year in self.years or self.is_round_the_clock

    def rest_name(self, day: date) -> str | None:
        """Say why a day is off: the holiday's name, `weekend`, or None if it is worked."""
        if self.is_working_day(day):
            return None
        return self.names.get(day, "weekend")

    def shifts(self, day: date) -> Shifts:
        """When offices are open on a date; none on a day off.

        A make-up day has the hours of a usual day, whatever weekday it is. A half day is a
        working day with hours of its own.
        """
        if not self.is_working_day(day):
            return ()
        if self.is_round_the_clock or self.hours is None:
            return WHOLE_DAY
        if day in self.half_days:
            return self.half_days[day].shifts
        return self.hours.on(day)


def read_calendars(table: Table) -> tuple[Calendar, dict[str, Calendar]]:
    """Read the years, the hours, and the calendars that are named.

    Args:
        table: The file's outermost table: `[[years]]` with `[[years.holidays]]`, and perhaps
            `[hours]`, `[[half_days]]`, `[calendars.KEY]`.

    Returns:
        The city's own calendar, and the others by key.
    """
    years = _read_years(table)
    own = replace(years, hours=read_hours(table))
    own = replace(own, half_days=_half_days(table, own))
    named = {key: _named(key, inner, own) for key, inner in table.named("calendars").items()}
    table.finish()
    return own, named


def _named(key: str, table: Table, own: Calendar) -> Calendar:
    """Read one of `[calendars.KEY]`; it needs hours of its own, or to be open all the time."""
    table.text("name")
    table.text("source")
    always, hours = flag(table, "round_the_clock", default=False), read_hours(table)
    if always == (hours is not None):
        table.error(f"calendar {key} needs either `hours` or `round_the_clock = true`")
    calendar = replace(own, key=key, hours=hours or own.hours, is_round_the_clock=always)
    half_days = _half_days(table, calendar)
    if always and half_days:
        table.error(f"calendar {key} runs round the clock, so it has no half days", "half_days")
    table.finish()
    return replace(calendar, half_days={**own.half_days, **half_days})


def _half_days(table: Table, calendar: Calendar) -> dict[date, HalfDay]:
    """Read half days; each must be a working day of the calendar, and lie in its years."""
    half_days = read_half_days(table)
    for number, (day, half) in enumerate(half_days.items()):
        place = ("half_days", number)
        if not calendar.is_published(day.year):
            table.error(f"{half.name}: {day.year} isn't among the years", *place)
        if (rest := calendar.rest_name(day)) is not None:
            table.error(f"{half.name}: nobody works on {day}, it is {rest}", *place)
    if half_days and calendar.hours is None:
        table.error("half days need `hours`: without them every working day counts whole")
    return half_days


def _read_years(table: Table) -> Calendar:
    names: dict[date, str] = {}
    workdays: set[date] = set()
    years: set[int] = set()
    for inner in table.each("years"):
        year = inner.integer("year", least=1970)
        if year in years:
            inner.error(f"{year} is here twice", "year")
        years.add(year)
        inner.text("source")
        _read_holidays(inner, year, names)
        for day in inner.days("workdays"):
            _check_workday(inner, year, day, names)
            workdays.add(day)
        inner.finish()
    return Calendar(frozenset(names), frozenset(workdays), frozenset(years), names)


def _read_holidays(table: Table, year: int, names: dict[date, str]) -> None:
    for inner in table.each("holidays"):
        name, first, last = inner.text("name"), inner.day("first"), inner.day("last")
        inner.finish()
        if first > last or {first.year, last.year} != {year}:
            inner.error(f"{name} must begin before it ends, and lie in {year}")
            continue
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            if day in names:
                inner.error(f"{day} is a holiday twice")
            names[day] = name


def _check_workday(table: Table, year: int, day: date, names: Mapping[date, str]) -> None:
    if day.year != year:
        table.error(f"{day} doesn't lie in {year}", "workdays")
    if day in names:
        table.error(f"{day} is both a holiday and a workday", "workdays")
    if day.weekday() < _SATURDAY:
        table.error(f"{day} is worked anyway: it is no Saturday or Sunday", "workdays")
