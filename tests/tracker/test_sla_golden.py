"""Golden due instants by the days of 2024, 2025 and 2026, each with its arithmetic.

Local time in Shanghai. In the arithmetic a day's number in the count stands behind it, "-" marks
what isn't counted, "|" ends a week. The make-up days (调休) are as the State Council published
them: 2024: 2-4, 2-18, 4-7, 4-28, 5-11, 9-14, 9-29, 10-12. 2025: 1-26, 2-8, 4-27, 9-28, 10-11.
2026: 1-4, 2-14, 2-28, 5-9, 9-20, 10-10.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from services.tracker.decide.months import month_bounds, month_of
from tests.tracker.calendars import ALWAYS, CITY, HALF, OFFICE, SHANGHAI, at, counted, wall

WORKING_DAYS = [
    # 2024. New Year is one day; Spring Festival 2-10 to 2-17.
    ("1wd", "2024-01-01 10:00", "2024-01-03 00:00"),  # Mon, a holiday; Tue 2 1
    ("3wd", "2024-02-02 10:00", "2024-02-07 00:00"),  # Fri; Sat -, Sun 4 made up 1 | Mon 2 Tue 3
    ("5wd", "2024-02-07 10:00", "2024-02-21 00:00"),  # Thu 1 Fri 2; 10-17 -; Sun 18 3 | Mon 4 Tue 5
    ("1wd", "2024-02-09 16:00", "2024-02-19 00:00"),  # Fri; 10-17 -; Sun 18 made up 1
    ("1wd", "2024-02-17 23:59", "2024-02-19 00:00"),  # Sat, the last holiday; Sun 18 made up 1
    ("2wd", "2024-02-28 09:00", "2024-03-02 00:00"),  # Wed; Thu 29 1 (leap year) Fri 1 Mar 2
    # Qingming 4-4 to 4-6, Labour Day 5-1 to 5-5, Dragon Boat 6-10.
    ("2wd", "2024-04-03 10:00", "2024-04-09 00:00"),  # Wed; 4-6 -; Sun 7 made up 1 | Mon 2
    ("3wd", "2024-04-26 17:00", "2024-05-01 00:00"),  # Fri; Sat -, Sun 28 made up 1 | Mon 2 Tue 3
    (
        "4wd",
        "2024-04-28 09:00",
        "2024-05-08 00:00",
    ),  # Sun worked | Mon 1 Tue 2; 1-5 - | Mon 3 Tue 4
    ("6wd", "2024-05-03 12:00", "2024-05-12 00:00"),  # Fri, a holiday | 6-10 5, Sat 11 made up 6
    ("1wd", "2024-05-11 12:00", "2024-05-14 00:00"),  # Sat worked; Sun - | Mon 13 1
    ("2wd", "2024-06-07 10:00", "2024-06-13 00:00"),  # Fri; Sat Sun - | Mon 10 -, Tue 1 Wed 2
    # Mid-Autumn 9-15 to 9-17, National Day 10-1 to 10-7.
    ("2wd", "2024-09-13 18:00", "2024-09-19 00:00"),  # Fri; Sat 14 made up 1; 15-17 -; Wed 2
    ("3wd", "2024-09-27 10:00", "2024-10-09 00:00"),  # Sat -, Sun 29 1 | Mon 2; 1-7 -; Tue 8 3
    ("5wd", "2024-10-07 10:00", "2024-10-13 00:00"),  # Mon, the last holiday; 8-11 4, Sat 12 5
    ("15wd", "2024-09-23 08:00", "2024-10-18 00:00"),  # 24-27 4, 29 5 | 30 6; 8-12 11 | 14-17 15
    # From 2024 to 2025 and 2026: New Year's Day is a Wednesday, then Thu to Sat with Sun made up.
    ("2wd", "2024-12-30 10:00", "2025-01-03 00:00"),  # Mon; Tue 31 1; Wed 1 -; Thu 2 2
    ("1wd", "2024-12-31 23:59", "2025-01-03 00:00"),  # Tue, its last minute; Wed 1 -; Thu 2 1
    ("2wd", "2025-12-31 10:00", "2026-01-06 00:00"),  # Wed; 1-3 -; Sun 4 made up 1 | Mon 5 2
    ("1wd", "2025-12-31 23:59", "2026-01-05 00:00"),  # Wed; 1-3 -; Sun 4 made up 1
    ("2wd", "2026-01-02 10:00", "2026-01-06 00:00"),  # Fri, a holiday; Sun 4 made up 1 | Mon 2
    # 2025. Spring Festival 1-28 to 2-4.
    ("3wd", "2025-01-24 10:00", "2025-02-06 00:00"),  # Sat -, Sun 26 1 | Mon 27 2; -; Wed 5 Feb 3
    ("4wd", "2025-02-04 10:00", "2025-02-09 00:00"),  # Tue, the last holiday; 5-7 3, Sat 8 4
    ("1wd", "2025-02-07 10:00", "2025-02-09 00:00"),  # Fri; Sat 8 made up 1
    ("1wd", "2025-02-08 10:00", "2025-02-11 00:00"),  # Sat worked; Sun - | Mon 10 1
    # Qingming 4-4 to 4-6 without a make-up day, Labour Day 5-1 to 5-5, Dragon Boat 5-31 to 6-2.
    ("2wd", "2025-04-03 10:00", "2025-04-09 00:00"),  # Thu; 4-6 - | Mon 7 1 Tue 8 2
    ("4wd", "2025-04-25 10:00", "2025-05-01 00:00"),  # Fri; Sat -, Sun 27 1 | Mon 2 Tue 3 Wed 4
    ("5wd", "2025-04-25 10:00", "2025-05-07 00:00"),  # …4; 1-5 -; Tue 6 5
    ("1wd", "2025-05-30 10:00", "2025-06-04 00:00"),  # Fri; 31-2 -; Tue 3 1
    # National Day and Mid-Autumn in one, 10-1 to 10-8.
    ("3wd", "2025-09-26 10:00", "2025-10-01 00:00"),  # Fri; Sat -, Sun 28 1 | Mon 2 Tue 3
    ("4wd", "2025-09-26 10:00", "2025-10-10 00:00"),  # …3; 1-8 -; Thu 9 4
    ("3wd", "2025-10-08 20:00", "2025-10-12 00:00"),  # Wed, the last holiday; 9-10 2, Sat 11 3
    # 2026. Spring Festival 2-15 to 2-23, with a Saturday worked before and one after.
    ("3wd", "2026-02-12 10:00", "2026-02-25 00:00"),  # Fri 1 Sat 14 made up 2; 15-23 -; Tue 24 3
    ("1wd", "2026-02-27 10:00", "2026-03-01 00:00"),  # Fri; Sat 28 made up 1
    ("1wd", "2026-02-28 10:00", "2026-03-03 00:00"),  # Sat worked; Sun - | Mon 2 Mar 1
    # Qingming 4-4 to 4-6, Labour Day 5-1 to 5-5, Dragon Boat 6-19 to 6-21.
    ("2wd", "2026-04-03 10:00", "2026-04-09 00:00"),  # Fri; 4-6 -; Tue 7 1 Wed 8 2
    ("2wd", "2026-04-29 10:00", "2026-05-07 00:00"),  # Wed; Thu 30 1; 1-5 -; Wed 6 2
    ("4wd", "2026-05-05 10:00", "2026-05-10 00:00"),  # Tue, the last holiday; 6-8 3, Sat 9 4
    ("1wd", "2026-06-18 10:00", "2026-06-23 00:00"),  # Thu; 19-21 - | Mon 22 1
    # Mid-Autumn 9-25 to 9-27, National Day 10-1 to 10-7.
    ("2wd", "2026-09-18 10:00", "2026-09-22 00:00"),  # Fri; Sat -, Sun 20 made up 1 | Mon 21 2
    ("10wd", "2026-09-23 10:00", "2026-10-15 00:00"),  # 24 1; 28-30 4; 8-9 6 Sat 10 7 | 12-14 10
]


@pytest.mark.parametrize(("length", "starts", "expected"), WORKING_DAYS)
def test_working_days_are_those_the_state_council_published(length, starts, expected) -> None:
    """A Saturday that is worked counts, a Tuesday that is a holiday doesn't."""
    found = counted(length, starts)
    assert (wall(found.at), found.is_provisional) == (expected, False)


