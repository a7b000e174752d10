"""Golden due instants of clocks that stood still, each with its arithmetic.

Local time in Shanghai; 2026-11-24 is a Tuesday. A pause is written as its two instants.
"""

from __future__ import annotations

import pytest

from services.tracker.decide.case import Pause
from services.tracker.decide.sla import due
from tests.tracker.calendars import (
    ALWAYS,
    CITY,
    HALF,
    OFFICE,
    SHANGHAI,
    at,
    counted,
    duration,
    pauses,
    wall,
)

ELAPSED = [
    # Two hours from 10:00, due at 12:00 without a pause.
    ("2h", [("10:30", "11:00")], "12:30"),  # 30 min; pause 30 min; 1 h 30 min
    ("2h", [("10:30", "11:00"), ("11:15", "11:30")], "12:45"),  # 12:00 + 30 min + 15 min
    ("2h", [("10:30", "11:30"), ("11:00", "12:00")], "13:30"),  # together 10:30-12:00: 1 h 30 min
    ("2h", [("10:30", "12:30"), ("11:00", "11:30")], "14:00"),  # one in the other: 2 h
    ("2h", [("10:30", "11:00"), ("11:00", "11:30")], "13:00"),  # one after the other: 1 h
    ("2h", [("11:15", "11:30"), ("10:30", "11:00")], "12:45"),  # in any order
    ("2h", [("09:00", "10:30")], "12:30"),  # begun before the clock: 30 min of it
    ("2h", [("08:00", "09:00")], "12:00"),  # over before the clock began
    ("2h", [("11:59", "13:00")], "13:01"),  # over the due instant: 1 min was left
    ("2h", [("12:00", "13:00")], "12:00"),  # begins as it is due: too late
    ("2h", [("13:00", "14:00")], "12:00"),  # after it was due
    ("2h", [("11:00", "11:00")], "12:00"),  # no length
    ("2h", [("11:30", "12:30"), ("12:45", "13:45")], "14:00"),  # the first moves it into the second
]


@pytest.mark.parametrize(("length", "intervals", "expected"), ELAPSED)
def test_what_lies_in_a_pause_is_not_counted(length, intervals, expected) -> None:
    """To the minute, however the pauses lie."""
    ledger = pauses(*((f"2026-11-24 {a}", f"2026-11-24 {b}") for a, b in intervals))
    assert wall(counted(length, "2026-11-24 10:00", CITY, ledger).at) == f"2026-11-24 {expected}"


LONGER = [
    # Over a night, a New Year, a holiday: 6 h ran, 18 h are left.
    ("24h", "2026-11-24 10:00", ("2026-11-24 20:00", "2026-11-25 08:00"), "2026-11-25 22:00"),
    ("24h", "2026-12-31 12:00", ("2026-12-31 18:00", "2027-01-03 18:00"), "2027-01-04 12:00"),
    ("24h", "2026-09-30 18:00", ("2026-10-01 00:00", "2026-10-08 00:00"), "2026-10-08 18:00"),
    # Natural days move by as long as the clock stood still.
    ("7d", "2026-11-24 10:00", ("2026-11-26 10:00", "2026-11-28 13:00"), "2026-12-03 13:00"),
    # …over the due date (1 Dec): 6 days ran, 1 is left.
    ("7d", "2026-11-24 10:00", ("2026-11-30 10:00", "2026-12-05 10:00"), "2026-12-06 10:00"),
    # …over a holiday: 6 Oct + 8 days.
    ("7d", "2026-09-29 09:00", ("2026-09-30 09:00", "2026-10-08 09:00"), "2026-10-14 09:00"),
    # …from 23:59: 25 Nov 23:59 + 30 min.
    ("1d", "2026-11-24 23:59", ("2026-11-25 00:00", "2026-11-25 00:30"), "2026-11-26 00:29"),
    # …after it was due.
    ("1d", "2026-11-24 10:00", ("2026-11-26 00:00", "2026-11-27 00:00"), "2026-11-25 10:00"),
]


