"""Golden due instants in office hours, each with its arithmetic: lunch, split shifts, half days.

Local time in Shanghai. An OFFICE day is 3 h + 4 h = 7 h: 09:00-12:00, 13:30-17:30.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.tracker.decide.sla import before, due
from tests.tracker.calendars import (
    ALWAYS,
    CITY,
    EVENINGS,
    FRIDAYS,
    HALF,
    OFFICE,
    SHANGHAI,
    SPLIT,
    at,
    counted,
    duration,
    wall,
)

NEW_YORK = ZoneInfo("America/New_York")

OFFICE_HOURS = [
    # Within a day; lunch stands still.
    ("1wh", "2026-11-24 09:00", "2026-11-24 10:00"),  # from the first minute
    ("3wh", "2026-11-24 09:00", "2026-11-24 12:00"),  # ends as lunch begins, not after it
    ("4wh", "2026-11-24 09:00", "2026-11-24 14:30"),  # 3 h to lunch + 1 h from 13:30
    ("7wh", "2026-11-24 09:00", "2026-11-24 17:30"),  # 3 h + 4 h: the whole day
    ("2wh", "2026-11-24 11:30", "2026-11-24 15:00"),  # 30 min + 1 h 30 min from 13:30
    ("30wm", "2026-11-24 11:45", "2026-11-24 13:45"),  # 15 min + 15 min from 13:30
    # Begun while offices are closed: the clock runs when they open.
    ("1wh", "2026-11-24 12:15", "2026-11-24 14:30"),  # in the lunch hour
    ("1wh", "2026-11-24 12:00", "2026-11-24 14:30"),  # as lunch begins
    ("1wh", "2026-11-24 07:00", "2026-11-24 10:00"),  # before opening
    ("1wh", "2026-11-24 17:30", "2026-11-25 10:00"),  # at closing
    ("1wh", "2026-11-24 23:59", "2026-11-25 10:00"),  # a minute before midnight
    ("4wh", "2026-11-28 10:00", "2026-11-30 14:30"),  # Sat | Mon 3 h + 1 h
    ("7wh", "2026-11-29 23:59", "2026-11-30 17:30"),  # Sun | Mon 7 h
    # Over night and over the weekend.
    ("8wh", "2026-11-24 09:00", "2026-11-25 10:00"),  # Tue 7 h, Wed 1 h
    ("14wh", "2026-11-24 09:00", "2026-11-25 17:30"),  # 7 h + 7 h, ends at closing
    ("1wh", "2026-11-24 17:00", "2026-11-25 09:30"),  # 30 min + 30 min
    ("90wm", "2026-11-24 17:00", "2026-11-25 10:00"),  # 30 min + 60 min
    ("2wh", "2026-11-27 16:30", "2026-11-30 10:00"),  # Fri 1 h | Mon 1 h
    ("35wh", "2026-11-23 09:00", "2026-11-27 17:30"),  # 5 x 7 h
    ("36wh", "2026-11-23 09:00", "2026-11-30 10:00"),  # 35 h | Mon 1 h
    # Holidays and make-up days.
    ("2wh", "2026-09-30 17:00", "2026-10-08 10:30"),  # 30 min; 1-7 Oct -; Thu 8 1 h 30 min
    ("7wh", "2026-10-09 13:30", "2026-10-10 12:00"),  # Fri 4 h, Sat 10 made up 3 h
    ("8wh", "2026-10-09 13:30", "2026-10-10 14:30"),  # Fri 4 h, Sat 3 h + 1 h
    ("2wh", "2026-02-13 16:30", "2026-02-14 10:00"),  # Fri 1 h, Sat 14 made up 1 h
    ("9wh", "2026-02-13 16:30", "2026-02-24 10:00"),  # 1 h + Sat 7 h; 15-23 -; Tue 24 1 h
    ("1wh", "2024-09-14 09:00", "2024-09-14 10:00"),  # a make-up Saturday of 2024
    ("4wh", "2024-09-14 16:00", "2024-09-18 11:30"),  # Sat 1 h 30; 15-17 -; Wed 18 2 h 30
    ("1wh", "2025-01-26 08:00", "2025-01-26 10:00"),  # a make-up Sunday of 2025
    ("3wh", "2025-01-27 16:30", "2025-02-05 11:00"),  # Mon 1 h; 28-4 -; Wed 5 2 h
    # New Year.
    ("8wh", "2024-12-31 09:00", "2025-01-02 10:00"),  # Tue 7 h; Wed 1 -; Thu 2 1 h
    ("1wh", "2025-12-31 17:00", "2026-01-04 09:30"),  # 30 min; 1-3 -; Sun 4 made up 30 min
]


@pytest.mark.parametrize(("length", "starts", "expected"), OFFICE_HOURS)
def test_the_clock_runs_while_the_office_is_open(length, starts, expected) -> None:
    """What a clerk can do by the clock on the wall, and no night shift."""
    found = counted(length, starts, OFFICE)
    assert (wall(found.at), found.is_provisional) == (expected, False)


@pytest.mark.parametrize(
    ("length", "starts", "calendar", "expected"),
    [
        # Half days: Sat 14 Feb (made up) and Thu 31 Dec, 09:00-12:00 only.
        ("4wh", "2026-02-13 16:30", HALF, "2026-02-14 12:00"),  # Fri 1 h, Sat 3 h
        ("5wh", "2026-02-13 16:30", HALF, "2026-02-24 10:00"),  # 1 h + 3 h; 15-23 -; Tue 1 h
        ("1wh", "2026-02-14 11:30", HALF, "2026-02-24 09:30"),  # 30 min; 15-23 -; Tue 30 min
        ("1wh", "2026-02-14 14:00", HALF, "2026-02-24 10:00"),  # its afternoon is closed
        ("1wd", "2026-02-13 10:00", HALF, "2026-02-15 00:00"),  # Sat 1: half a day is a day
        ("3wh", "2026-12-31 08:00", HALF, "2026-12-31 12:00"),  # all of it
        # Three shifts: 08:00-11:00, 12:00-15:00, 18:00-20:00.
        ("8wh", "2026-11-24 08:00", SPLIT, "2026-11-24 20:00"),  # 3 h + 3 h + 2 h
        ("5wh", "2026-11-24 10:00", SPLIT, "2026-11-24 19:00"),  # 1 h + 3 h + 1 h
        ("2wh", "2026-11-24 14:30", SPLIT, "2026-11-24 19:30"),  # 30 min + 1 h 30 min
        ("2wh", "2026-11-24 19:30", SPLIT, "2026-11-25 09:30"),  # 30 min, Wed 1 h 30 min
        ("9wh", "2026-11-27 16:00", SPLIT, "2026-11-30 19:00"),  # Fri 2 h | Mon 3 h + 3 h + 1 h
        # Fridays only in the morning; a make-up Saturday is a usual day.
        ("4wh", "2026-11-26 16:30", FRIDAYS, "2026-11-27 12:00"),  # Thu 1 h, Fri 3 h
        ("5wh", "2026-11-26 16:30", FRIDAYS, "2026-11-30 10:00"),  # 1 h + 3 h | Mon 1 h
        ("5wh", "2026-10-09 11:00", FRIDAYS, "2026-10-10 14:30"),  # Fri 1 h, Sat 3 h + 1 h
        # Evenings, 18:00-24:00.
        ("6wh", "2026-11-24 18:00", EVENINGS, "2026-11-25 00:00"),  # ends with the date
        ("7wh", "2026-11-24 18:00", EVENINGS, "2026-11-25 19:00"),  # 6 h, Wed 1 h
        ("1wh", "2026-11-27 23:30", EVENINGS, "2026-11-30 18:30"),  # Fri 30 min | Mon 30 min
        # Nobody has said when offices are open: a working day counts whole.
        ("24wh", "2026-11-27 12:00", CITY, "2026-11-30 12:00"),  # Fri 12 h | Mon 12 h
    ],
)
def test_each_calendar_has_its_own_hours(length, starts, calendar, expected) -> None:
    """One city, several offices: who serves in the evening is due in the evening."""
    assert wall(counted(length, starts, calendar).at) == expected


@pytest.mark.parametrize(
    ("length", "due_at", "calendar", "expected"),
    [
        ("1wh", "2026-11-24 10:00", OFFICE, "2026-11-24 09:00"),
        ("4wh", "2026-11-24 14:30", OFFICE, "2026-11-24 09:00"),  # 1 h back to lunch, then 3 h
        ("2wh", "2026-11-30 10:00", OFFICE, "2026-11-27 16:30"),  # Mon 1 h | Fri 1 h
        ("2wh", "2026-10-08 10:30", OFFICE, "2026-09-30 17:00"),  # 1 h 30; 1-7 -; 30 Sep 30 min
        ("30wm", "2026-11-25 00:00", OFFICE, "2026-11-24 17:00"),  # due at midnight: Tue's last
        ("2wh", "2026-11-28 12:00", OFFICE, "2026-11-27 15:30"),  # Sat is closed: Fri's last 2 h
        ("4wh", "2026-02-24 10:00", HALF, "2026-02-14 09:00"),  # Tue 1 h; -; the half day's 3 h
        ("3wh", "2026-10-01 01:00", ALWAYS, "2026-09-30 22:00"),  # round the clock: elapsed
    ],
)
def test_a_warning_comes_so_many_office_hours_before(length, due_at, calendar, expected) -> None:
    """A warning in the night would be read when it is too late."""
    assert wall(before(duration(length), calendar, at(due_at), SHANGHAI)) == expected


def test_summer_time_takes_an_hour_from_nobodys_office() -> None:
    """EVENINGS in New York over 8 March 2026: Fri 6 h | Mon 1 h, each by its own wall clock."""
    starts_at = datetime(2026, 3, 6, 18, tzinfo=NEW_YORK)
    found = due(duration("7wh"), EVENINGS, starts_at, NEW_YORK)
    assert found.at == datetime(2026, 3, 9, 23, tzinfo=UTC)  # 19:00 EDT, four hours behind


def test_the_timeline_names_shifts_lunch_nights_and_days_off() -> None:
    """An official follows it on a sheet of paper."""
    found = counted("9wh", "2026-02-13 16:30", HALF)
    assert [(wall(step.starts_at)[5:], step.runs, step.why) for step in found.timeline] == [
        ("02-13 16:30", True, "office hours (2026-02-13, 13:30 to 17:30)"),
        ("02-13 17:30", False, "the clock stands still: offices are closed"),
        (
            "02-14 09:00",
            True,
            "office hours (2026-02-14, 09:00 to 12:00), 除夕前, worked to make up for a holiday",
        ),
        ("02-14 12:00", False, "the clock stands still: offices are closed"),
        ("02-15 00:00", False, "the clock stands still: 春节 (2026-02-15 to 2026-02-23)"),
        ("02-24 00:00", False, "the clock stands still: offices are closed"),
        ("02-24 09:00", True, "office hours (2026-02-24, 09:00 to 12:00)"),
        ("02-24 12:00", False, "the clock stands still: offices are closed"),
        ("02-24 13:30", True, "office hours (2026-02-24, 13:30 to 17:30)"),
    ]


def test_the_timeline_of_office_hours_speaks_chinese_too() -> None:
    """Officials of a Chinese city read Chinese."""
    found = due(duration("2wh"), OFFICE, at("2026-11-27 16:30"), SHANGHAI, "zh")
    assert [step.why for step in found.timeline] == [
        "办公时间(2026-11-27 13:30至17:30)",
        "非办公时间停计",
        "周末(2026-11-28至2026-11-29)停计",
        "非办公时间停计",
        "办公时间(2026-11-30 09:00至12:00)",
    ]