@pytest.mark.parametrize(
    ("length", "starts", "expected"),
    [
        ("24h", "2024-12-31 23:59", "2025-01-01 23:59"),  # 1 min + 23 h 59 min
        ("2h", "2025-12-31 23:59", "2026-01-01 01:59"),  # 1 min + 1 h 59 min
        ("30m", "2026-02-28 23:59", "2026-03-01 00:29"),  # 1 min + 29 min, no leap year
        ("90m", "2024-02-28 23:00", "2024-02-29 00:30"),  # 60 min + 30 min, a leap year
        ("24h", "2026-02-14 12:00", "2026-02-15 12:00"),  # a make-up Saturday into the festival
        ("72h", "2026-09-30 23:59", "2026-10-03 23:59"),  # three days of holidays
        ("45s", "2026-12-31 23:59:30", "2027-01-01 00:00:15"),  # 30 s + 15 s
        ("7d", "2025-12-29 23:59", "2026-01-05 23:59"),  # 29 + 7 = 36 - 31 = 5
        ("15d", "2025-12-20 12:00", "2026-01-04 12:00"),  # 20 + 15 = 35 - 31 = 4
        ("15d", "2024-02-20 08:00", "2024-03-06 08:00"),  # 35 - 29 = 6
        ("15d", "2025-02-20 08:00", "2025-03-07 08:00"),  # 35 - 28 = 7
        ("1d", "2024-02-29 12:00", "2024-03-01 12:00"),  # leap day to the first
        ("7d", "2026-12-26 00:00", "2027-01-02 00:00"),  # 26 + 7 = 33 - 31 = 2
        ("30d", "2026-01-31 18:00", "2026-03-02 18:00"),  # 31 + 30 = 61 - 31 = 30 - 28 = 2
        ("7d", "2024-09-28 09:00", "2024-10-05 09:00"),  # into the holidays: they count
    ],
)
def test_elapsed_time_and_natural_days_never_ask_a_calendar(length, starts, expected) -> None:
    """The same by the office's calendar and by the one that runs round the clock."""
    for calendar in (CITY, OFFICE, ALWAYS):
        found = counted(length, starts, calendar)
        assert (wall(found.at), found.is_provisional) == (expected, False)