@pytest.mark.parametrize(("length", "starts", "pause", "expected"), LONGER)
def test_a_due_instant_moves_by_as_long_as_the_clock_stood_still(
    length, starts, pause, expected
) -> None:
    """A holiday in a pause isn't counted twice: elapsed time knows none."""
    assert wall(counted(length, starts, CITY, pauses(pause)).at) == expected


WORKING_DAYS = [
    # Five working days from Mon 23 Nov: Tue 1 Wed 2 Thu 3 Fri 4 | Mon 30 5, without a pause.
    # Wed in office hours: Tue 1 Thu 2 Fri 3 | Mon 4 Tue 5.
    ("5wd", "2026-11-23 10:00", ("2026-11-25 09:00", "2026-11-25 17:00"), "2026-12-02 00:00"),
    # Wed afternoon to Thu morning: Tue 1 Fri 2 | Mon 3 Tue 4 Wed 5.
    ("5wd", "2026-11-23 10:00", ("2026-11-25 16:00", "2026-11-26 10:00"), "2026-12-03 00:00"),
    # The weekend alone: nothing is lost.
    ("5wd", "2026-11-23 10:00", ("2026-11-28 00:00", "2026-11-30 00:00"), "2026-12-01 00:00"),
    # Over the weekend: Tue 1 Wed 2 Thu 3; Fri - | Mon - Tue 4 Wed 5.
    ("5wd", "2026-11-23 10:00", ("2026-11-27 18:00", "2026-11-30 09:00"), "2026-12-03 00:00"),
    # The day of dispatch alone: it isn't counted anyway.
    ("5wd", "2026-11-23 10:00", ("2026-11-23 11:00", "2026-11-24 00:00"), "2026-12-01 00:00"),
    # Begun before dispatch, until Wed 12:00: Thu 1 Fri 2 | Mon 3 Tue 4 Wed 5.
    ("5wd", "2026-11-23 10:00", ("2026-11-20 00:00", "2026-11-25 12:00"), "2026-12-03 00:00"),
    # Over the due date (Thu 24:00): Wed 1; Thu Fri - | Mon - Tue - Wed 2.
    ("2wd", "2026-11-24 10:00", ("2026-11-26 12:00", "2026-12-01 12:00"), "2026-12-03 00:00"),
    # As it is due: too late.
    ("2wd", "2026-11-24 10:00", ("2026-11-27 00:00", "2026-11-28 00:00"), "2026-11-27 00:00"),
    # Two minutes around midnight: Wed - Thu - Fri 1.
    ("1wd", "2026-11-24 10:00", ("2026-11-25 23:59", "2026-11-26 00:01"), "2026-11-28 00:00"),
    # Until midnight: Wed - Thu 1.
    ("1wd", "2026-11-24 10:00", ("2026-11-25 10:00", "2026-11-26 00:00"), "2026-11-27 00:00"),
    # The holiday alone: Wed 30 1; 1-7 -; Thu 8 2 Fri 9 3.
    ("3wd", "2026-09-29 10:00", ("2026-10-01 00:00", "2026-10-08 00:00"), "2026-10-10 00:00"),
    # Over the holiday: Wed -; 1-7 -; Thu - Fri 9 1 Sat 10 made up 2 | Mon 12 3.
    ("3wd", "2026-09-29 10:00", ("2026-09-30 12:00", "2026-10-08 12:00"), "2026-10-13 00:00"),
    # On a make-up Saturday: Fri 9 1; Sat - | Mon 12 2.
    ("2wd", "2026-10-08 10:00", ("2026-10-10 10:00", "2026-10-10 11:00"), "2026-10-13 00:00"),
    # From New Year's Eve on: Wed 30 1; Thu - Fri - | Mon 4 Jan 2.
    ("2wd", "2026-12-29 10:00", ("2026-12-31 15:00", "2027-01-01 09:00"), "2027-01-05 00:00"),
]


@pytest.mark.parametrize(("length", "starts", "pause", "expected"), WORKING_DAYS)
def test_a_working_day_on_which_the_clock_stood_still_is_not_counted(
    length, starts, pause, expected
) -> None:
    """As the day of dispatch isn't: only a day on which the clock ran throughout is one."""
    assert wall(counted(length, starts, CITY, pauses(pause)).at) == expected


