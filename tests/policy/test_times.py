"""Times of rules: days, seasons and hours, and how two of them lie to each other."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.times import ALWAYS, Moment, Times, Window, moment_of

NIGHT = Window(22 * 60, 6 * 60, "22:00-06:00")
WINTER = Window(11 * 32 + 15, 3 * 32 + 16, "11-15/03-15")
MINUTES = 24 * 60

windows = st.builds(
    lambda first, length: Window(first, (first + length) % MINUTES or MINUTES, "any"),
    st.integers(0, MINUTES - 1),
    st.integers(1, MINUTES - 1),
)


def points(window: Window) -> set[int]:
    """Every minute of a window."""
    return {minute for minute in range(MINUTES) if window.holds(minute)}


@given(windows, windows)
def test_two_windows_meet_where_they_share_a_minute(one: Window, other: Window) -> None:
    """A conflict is told exactly where one minute belongs to both rules."""
    assert one.meets(other) == other.meets(one) == bool(points(one) & points(other))


@given(windows, windows)
def test_a_window_covers_another_where_it_holds_every_minute_of_it(
    one: Window, other: Window
) -> None:
    """A rule is told to be unreachable exactly where no minute is left to it."""
    assert one.covers(other) == (points(other) <= points(one))


@pytest.mark.parametrize(
    ("times", "day", "minute", "why"),
    [
        (Times(hours=NIGHT), date(2026, 1, 1), 22 * 60, None),
        (Times(hours=NIGHT), date(2026, 1, 1), 5 * 60 + 59, None),
        (Times(hours=NIGHT), date(2026, 1, 1), 6 * 60, "at 22:00-06:00, and it came at 06:00"),
        (Times(season=WINTER), date(2028, 2, 29), 0, None),
        (Times(season=WINTER), date(2026, 3, 15), 0, None),
        (Times(season=WINTER), date(2026, 3, 16), 0, "11-15/03-15, and it came on 03-16"),
        (Times(season=WINTER), date(2026, 11, 14), 0, "11-15/03-15, and it came on 11-14"),
        (Times(valid_from=date(2026, 5, 1)), date(2026, 4, 30), 0, "from 2026-05-01"),
        (Times(valid_from=date(2026, 5, 1)), date(2026, 5, 1), 0, None),
        (Times(valid_until=date(2026, 5, 1)), date(2026, 5, 1), MINUTES - 1, None),
        (Times(valid_until=date(2026, 5, 1)), date(2026, 5, 2), 0, "until 2026-05-01"),
        (ALWAYS, date(2026, 5, 2), 0, None),
    ],
)
def test_first_and_last_days_belong_and_the_last_hour_does_not(times, day, minute, why) -> None:
    """As officials write them: to 15 March, and until six o'clock."""
    found = times.why_not(Moment(day, minute))
    assert (found is None) == (why is None)
    assert why is None or why in found


def test_an_instant_is_read_off_the_citys_clock() -> None:
    """23:30 UTC is the next morning in Shanghai, and the rule speaks of Shanghai."""
    instant = datetime(2026, 3, 15, 23, 30, tzinfo=UTC)
    assert moment_of(instant, ZoneInfo("Asia/Shanghai")) == Moment(date(2026, 3, 16), 450)
    assert moment_of(instant, ZoneInfo("America/New_York")) == Moment(date(2026, 3, 15), 1170)


@pytest.mark.parametrize(
    ("first", "last", "never"),
    [
        (date(2026, 5, 1), date(2026, 8, 31), True),
        (date(2026, 5, 1), date(2026, 11, 15), False),
        (date(2026, 5, 1), date(2036, 5, 1), False),
        (date(2026, 3, 15), date(2026, 3, 15), False),
        (date(2026, 5, 1), None, False),
    ],
)
def test_a_season_outside_the_days_never_comes(first, last, never) -> None:
    """Such a rule was written for another year."""
    assert Times(first, last, WINTER).never_comes is never