@pytest.mark.parametrize(
    ("length", "starts", "always", "office"),
    [
        # 1, 2 and 3 October count; at the office Thu 8 1 Fri 9 2 Sat 10 made up 3.
        ("3wd", "2026-09-30 10:00", "2026-10-04 00:00", "2026-10-11 00:00"),
        # Sat 1 Sun 2; at the office Mon 30 1 Tue 1 Dec 2.
        ("2wd", "2026-11-27 10:00", "2026-11-30 00:00", "2026-12-02 00:00"),
        # 2 h to midnight + 6 h; at the office Thu 8 7 h, Fri 9 1 h.
        ("8wh", "2026-10-01 22:00", "2026-10-02 06:00", "2026-10-09 10:00"),
        # A day and a night; at the office Tue 7 h, Wed 14 h, Thu 21 h, Fri 3 h.
        ("24wh", "2026-11-24 09:00", "2026-11-25 09:00", "2026-11-27 12:00"),
        # 24 h is 24 h everywhere.
        ("24h", "2026-11-27 18:00", "2026-11-28 18:00", "2026-11-28 18:00"),
        # One minute before midnight: 1 min + 59 min; at the office from 09:00.
        ("60wm", "2026-11-24 23:59", "2026-11-25 00:59", "2026-11-25 10:00"),
    ],
)
def test_a_utility_that_never_closes_is_due_before_an_office(
    length, starts, always, office
) -> None:
    """Both stand in one city's file; each standard names its own."""
    assert wall(counted(length, starts, ALWAYS).at) == always
    assert wall(counted(length, starts, OFFICE).at) == office


