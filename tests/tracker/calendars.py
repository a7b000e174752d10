"""Calendars to count by, and short ways to write instants, durations and pauses.

Beijing's is the file that ships, so that the golden cases hold for the days as the State
Council published them; the hours are those of the tests.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from services.policy import Calendar, Duration, parse_duration
from services.policy.calendar import FILE, read_calendars
from services.policy.faults import FaultLog
from services.policy.office_hours import HalfDay, OfficeHours, Shift, Shifts
from services.policy.toml_tables import read_toml
from services.tracker.decide.case import Extension, Pause
from services.tracker.decide.sla import Due, due, extended

SHANGHAI = ZoneInfo("Asia/Shanghai")
_FILE = Path(__file__).parents[2] / "policy" / "beijing" / FILE


def _beijing() -> tuple[Calendar, dict[str, Calendar]]:
    faults = FaultLog()
    found = read_calendars(read_toml(FILE, _FILE.read_text(encoding="utf-8"), faults))
    assert faults.ordered() == ()
    return found


def _open(*shifts: str) -> Shifts:
    """Shifts such as `9:00-12:00`, in minutes."""
    clocks = [[part.split(":") for part in shift.split("-")] for shift in shifts]
    return tuple(
        Shift(int(opens[0]) * 60 + int(opens[1]), int(closes[0]) * 60 + int(closes[1]))
        for opens, closes in clocks
    )


_NAMED = _beijing()[1]
#: Published: 2024, 2025, 2026. Nobody has said when offices are open.
CITY = _beijing()[0]
#: 09:00-12:00 and 13:30-17:30: 3 h and 4 h, 7 h a day.
OFFICE = _NAMED["office"]
#: Every hour of every date.
ALWAYS = _NAMED["round-the-clock"]
#: As OFFICE, but on two days only in the morning: 3 h.
HALF = replace(
    OFFICE,
    half_days={
        date(2026, 2, 14): HalfDay("除夕前", _open("9:00-12:00")),
        date(2026, 12, 31): HalfDay("岁末", _open("9:00-12:00")),
    },
)
#: 08:00-11:00, 12:00-15:00, 18:00-20:00: 3 h, 3 h and 2 h, 8 h a day.
SPLIT = replace(
    CITY, hours=OfficeHours(_open("8:00-11:00", "12:00-15:00", "18:00-20:00"), weekdays={})
)
#: As OFFICE, but on Fridays only in the morning: 3 h.
FRIDAYS = replace(
    CITY,
    hours=OfficeHours(_open("9:00-12:00", "13:30-17:30"), weekdays={"friday": _open("9:00-12:00")}),
)
#: 18:00-24:00: 6 h an evening.
EVENINGS = replace(CITY, hours=OfficeHours(_open("18:00-24:00"), weekdays={}))

CALENDARS = (CITY, OFFICE, ALWAYS, HALF, SPLIT, FRIDAYS, EVENINGS)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """An instant as a clock on the wall shows it, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def duration(text: str) -> Duration:
    """A duration as a policy file writes it."""
    found = parse_duration(text)
    assert found is not None
    return found


def pauses(*intervals: tuple[str, str]) -> tuple[Pause, ...]:
    """A ledger of closed pauses."""
    return tuple(Pause(at(since), at(until), "材料待补", "policy") for since, until in intervals)


def extensions(*grants: tuple[str, str]) -> tuple[Extension, ...]:
    """Extensions: when each was granted, and until when."""
    return tuple(
        Extension(UUID(int=number), at(granted), at(until), "等待检测", "officer")
        for number, (granted, until) in enumerate(grants)
    )


def counted(
    length: str,
    starts: str,
    calendar: Calendar = CITY,
    ledger: tuple[Pause, ...] = (),
    granted: tuple[Extension, ...] = (),
) -> Due:
    """Count from an instant in Shanghai; the timeline must add up, whatever it is."""
    promise = due(duration(length), calendar, at(starts), SHANGHAI, "en", ledger)
    found = extended(promise, granted, ledger)
    place = at(starts)
    for step in found.timeline:
        assert step.starts_at == place < step.ends_at
        place = step.ends_at
    assert place == found.at
    return found


def wall(instant: datetime) -> str:
    """An instant as the tables write it: seconds only where there are some."""
    local = instant.astimezone(SHANGHAI)
    return f"{local:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
