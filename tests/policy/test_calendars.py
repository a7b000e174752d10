"""Calendars: office hours, half days, and those that are named beside the city's own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.policy import check
from tests.policies import CALENDAR, SLA, a_policy, policy_files
from tests.policy.planting import line_of

HOURS = """
[hours]
usual = ["09:00-12:00", "13:30-17:30"]
friday = ["09:00-12:00"]
source = "test"

[[half_days]]
date = 2026-09-30
name = "节前半天"
hours = ["09:00-11:00"]
source = "test"

[calendars.counter]
name = "办事大厅"
source = "test"

[calendars.counter.hours]
usual = ["08:00-20:00"]
source = "test"

[calendars.pumps]
name = "供水抢修"
round_the_clock = true
source = "test"
"""
FULL = CALENDAR + HOURS
POLICY = a_policy(calendar=FULL)
MORNING, AFTERNOON, HALF = "09:00-12:00", "13:30-17:30", "09:00-11:00"
ALL_DAY = "00:00-24:00"


@pytest.mark.parametrize(
    ("key", "day", "shifts"),
    [
        (None, date(2026, 10, 8), (MORNING, AFTERNOON)),  # a Thursday
        (None, date(2026, 10, 9), (MORNING,)),  # a Friday
        (None, date(2026, 10, 10), (MORNING, AFTERNOON)),  # a Saturday made up: a usual day
        (None, date(2026, 10, 11), ()),  # a Sunday
        (None, date(2026, 10, 1), ()),  # a holiday
        (None, date(2026, 9, 30), (HALF,)),  # a half day
        ("counter", date(2026, 10, 9), ("08:00-20:00",)),  # its own hours, Fridays too
        ("counter", date(2026, 9, 30), (HALF,)),  # the city's half day holds for it
        ("counter", date(2026, 10, 1), ()),  # and so do the holidays
        ("pumps", date(2026, 10, 1), (ALL_DAY,)),
        ("pumps", date(2026, 9, 30), (ALL_DAY,)),
        ("unheard-of", date(2026, 10, 9), (MORNING,)),  # of another bundle: the city's own
    ],
)
def test_each_date_has_the_hours_of_its_calendar(key, day, shifts) -> None:
    """The narrowest word counts: half day, weekday, usual."""
    assert tuple(map(str, POLICY.calendar_of(key).shifts(day))) == shifts


def test_what_never_closes_knows_no_holiday_and_no_unpublished_year() -> None:
    """A pump breaks on any day, and nothing about that is provisional."""
    pumps = POLICY.calendar_of("pumps")
    assert pumps.is_working_day(date(2026, 10, 1))
    assert pumps.rest_name(date(2026, 10, 3)) is None
    assert not pumps.is_made_up(date(2026, 10, 10))
    assert pumps.is_published(2031)
    assert not POLICY.calendar_of("counter").is_published(2031)


def test_a_calendar_without_hours_counts_its_working_days_whole() -> None:
    """As every calendar did before hours could be written."""
    plain = a_policy().calendar
    assert plain.hours is None
    assert [str(shift) for shift in plain.shifts(date(2026, 10, 8))] == [ALL_DAY]
    assert plain.shifts(date(2026, 10, 7)) == ()


def test_a_standard_may_name_its_calendar_and_count_in_hours() -> None:
    """One city, several offices."""
    sla = SLA.replace('handle_within = "24h"', 'handle_within = "16wh"\ncalendar = "counter"')
    sla = sla.replace('at_risk_before = "4h"', 'at_risk_before = "90wm"\ncontact_within = "2wh"')
    standard = a_policy(calendar=FULL, sla=sla).standards["utilities"]
    assert standard.calendar == "counter"
    written = [str(length) for length in standard.durations()]
    assert written == ["1h", "2wh", "16wh", "90wm"]


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ('"13:30-17:30"', '"11:30-17:30"', "usual = [", "begins before the one before it ends"),
        ('"13:30-17:30"', '"17:30-13:30"', "usual = [", "17:30-13:30 ends before it begins"),
        ('"13:30-17:30"', '"13:30-13:30"', "usual = [", "13:30-13:30 ends before it begins"),
        ('"13:30-17:30"', '"13:30-24:30"', "usual = [", "must be times such as 09:00-12:00"),
        ('"13:30-17:30"', '"1:30-5:30pm"', "usual = [", "must be times such as 09:00-12:00"),
        ('friday = ["09:00-12:00"]', "friday = []", "friday", "`friday` is missing: times"),
        ('friday = ["09', 'sunday = ["09', "sunday", "`sunday` means nothing here"),
        ("date = 2026-09-30", "date = 2026-10-01", "[[half_days]]", "on 2026-10-01, it is 国庆节"),
        ("date = 2026-09-30", "date = 2026-10-11", "[[half_days]]", "2026-10-11, it is weekend"),
        ("date = 2026-09-30", "date = 2027-09-30", "[[half_days]]", "2027 isn't among the years"),
        ("date = 2026-09-30", 'date = "30 Sep"', 'date = "30 Sep"', "must be a date such as"),
        ('hours = ["09:00-11:00"]', "", "[[half_days]]", "`hours` is missing"),
        ("round_the_clock = true", "", "[calendars.pumps]", "either `hours` or `round_the_clock"),
        ("round_the_clock = true", 'round_the_clock = "yes"', '"yes"', "must be true or false"),
        ('name = "供水抢修"\n', "", "[calendars.pumps]", "`name` is missing"),
    ],
)
def test_a_planted_fault_is_found_where_it_stands(old, new, where, message) -> None:
    """A shift that nobody works would move every date that is counted in hours."""
    assert old in FULL
    changed = (CALENDAR + HOURS.replace(old, new, 1)).replace('usual = ["08', 'usual  = ["08')
    found = check(policy_files(calendar=changed))
    line = line_of(changed, where)
    assert [f for f in found if f.line == line and message in f.message], found


HALF_DAY = """
[[half_days]]
date = 2026-09-30
name = "再一次"
hours = ["09:00-10:00"]
source = "test"
"""


@pytest.mark.parametrize(
    ("planted", "message"),
    [
        (HALF_DAY, "2026-09-30 is here twice"),
        (HALF_DAY.replace("[[half", "[[calendars.pumps.half"), "so it has no half days"),
    ],
)
def test_a_half_day_too_many_is_found(planted, message) -> None:
    """Two words about one date, or one about a calendar that never closes."""
    found = check(policy_files(calendar=FULL + planted))
    assert [fault for fault in found if message in fault.message], found


def test_a_half_day_without_hours_is_found() -> None:
    """Half of what? Every working day counts whole then."""
    half_days = HOURS[HOURS.index("[[half_days]]") : HOURS.index("[calendars.counter]")]
    found = check(policy_files(calendar=CALENDAR + half_days))
    assert ["half days need `hours`" in fault.message for fault in found] == [True]


@pytest.mark.parametrize(
    ("calendar", "old", "new", "where", "message"),
    [
        (FULL, "24h", '24h"\ncalendar = "cellar', "[standards.utilities]",
         "no calendar is called 'cellar': counter, pumps"),
        (CALENDAR, "24h", '24h"\ncalendar = "cellar', "[standards.utilities]", "none is named"),
        (CALENDAR, "24h", "16wh", "[standards.utilities]", "16wh counts office hours"),
        (CALENDAR, 'lapse_within = "3d"', 'lapse_within = "40wh"', None,
         "40wh counts office hours, and the city's calendar has no [hours]"),
        (FULL, "24h", '24h"\ncontact_within = "3d', "contact_within", "may come after the answer"),
    ],
)  # fmt: skip
def test_a_standard_must_find_its_calendar_and_its_hours(
    calendar, old, new, where, message
) -> None:
    """An hour that nobody said when it is would be counted through the night."""
    changed = SLA.replace('handle_within = "24h"', "handle_within = @", 1)
    changed = changed.replace("@", f'"{new}"' if old == "24h" else '"24h"')
    changed = changed if old == "24h" else changed.replace(old, new, 1)
    found = check(policy_files(calendar=calendar, sla=changed))
    lines = [fault.line for fault in found if message in fault.message]
    assert lines, found
    assert where is None or lines == [line_of(changed, where)]


def test_hours_are_enough_for_what_names_no_calendar() -> None:
    """The call-back goes by the city's own calendar."""
    changed = SLA.replace('lapse_within = "3d"', 'lapse_within = "40wh"')
    assert check(policy_files(calendar=FULL, sla=changed)) == ()


def test_the_example_in_the_documentation_is_one() -> None:
    """Officials copy it; the half day is moved to a make-up day of the tiny policy."""
    page = (Path(__file__).parents[2] / "docs" / "clocks.md").read_text(encoding="utf-8")
    example = page.split("```toml")[1].split("```")[0].replace("2026-02-14", "2026-10-10")
    assert check(policy_files(calendar=CALENDAR + example)) == ()
