"""The breaker: three states, a rest that grows, and any success forgives."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notifier.decide.breaker import (
    FAILURES,
    REST_MAX,
    REST_MIN,
    ROW_AGE_MAX,
    Circuit,
    Health,
    circuit,
    failed,
    rest,
    succeeded,
    without_the_forgiven,
)
from services.notifier.decide.pace import Bucket
from tests.builders import NOON

SECOND = timedelta(seconds=1)


def fail(health: Health, at=NOON, *, is_probe=False, **more) -> Health:
    """A request that failed at once."""
    return failed(health, at, at, is_probe=is_probe, **more)


def opened(at=NOON) -> Health:
    """A breaker that so many failures at one instant opened."""
    health = Health()
    for _ in range(FAILURES):
        health = fail(health, at)
    return health


@pytest.mark.parametrize(
    ("paused_until", "expected"),
    [
        (None, Circuit.CLOSED),
        (NOON + SECOND, Circuit.OPEN),
        (NOON, Circuit.HALF_OPEN),
        (NOON - SECOND, Circuit.HALF_OPEN),
    ],
)
def test_one_instant_says_the_state(paused_until, expected):
    """So that one column of the endpoint's row tells it to every process."""
    assert circuit(paused_until, NOON) is expected


def test_it_opens_after_some_failures_in_a_row_and_not_before():
    """One 500 is life."""
    health = Health()
    for _ in range(FAILURES - 1):
        health = fail(health)
        assert health.paused_until is None
    assert fail(health).paused_until == NOON + REST_MIN


def test_a_success_in_between_starts_the_count_again():
    """Sporadic failures never open it."""
    health = Health()
    for n in range(4 * FAILURES):
        health = fail(health, NOON + n * SECOND)
        if n % 2:
            health = succeeded(health, NOON + n * SECOND)
    assert health.paused_until is None


def test_who_asks_for_rest_gets_it_at_once():
    """429 and its like need no second failure."""
    asked = NOON + timedelta(seconds=90)
    assert fail(Health(), asked_until=asked).paused_until == asked


def test_a_failed_probe_opens_it_again_for_longer():
    """As long again as it has been failing: the rest doubles up to its limit."""
    health, at, rests = opened(), NOON, []
    for _ in range(10):
        at = health.paused_until
        assert circuit(health.paused_until, at) is Circuit.HALF_OPEN
        health = fail(health, at, is_probe=True)
        rests.append(health.paused_until - at)
    assert rests[:4] == [timedelta(seconds=s) for s in (5, 10, 20, 40)]
    assert rests[-1] == REST_MAX
    assert rests == sorted(rests)


def test_a_probe_of_another_process_opens_it_here_too():
    """This process may have seen no failure at all: the row says since when."""
    since = NOON - timedelta(minutes=2)
    health = fail(Health(), is_probe=True, failing_since=since)
    assert health.failing_since == since
    assert health.paused_until == NOON + timedelta(minutes=2)


def test_a_successful_probe_closes_it_and_forgets_everything():
    """Reset by any success: also the five days."""
    health = succeeded(opened(), NOON + timedelta(seconds=6))
    assert health == Health(succeeded_at=NOON + timedelta(seconds=6))


def test_a_success_under_way_when_it_opened_says_nothing():
    """A receiver that asked for a minute's rest must have it, though others got through."""
    health = fail(Health(), NOON, asked_until=NOON + timedelta(minutes=1))
    assert succeeded(health, NOON - SECOND) == health


def test_a_failure_under_way_when_it_opened_makes_the_rest_no_longer():
    """Eight requests that time out together are one outage."""
    health = opened()
    late = failed(health, NOON - SECOND, NOON + SECOND, is_probe=False)
    assert late.paused_until == health.paused_until
    assert late.failing_since == NOON - SECOND
    asked = NOON + timedelta(minutes=2)
    more = failed(health, NOON - SECOND, NOON, is_probe=False, asked_until=asked)
    assert more.paused_until == asked


@pytest.mark.parametrize(
    ("row_failing_since", "later", "is_forgotten"),
    [
        (None, ROW_AGE_MAX, False),  # The row may not be here yet.
        (None, ROW_AGE_MAX + SECOND, True),
        (NOON, 4 * ROW_AGE_MAX, False),
        (NOON - SECOND, 4 * ROW_AGE_MAX, False),
        (NOON + SECOND, 4 * ROW_AGE_MAX, True),  # It worked, and has failed again.
    ],
)
def test_another_processs_success_is_heeded(row_failing_since, later, is_forgotten):
    """What this process saw counts until the row must say it as well."""
    found = without_the_forgiven(opened(), row_failing_since, NOON + later)
    assert found == (Health() if is_forgotten else opened())


def test_requests_that_take_long_to_fail_open_it_too():
    """A request that times out began long before anybody knew of it."""
    health, began = Health(), NOON - 2 * ROW_AGE_MAX
    for _ in range(FAILURES):
        health = without_the_forgiven(health, None, NOON)
        health = failed(health, began, NOON, is_probe=False)
    assert (health.failing_since, circuit(health.paused_until, NOON)) == (began, Circuit.OPEN)


def test_a_rest_that_has_just_begun_outlives_an_old_failure():
    """The row will say it in a moment; only the days of failing are over."""
    health = fail(opened(), NOON + 4 * ROW_AGE_MAX, is_probe=True)
    found = without_the_forgiven(health, None, NOON + 4 * ROW_AGE_MAX)
    assert (found.failing_since, found.paused_until) == (None, health.paused_until)


@pytest.mark.parametrize(
    ("failing_for", "expected"),
    [
        (timedelta(0), REST_MIN),
        (timedelta(seconds=30), timedelta(seconds=30)),
        (timedelta(days=4), REST_MAX),
    ],
)
def test_the_rest_grows_with_the_outage(failing_for, expected):
    """Every process computes the same from the endpoint's row."""
    assert rest(NOON - failing_for, NOON) == expected


def test_a_bucket_gives_a_seconds_worth_and_then_keeps_the_rate():
    """Two a second: two at once, then one each half second."""
    bucket, started = Bucket.full(2.0, 100.0), []
    now = 100.0
    for _ in range(6):
        wait_s = bucket.wait_s(now)
        now += wait_s
        assert bucket.wait_s(now) == 0.0
        bucket.take()
        started.append(round(now - 100, 6))
    assert started == [0, 0, 0.5, 1.0, 1.5, 2.0]


def test_a_bucket_never_holds_more_than_a_second():
    """A quiet night must not end in a burst."""
    bucket = Bucket.full(3.0, 0.0)
    for _ in range(3):
        assert bucket.wait_s(10_000.0) == 0.0
        bucket.take()
    assert bucket.wait_s(10_000.0) == pytest.approx(1 / 3)


def test_a_slow_bucket_gives_one_at_a_time():
    """One in ten seconds is a rate too."""
    bucket = Bucket.full(0.1, 0.0)
    assert bucket.wait_s(0.0) == 0.0
    bucket.take()
    assert bucket.wait_s(0.0) == pytest.approx(10)