OFFICE_HOURS = [
    # 1 h; pause; 11-12 1 h, 13:30 + 2 h.
    (
        "4wh",
        "2026-11-24 09:00",
        OFFICE,
        ("2026-11-24 10:00", "2026-11-24 11:00"),
        "2026-11-24 15:30",
    ),
    # Over lunch: 2 h to 11:00, 14:30 + 2 h.
    (
        "4wh",
        "2026-11-24 09:00",
        OFFICE,
        ("2026-11-24 11:00", "2026-11-24 14:30"),
        "2026-11-24 16:30",
    ),
    # In the lunch hour alone: nothing is lost.
    (
        "4wh",
        "2026-11-24 09:00",
        OFFICE,
        ("2026-11-24 12:00", "2026-11-24 13:30"),
        "2026-11-24 14:30",
    ),
    # In the night alone: Tue 7 h, Wed 1 h.
    (
        "8wh",
        "2026-11-24 09:00",
        OFFICE,
        ("2026-11-24 17:30", "2026-11-25 09:00"),
        "2026-11-25 10:00",
    ),
    # Over the due instant: 3 h + 3 h 30 min; Thu 26 30 min.
    (
        "7wh",
        "2026-11-24 09:00",
        OFFICE,
        ("2026-11-24 17:00", "2026-11-26 09:00"),
        "2026-11-26 09:30",
    ),
    # Over the holiday: 2 h; Fri 9 10-12 2 h, 13:30 + 4 h.
    (
        "8wh",
        "2026-09-30 13:30",
        OFFICE,
        ("2026-09-30 15:30", "2026-10-09 10:00"),
        "2026-10-09 17:30",
    ),
    # The holiday alone: 4 h; Thu 8 3 h + 1 h.
    (
        "8wh",
        "2026-09-30 13:30",
        OFFICE,
        ("2026-10-01 00:00", "2026-10-08 00:00"),
        "2026-10-08 14:30",
    ),
    # The half day: Fri 1 h; Sat -; 15-23 -; Tue 3 h.
    ("4wh", "2026-02-13 16:30", HALF, ("2026-02-14 09:00", "2026-02-14 12:00"), "2026-02-24 12:00"),
    # Begun while closed, paused at opening until 10:00: 1 h from there.
    (
        "1wh",
        "2026-11-24 23:59",
        OFFICE,
        ("2026-11-25 08:00", "2026-11-25 10:00"),
        "2026-11-25 11:00",
    ),
    # Round the clock: 2 h; pause 2 h; 6 h.
    (
        "8wh",
        "2026-10-01 22:00",
        ALWAYS,
        ("2026-10-02 00:00", "2026-10-02 02:00"),
        "2026-10-02 08:00",
    ),
]


@pytest.mark.parametrize(("length", "starts", "calendar", "pause", "expected"), OFFICE_HOURS)
def test_only_office_hours_in_a_pause_are_lost(length, starts, calendar, pause, expected) -> None:
    """A pause by night wins nobody time."""
    assert wall(counted(length, starts, calendar, pauses(pause)).at) == expected


def test_the_timeline_of_working_days_names_the_days_that_a_pause_took() -> None:
    """In Chinese, as an agency of Beijing reads it."""
    ledger = pauses(("2026-11-27 18:00", "2026-11-30 09:00"))
    found = due(duration("4wd"), CITY, at("2026-11-24 10:00"), SHANGHAI, "zh", ledger)
    assert [step.why for step in found.timeline] == [
        "派单当日(2026-11-24)不计入",
        "第1至2个工作日(2026-11-25至2026-11-26)",
        "暂停计时:材料待补(2026-11-27)不计入",
        "周末(2026-11-28至2026-11-29)停计",
        "暂停计时:材料待补(2026-11-30)不计入",
        "第3至4个工作日(2026-12-01至2026-12-02)",
    ]


def test_nothing_is_due_while_a_pause_is_open() -> None:
    """Whoever asks for a due instant then has forgotten to end the pause."""
    open_pause = Pause(at("2026-11-24 11:00"), None, "材料待补", "policy")
    with pytest.raises(ValueError, match="is open: nothing is due yet"):
        counted("2h", "2026-11-24 10:00", CITY, (open_pause,))
