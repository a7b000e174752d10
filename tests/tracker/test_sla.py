"""Due instants: golden cases with their arithmetic, and what holds for every duration."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy import Calendar, Duration, DurationUnit, parse_duration
from services.tracker.decide.sla import Due, before, due

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")


def _days(first: str, last: str) -> list[date]:
    begins, ends = date.fromisoformat(first), date.fromisoformat(last)
    return [begins + timedelta(days=n) for n in range((ends - begins).days + 1)]


#: As the State Council published it for 2026; 2027 isn't published.
_HOLIDAYS = {
    "元旦": _days("2026-01-01", "2026-01-03"),
    "春节": _days("2026-02-15", "2026-02-23"),
    "清明节": _days("2026-04-04", "2026-04-06"),
    "劳动节": _days("2026-05-01", "2026-05-05"),
    "端午节": _days("2026-06-19", "2026-06-21"),
    "中秋节": _days("2026-09-25", "2026-09-27"),
    "国庆节": _days("2026-10-01", "2026-10-07"),
}
_MADE_UP = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
CHINA = Calendar(
    holidays=frozenset(day for days in _HOLIDAYS.values() for day in days),
    workdays=frozenset(date.fromisoformat(day) for day in _MADE_UP),
    years=frozenset({2026}),
    names={day: name for name, days in _HOLIDAYS.items() for day in days},
)


def _duration(text: str) -> Duration:
    found = parse_duration(text)
    assert found is not None
    return found


def _at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


# Duration, start, due; local time in Shanghai. "|" ends a week in the arithmetic.
GOLDEN = [
    # Elapsed time: nights, weekends and holidays count.
    ("30s", "2026-11-24 10:00:00", "2026-11-24 10:00:30"),
    ("10m", "2026-11-24 23:55", "2026-11-25 00:05"),  # 5 min to midnight + 5
    ("2h", "2026-11-27 23:00", "2026-11-28 01:00"),  # Friday night into Saturday
    ("24h", "2026-09-30 18:00", "2026-10-01 18:00"),  # a holiday counts
    ("48h", "2026-12-31 12:00", "2027-01-02 12:00"),  # 12 + 24 + 12
    ("0h", "2026-11-24 10:00", "2026-11-24 10:00"),
    # Natural days: the same local time, that many dates later.
    ("1d", "2026-11-24 10:00", "2026-11-25 10:00"),
    ("7d", "2026-11-24 10:00", "2026-12-01 10:00"),  # 24 + 7 = 31 Nov = 1 Dec
    ("15d", "2026-11-24 10:00", "2026-12-09 10:00"),  # 24 + 15 = 39 - 30 = 9
    ("7d", "2026-02-10 09:30", "2026-02-17 09:30"),  # into the Spring Festival: counts
    ("7d", "2026-12-28 08:00", "2027-01-04 08:00"),  # 28 + 7 = 35 - 31 = 4
    ("1d", "2028-02-28 12:00", "2028-02-29 12:00"),  # leap year
    ("1d", "2026-02-28 12:00", "2026-03-01 12:00"),  # no leap year
    # Working days: the day of dispatch isn't counted, the last ends at 24:00.
    ("1wd", "2026-11-23 10:00", "2026-11-25 00:00"),  # Mon; Tue 1
    ("5wd", "2026-11-23 10:00", "2026-12-01 00:00"),  # Tue 1 Wed 2 Thu 3 Fri 4 | Mon 30 5
    ("1wd", "2026-11-27 17:59", "2026-12-01 00:00"),  # Fri; Sat Sun - | Mon 30 1
    ("1wd", "2026-11-28 09:00", "2026-12-01 00:00"),  # Sat; Sun - | Mon 30 1
    ("1wd", "2026-11-29 23:59", "2026-12-01 00:00"),  # Sun | Mon 30 1
    ("1wd", "2026-11-30 00:00", "2026-12-02 00:00"),  # Mon, from its first instant; Tue 1
    ("3wd", "2026-09-30 10:00", "2026-10-11 00:00"),  # 1-7 -; Thu 8 1 Fri 9 2 Sat 10 made up 3
    ("5wd", "2026-09-30 10:00", "2026-10-14 00:00"),  # …3; Sun 11 - | Mon 12 4 Tue 13 5
    ("1wd", "2026-10-09 10:00", "2026-10-11 00:00"),  # Fri; Sat 10 made up 1
    ("2wd", "2026-10-10 12:00", "2026-10-14 00:00"),  # Sat worked, not counted | Mon 1 Tue 2
    ("2wd", "2026-02-13 16:00", "2026-02-25 00:00"),  # Sat 14 made up 1; 15-23 -; Tue 24 2
    ("5wd", "2026-02-24 10:00", "2026-03-03 00:00"),  # Wed 1 Thu 2 Fri 3 Sat 28 4 | Mon 2 5
    ("1wd", "2026-09-19 10:00", "2026-09-21 00:00"),  # Sat; Sun 20 made up 1
    ("3wd", "2026-09-24 10:00", "2026-10-01 00:00"),  # Thu; 25-27 - | Mon 1 Tue 2 Wed 30 3
    ("13wd", "2026-11-02 10:00", "2026-11-20 00:00"),  # Mon; 3-6 4 | 9-13 9 | 16-19 13
    ("4wd", "2026-01-01 00:30", "2026-01-08 00:00"),  # 2-3 -; Sun 4 made up 1 | Mon 2 Tue 3 Wed 4
    ("1wd", "2026-12-30 10:00", "2027-01-01 00:00"),  # Wed; Thu 31 1, ends with the year
    ("1wd", "2026-11-24 01:00", "2026-11-26 00:00"),  # Tue here, still Monday in UTC; Wed 1
]


@pytest.mark.parametrize(("duration", "starts", "expected"), GOLDEN)
def test_a_duration_is_due_when_an_official_would_say(duration, starts, expected) -> None:
    """The whole promise rests on this arithmetic."""
    found = due(_duration(duration), CHINA, _at(starts), SHANGHAI)
    assert found.at == _at(expected)
    assert not found.is_provisional


@pytest.mark.parametrize(
    ("duration", "starts", "expected"),
    [
        ("2wd", "2026-12-30 10:00", "2027-01-02 00:00"),  # Thu 31 1; Fri 1 Jan as far as known 2
        ("1wd", "2026-12-31 10:00", "2027-01-02 00:00"),  # Fri 1 Jan 1
        ("1wd", "2025-06-02 10:00", "2025-06-04 00:00"),  # a year that was never entered
    ],
)
def test_a_year_without_a_published_calendar_makes_it_provisional(
    duration, starts, expected
) -> None:
    """The citizen must not take for certain what a holiday notice may still move."""
    found = due(_duration(duration), CHINA, _at(starts), SHANGHAI)
    assert (found.at, found.is_provisional) == (_at(expected), True)
    assert "not published" in found.timeline[-1].why


@pytest.mark.parametrize(
    ("duration", "starts", "expected_utc"),
    [
        ("1d", "2026-03-07 12:00", "2026-03-08 16:00"),  # 12:00 EST -> 12:00 EDT: 23 h
        ("24h", "2026-03-07 12:00", "2026-03-08 17:00"),  # 17:00 UTC + 24 h
        ("1d", "2026-10-31 12:00", "2026-11-01 17:00"),  # 12:00 EDT -> 12:00 EST: 25 h
        ("1d", "2026-03-07 02:30", "2026-03-08 07:30"),  # 02:30 doesn't exist: 03:30 EDT
        ("1wd", "2026-03-06 12:00", "2026-03-10 04:00"),  # Fri; Mon 9 1, 24:00 EDT
    ],
)
def test_summer_time_moves_days_but_not_hours(duration, starts, expected_utc) -> None:
    """New York is a city too: a day is a date, an hour is an hour."""
    found = due(_duration(duration), CHINA, _at(starts, NEW_YORK), NEW_YORK)
    assert found.at == datetime.fromisoformat(expected_utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("duration", "due_at", "expected"),
    [
        ("30m", "2026-11-24 10:00", "2026-11-24 09:30"),
        ("24h", "2026-12-01 10:00", "2026-11-30 10:00"),
        ("2d", "2026-12-01 10:00", "2026-11-29 10:00"),
        ("1wd", "2026-12-01 00:00", "2026-11-28 00:00"),  # last day Mon 30; Fri 27's end
        ("2wd", "2026-12-01 00:00", "2026-11-27 00:00"),  # Mon, Fri; Thu 26's end
        ("2wd", "2026-10-11 00:00", "2026-10-09 00:00"),  # Sat 10 made up, Fri 9; Thu 8's end
        ("1wd", "2026-10-09 00:00", "2026-10-01 00:00"),  # Thu 8; 1-7 -; Wed 30 Sep's end
    ],
)
def test_a_warning_comes_that_long_before(duration, due_at, expected) -> None:
    """Working days are stepped back like they were counted: whole days, rests left out."""
    assert before(_duration(duration), CHINA, _at(due_at), SHANGHAI) == _at(expected)


def test_the_timeline_says_in_words_what_ran_and_what_stood_still() -> None:
    """An agency that disputes a date is shown this."""
    found = due(_duration("4wd"), CHINA, _at("2026-09-30 10:00"), SHANGHAI)
    assert [(step.runs, step.why) for step in found.timeline] == [
        (False, "the day of dispatch (2026-09-30) is not counted"),
        (False, "the clock stands still: 国庆节 (2026-10-01 to 2026-10-07)"),
        (True, "working days 1 to 2 (2026-10-08 to 2026-10-09)"),
        (True, "working day 3 (2026-10-10), worked to make up for a holiday"),
        (False, "the clock stands still: weekend (2026-10-11)"),
        (True, "working day 4 (2026-10-12)"),
    ]


def test_the_timeline_speaks_the_citys_language() -> None:
    """Officials of a Chinese city read Chinese."""
    found = due(_duration("2wd"), CHINA, _at("2026-02-13 16:00"), SHANGHAI, "zh")
    assert [step.why for step in found.timeline] == [
        "派单当日(2026-02-13)不计入",
        "第1个工作日(2026-02-14),调休上班",
        "春节(2026-02-15至2026-02-23)停计",
        "第2个工作日(2026-02-24)",
    ]
    days = due(_duration("7d"), CHINA, _at("2026-02-13 16:00"), SHANGHAI, "zh")
    assert days.timeline[0].why == "7个自然日连续计算,含夜间、周末和节假日"


DURATIONS = st.builds(
    Duration, st.integers(min_value=0, max_value=60), st.sampled_from(DurationUnit)
)
_FIRST = datetime(2025, 6, 1, tzinfo=UTC)
STARTS = st.timedeltas(timedelta(0), timedelta(days=900)).map(lambda after: _FIRST + after)
ZONES = st.sampled_from([SHANGHAI, NEW_YORK, ZoneInfo("UTC")])


def _due(duration: Duration, starts_at: datetime, zone: ZoneInfo = SHANGHAI) -> Due:
    return due(duration, CHINA, starts_at, zone)


@given(DURATIONS, STARTS, ZONES)
def test_the_steps_of_a_timeline_add_up_to_the_due_instant(duration, starts_at, zone) -> None:
    """No gap, no overlap, from the start to the very instant."""
    found = _due(duration, starts_at, zone)
    place = starts_at
    for step in found.timeline:
        assert step.starts_at == place
        assert step.ends_at > step.starts_at
        place = step.ends_at
    assert place == found.at


@given(st.integers(min_value=1, max_value=60), STARTS)
def test_the_running_steps_hold_as_many_days_as_were_promised(amount, starts_at) -> None:
    """In a zone without summer time, running time is exactly the promised number of days."""
    found = _due(Duration(amount, DurationUnit.WORKING_DAYS), starts_at)
    ran = sum((s.ends_at - s.starts_at for s in found.timeline if s.runs), timedelta())
    assert ran == timedelta(days=amount)


@given(DURATIONS, STARTS, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_who_starts_later_is_never_due_earlier(duration, starts_at, later) -> None:
    """Waiting can't win anybody time."""
    assert _due(duration, starts_at).at <= _due(duration, starts_at + later).at


@given(DURATIONS, STARTS, ZONES)
def test_one_more_is_always_later(duration, starts_at, zone) -> None:
    """A longer promise is a later instant, in every unit."""
    longer = Duration(duration.amount + 1, duration.unit)
    assert starts_at <= _due(duration, starts_at, zone).at < _due(longer, starts_at, zone).at


@given(DURATIONS, STARTS)
def test_only_working_time_depends_on_a_calendar(duration, starts_at) -> None:
    """Hours and natural days never wait for a holiday notice."""
    found = _due(duration, starts_at)
    if duration.elapsed is not None:
        assert not found.is_provisional


@given(st.integers(min_value=0, max_value=30), STARTS)
def test_a_warning_is_never_after_what_it_warns_of(amount, due_at) -> None:
    """For any unit and any due instant."""
    for unit in DurationUnit:
        assert before(Duration(amount, unit), CHINA, due_at, SHANGHAI) <= due_at
