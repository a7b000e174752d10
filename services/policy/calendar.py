"""`calendar.toml`: public holidays and make-up workdays, as published for each year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.toml_tables import Table

FILE = "calendar.toml"

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are working days in the city."""

    holidays: frozenset[date]
    workdays: frozenset[date]  #: Saturdays and Sundays worked to make up for a holiday.
    years: frozenset[int]  #: Years whose holidays have been published.
    names: Mapping[date, str]  #: What each holiday is, such as 春节.

    def is_working_day(self, day: date) -> bool:
        """Tell whether offices work; outside published years only weekends are known."""
        if day in self.workdays:
            return True
        return day not in self.holidays and day.weekday() < _SATURDAY

    def is_published(self, year: int) -> bool:
        """Tell whether a year is known; if not, what is computed in it is provisional."""
        return year in self.years

    def rest_name(self, day: date) -> str | None:
        """Say why a day is off: the holiday's name, `weekend`, or None if it is worked."""
        if self.is_working_day(day):
            return None
        return self.names.get(day, "weekend")


def read_calendar(table: Table) -> Calendar:
    """Read the years.

    Args:
        table: The file's outermost table: `[[years]]` with `[[years.holidays]]`.

    Returns:
        The calendar.
    """
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
    table.finish()
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
