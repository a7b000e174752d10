"""The three rates by hand, and the months they are counted in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy import Scoring
from services.tracker.decide.months import month_bounds, month_of
from services.tracker.decide.rates import Rate, Verdicts, punctuality, rate

SHANGHAI = ZoneInfo("Asia/Shanghai")
SCORING = Scoring(
    weight_response=0.1,
    weight_resolution=0.5,
    weight_satisfaction=0.4,
    basically_counts=0.9,
    month_starts_on=19,
)


def test_rates_and_score_as_computed_by_hand() -> None:
    """40 valid call-backs, written out."""
    counted = Verdicts(
        valid=40, contacted=38, solved=30, satisfied=20, basically=10, no_contact=3, no_answer=7
    )
    found = rate(counted, SCORING)
    assert found.response.value == 0.95  # 38 / 40
    assert found.resolution.value == 0.75  # 30 / 40
    assert found.satisfaction.numerator == 29  # 20 + 0.9 x 10
    assert found.satisfaction.value == 0.725  # 29 / 40
    assert found.score == 76.0  # 100 x (0.1 x 0.95 + 0.5 x 0.75 + 0.4 x 0.725) = 9.5 + 37.5 + 29


def test_without_a_valid_callback_there_is_no_rate_and_no_score() -> None:
    """0 would punish, 100 would flatter; neither was said."""
    found = rate(Verdicts(no_contact=4, no_answer=2), SCORING)
    assert found.response.value is None
    assert found.score is None
    assert found.resolution.denominator == 0


@pytest.mark.parametrize(
    ("numerator", "denominator", "low", "high"),
    [
        # R. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_published(numerator, denominator, low, high) -> None:
    """Wilson's formula, to four decimals."""
    assert Rate(numerator, denominator).interval == (low, high)


def test_a_perfect_score_of_three_is_not_sure() -> None:
    """At the low end: n / (n + z2) = 3 / (3 + 3.8415) = 0.4385."""
    found = rate(Verdicts(valid=3, contacted=3, solved=3, satisfied=3), SCORING)
    assert found.score == 100.0
    assert found.score_interval == (43.85, 100.0)
    assert rate(Verdicts(), SCORING).score_interval is None


def test_orders_left_open_past_their_time_are_not_hidden() -> None:
    """Closed in time / (closed + open and overdue): 6 / (6 + 2 + 4)."""
    assert punctuality(6, 2, 4).value == 0.5
    assert punctuality(0, 0, 0).value is None


COUNTS = st.integers(0, 50)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdicts:
    """Counts that can happen: no part is more than the whole."""
    valid = draw(COUNTS)
    satisfied = draw(st.integers(0, valid))
    return Verdicts(
        valid=valid,
        contacted=draw(st.integers(0, valid)),
        solved=draw(st.integers(0, valid)),
        satisfied=satisfied,
        basically=draw(st.integers(0, valid - satisfied)),
        no_contact=draw(COUNTS),
        no_answer=draw(COUNTS),
        withdrawn=draw(COUNTS),
    )


_FIRST = datetime(2020, 1, 1, tzinfo=UTC)


@given(verdicts())
def test_a_score_lies_between_0_and_100(counted) -> None:
    """Whatever citizens say."""
    score = rate(counted, SCORING).score
    assert (score is None) == (counted.valid == 0)
    assert score is None or 0 <= score <= 100


@given(verdicts())
def test_a_figure_lies_in_its_interval(counted) -> None:
    """Which is never a point, and never leaves the scale."""
    found = rate(counted, SCORING)
    for one in (found.response, found.resolution, found.satisfaction):
        assert (one.interval is None) == (one.value is None)
        if one.interval is not None and one.value is not None:
            low, high = one.interval
            assert 0 <= low <= one.value <= high <= 1
            assert low < high


@given(verdicts(), verdicts())
def test_exclusions_change_no_rate(counted, other) -> None:
    """Only valid call-backs count; the rest is told beside."""
    excluded = Verdicts(no_contact=other.no_contact, no_answer=other.no_answer)
    assert rate(counted + excluded, SCORING) == rate(counted, SCORING)


@given(verdicts(), verdicts())
def test_the_total_is_the_rate_of_the_summed_counts(one, two) -> None:
    """Not the mean of two rates, which would weigh a small agency like a large one."""
    both = rate(one + two, SCORING)
    assert both.resolution.numerator == one.solved + two.solved
    assert both.resolution.denominator == one.valid + two.valid


def test_how_fast_an_answer_came_is_no_part_of_the_score() -> None:
    """Verdicts have no time in them, so no weight can be put on speed."""
    assert not {field for field in Verdicts.__slots__ if "time" in field or "late" in field}


@pytest.mark.parametrize(
    ("year", "month", "starts_on", "begins", "ends"),
    [
        (2026, 11, 19, "2026-10-19", "2026-11-19"),
        (2026, 1, 19, "2025-12-19", "2026-01-19"),
        (2026, 3, 28, "2026-02-28", "2026-03-28"),
        (2026, 11, 1, "2026-11-01", "2026-12-01"),
        (2026, 12, 1, "2026-12-01", "2027-01-01"),
    ],
)
def test_an_assessment_month_is_named_after_the_month_it_ends_in(
    year, month, starts_on, begins, ends
) -> None:
    """19 October to 18 November is November's, by local midnights."""
    expected = tuple(datetime.fromisoformat(d).replace(tzinfo=SHANGHAI) for d in (begins, ends))
    assert month_bounds(year, month, starts_on, SHANGHAI) == expected


@given(
    st.integers(0, 10 * 366 * 86400).map(lambda s: _FIRST + timedelta(seconds=s)),
    st.integers(1, 28),
)
def test_every_instant_lies_in_the_month_it_is_said_to_be_of(at, starts_on) -> None:
    """No call-back falls between two months, and none into both."""
    begins, ends = month_bounds(*month_of(at, starts_on, SHANGHAI), starts_on, SHANGHAI)
    assert begins <= at < ends
