"""What holds for every promise, whatever its unit, calendar, pauses and extensions."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.policy import Duration, DurationUnit
from services.tracker.decide.case import Extension, Pause
from services.tracker.decide.ledger import standstills
from services.tracker.decide.sla import Due, before, due, extended
from tests.tracker.calendars import ALWAYS, CALENDARS, CITY, SHANGHAI, at

_FIRST = at("2024-01-01 00:00")
_MINUTE = timedelta(minutes=1)

DURATIONS = st.builds(Duration, st.integers(1, 40), st.sampled_from(DurationUnit))
#: Minutes, so that starts fall on the bounds of shifts and days; 2027 is reached too.
STARTS = st.integers(0, 1150 * 24 * 60).map(lambda after: _FIRST + after * _MINUTE)
ANY = st.sampled_from(CALENDARS)
#: Begins up to 5 days before a start and lasts up to 8 days.
INTERVALS = st.lists(
    st.tuples(st.integers(-5 * 24 * 60, 40 * 24 * 60), st.integers(0, 8 * 24 * 60)), max_size=5
)


def _ledger(starts_at: datetime, intervals: list[tuple[int, int]]) -> tuple[Pause, ...]:
    begins = [(starts_at + since * _MINUTE, length) for since, length in intervals]
    return tuple(Pause(since, since + length * _MINUTE, "r", "o") for since, length in begins)


def _extensions(starts_at: datetime, grants: list[tuple[int, int]]) -> tuple[Extension, ...]:
    pauses = _ledger(starts_at, grants)
    return tuple(Extension(UUID(int=0), p.since, p.until or p.since, "r", "o") for p in pauses)


def _due(duration, calendar, starts_at, ledger=(), granted=()) -> Due:
    return extended(due(duration, calendar, starts_at, SHANGHAI, "zh", ledger), granted, ledger)


@given(DURATIONS, ANY, STARTS, INTERVALS, INTERVALS)
def test_more_pause_is_never_earlier(duration, calendar, starts_at, some, more) -> None:
    """Otherwise an agency would lose by standing still, and nobody could explain it."""
    grants = _extensions(starts_at, more[:2])
    few = _due(duration, calendar, starts_at, _ledger(starts_at, some), grants)
    many = _due(duration, calendar, starts_at, _ledger(starts_at, some + more), grants)
    assert few.at <= many.at


@given(DURATIONS, ANY, STARTS, st.integers(0, 30 * 24 * 60), INTERVALS)
def test_who_starts_later_is_never_due_earlier(
    duration, calendar, starts_at, later, intervals
) -> None:
    """With the same ledger; waiting wins nobody time."""
    ledger = _ledger(starts_at, intervals)
    first = _due(duration, calendar, starts_at, ledger)
    second = _due(duration, calendar, starts_at + later * _MINUTE, ledger)
    assert first.at <= second.at


@given(DURATIONS, ANY, STARTS, INTERVALS, INTERVALS)
def test_a_recompute_with_nothing_changed_changes_nothing(
    duration, calendar, starts_at, intervals, grants
) -> None:
    """Not by the order in which pauses were written down, nor by cutting one in two."""
    ledger, granted = _ledger(starts_at, intervals), _extensions(starts_at, grants)
    found = _due(duration, calendar, starts_at, ledger, granted)
    again = [
        Pause(since, until, "r", "o")
        for still in standstills(ledger)
        for middle in [still.since + (still.until - still.since) / 2]
        for since, until in ((still.since, middle), (middle, still.until))
    ]
    other = _due(duration, calendar, starts_at, tuple(reversed(again)), granted)
    assert (other.at, other.is_provisional) == (found.at, found.is_provisional)
    assert _due(duration, calendar, starts_at, ledger, granted) == found


@given(DURATIONS, ANY, STARTS, INTERVALS, INTERVALS)
def test_the_timeline_joins_without_a_gap_and_ends_at_the_due_instant(
    duration, calendar, starts_at, intervals, grants
) -> None:
    """Extensions included."""
    granted = _extensions(starts_at, grants)
    found = _due(duration, calendar, starts_at, _ledger(starts_at, intervals), granted)
    place = starts_at
    for step in found.timeline:
        assert step.starts_at == place < step.ends_at
        assert step.why
        place = step.ends_at
    assert place == found.at
    assert found.timeline[-1].runs


@given(DURATIONS, ANY, STARTS, INTERVALS)
def test_the_running_steps_are_exactly_what_was_promised(
    duration, calendar, starts_at, intervals
) -> None:
    """In hours for hours; for working days each counted date, and no other, runs whole."""
    found = _due(duration, calendar, starts_at, _ledger(starts_at, intervals))
    ran = sum((s.ends_at - s.starts_at for s in found.timeline if s.runs), timedelta())
    promised = duration.elapsed or duration.office_time or timedelta(days=duration.amount)
    assert ran == promised


@given(DURATIONS, ANY, STARTS, INTERVALS)
def test_no_running_step_lies_in_a_pause_or_outside_the_calendar(
    duration, calendar, starts_at, intervals
) -> None:
    """What stood still wasn't counted, and what wasn't worked neither."""
    ledger = _ledger(starts_at, intervals)
    found = _due(duration, calendar, starts_at, ledger)
    running = [step for step in found.timeline if step.runs]
    for step in running:
        for still in standstills(ledger):
            assert step.ends_at <= still.since or still.until <= step.starts_at
    if duration.elapsed is None:
        days = {step.starts_at.astimezone(SHANGHAI).date() for step in running}
        assert all(map(calendar.is_working_day, days))


@given(DURATIONS, ANY, STARTS, INTERVALS)
def test_nothing_is_due_while_its_clock_stands_still(
    duration, calendar, starts_at, intervals
) -> None:
    """A breach in a pause would be nobody's fault."""
    ledger = _ledger(starts_at, intervals)
    found = _due(duration, calendar, starts_at, ledger)
    assert not any(still.since < found.at < still.until for still in standstills(ledger))