@pytest.mark.parametrize(
    ("length", "starts", "calendar", "expected", "is_provisional"),
    [
        ("4wd", "2026-12-25 10:00", CITY, "2027-01-01 00:00", False),  # 28-31 4: ends with 2026
        ("5wd", "2026-12-25 10:00", CITY, "2027-01-02 00:00", True),  # …4; Fri 1 5, if it is worked
        ("2wd", "2026-12-31 10:00", CITY, "2027-01-05 00:00", True),  # Fri 1 1; Sat Sun - | Mon 4 2
        ("7wh", "2026-12-30 13:30", HALF, "2026-12-31 12:00", False),  # 4 h + the half day's 3 h
        ("8wh", "2026-12-30 13:30", HALF, "2027-01-01 10:00", True),  # 4 h + 3 h + Fri 1 h
        ("1wh", "2026-12-31 17:00", OFFICE, "2027-01-01 09:30", True),  # 30 min + 30 min
        ("1wh", "2023-12-29 16:00", OFFICE, "2023-12-29 17:00", True),  # a year that was never in
        ("2wd", "2026-12-31 10:00", ALWAYS, "2027-01-03 00:00", False),  # 1 and 2 count in any year
        ("8wh", "2026-12-31 20:00", ALWAYS, "2027-01-01 04:00", False),  # 4 h + 4 h
    ],
)
def test_what_reaches_into_2027_is_provisional(
    length, starts, calendar, expected, is_provisional
) -> None:
    """Its holidays aren't published; only who never closes knows already."""
    found = counted(length, starts, calendar)
    assert (wall(found.at), found.is_provisional) == (expected, is_provisional)


def test_a_provisional_instant_moves_once_the_year_is_loaded() -> None:
    """If 1 to 3 January are holidays: Mon 4 1 Tue 5 2, a day later than it looked."""
    loaded = replace(
        CITY,
        years=CITY.years | {2027},
        holidays=CITY.holidays | {date(2027, 1, day) for day in (1, 2, 3)},
    )
    assert counted("2wd", "2026-12-31 10:00").is_provisional
    found = counted("2wd", "2026-12-31 10:00", loaded)
    assert (wall(found.at), found.is_provisional) == ("2027-01-06 00:00", False)


@pytest.mark.parametrize(
    ("month", "starts_on", "begins", "ends"),
    [
        ((2026, 11), 19, "2026-10-19 00:00", "2026-11-19 00:00"),  # 19 Oct to 18 Nov
        ((2026, 1), 19, "2025-12-19 00:00", "2026-01-19 00:00"),  # over New Year
        ((2024, 3), 19, "2024-02-19 00:00", "2024-03-19 00:00"),  # 29 days: a leap February
        ((2026, 3), 19, "2026-02-19 00:00", "2026-03-19 00:00"),  # 28 days, from the festival on
        ((2026, 12), 1, "2026-12-01 00:00", "2027-01-01 00:00"),  # a calendar month
        ((2026, 2), 28, "2026-01-28 00:00", "2026-02-28 00:00"),  # the last day every month has
    ],
)
def test_a_month_from_the_19th_is_named_after_the_one_it_ends_in(
    month, starts_on, begins, ends
) -> None:
    """From the first instant on, up to the last before the bound."""
    first, after = month_bounds(*month, starts_on, SHANGHAI)
    assert (first, after) == (at(begins), at(ends))
    assert month_of(first, starts_on, SHANGHAI) == month
    assert month_of(after - (datetime.resolution), starts_on, SHANGHAI) == month
    assert month_of(after, starts_on, SHANGHAI) != month