@given(DURATIONS, ANY, STARTS, INTERVALS, INTERVALS)
def test_an_extension_never_makes_it_due_earlier(
    duration, calendar, starts_at, intervals, grants
) -> None:
    """Nor before any instant that was granted."""
    ledger, granted = _ledger(starts_at, intervals), _extensions(starts_at, grants)
    found = _due(duration, calendar, starts_at, ledger, granted)
    assert found.at >= _due(duration, calendar, starts_at, ledger).at
    assert all(found.at >= extension.due_at for extension in granted)


@given(DURATIONS, DURATIONS, ANY, STARTS)
def test_a_warning_is_as_long_before_as_it_says(duration, warning, calendar, starts_at) -> None:
    """Counting on from the warning leads back to the due instant, where hours are counted."""
    due_at = _due(duration, calendar, starts_at).at
    warned_at = before(warning, calendar, due_at, SHANGHAI)
    assert warned_at < due_at
    counted_alike = duration.office_time is not None and warning.office_time is not None
    if counted_alike or warning.elapsed is not None:
        assert _due(warning, calendar, warned_at).at == due_at


@given(DURATIONS, STARTS, INTERVALS)
def test_who_never_closes_is_never_due_after_who_does(duration, starts_at, intervals) -> None:
    """A utility's promise is the stricter one, in every unit."""
    ledger = _ledger(starts_at, intervals)
    always = _due(duration, ALWAYS, starts_at, ledger)
    assert not always.is_provisional
    for calendar in CALENDARS:
        assert always.at <= _due(duration, calendar, starts_at, ledger).at


@given(STARTS, INTERVALS)
def test_a_promise_of_nothing_is_due_at_once(starts_at, intervals) -> None:
    """Whatever stood still."""
    for unit in DurationUnit:
        found = _due(Duration(0, unit), CITY, starts_at, _ledger(starts_at, intervals))
        assert found == Due(starts_at, ())
