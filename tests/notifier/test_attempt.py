"""What an endpoint's answer means: the table of statuses, and the arithmetic of the schedule."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.decide import (
    Answer,
    Delivered,
    Disable,
    GiveUp,
    RetryAt,
    Schedule,
    Trouble,
    judge,
)
from tests.builders import NOON

SCHEDULE = Schedule()


def decide(result, attempt=1, failing_since=None, chance=0.0, schedule=SCHEDULE):
    return judge(attempt, result, schedule, failing_since=failing_since, now=NOON, chance=chance)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Answer(200), Delivered),
        (Answer(202), Delivered),
        (Answer(299), Delivered),
        (Answer(301), RetryAt),  # A redirect is a failure: nobody registered that address.
        (Answer(304), RetryAt),
        (Answer(400), RetryAt),
        (Answer(404), RetryAt),
        (Answer(410), Disable),
        (Answer(429), RetryAt),
        (Answer(500), RetryAt),
        (Answer(502), RetryAt),
        (Answer(504), RetryAt),
        (Trouble("timeout", ""), RetryAt),
        (Trouble("forbidden-address", ""), RetryAt),
        (Trouble("tls", ""), RetryAt),
    ],
)
def test_every_outcome_has_one_meaning(result, expected):
    """The table of the Standard Webhooks specification, line by line."""
    assert isinstance(decide(result), expected)


def test_the_schedule_is_the_one_of_the_specification():
    """A receiver that is down for three days still gets everything."""
    waits = []
    for attempt in range(1, 10):
        decision = decide(Answer(500), attempt)
        assert isinstance(decision, RetryAt)
        waits.append(decision.at - NOON)
    hours = timedelta(hours=1)
    assert waits[:3] == [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)]
    assert waits[3:] == [2 * hours, 5 * hours, 10 * hours, 14 * hours, 20 * hours, 24 * hours]


def test_after_the_last_attempt_it_is_given_up():
    """Ten attempts, then a person decides: a queue that never empties helps nobody."""
    assert decide(Answer(500), 10) == GiveUp("status 500")


@given(st.floats(-1, 1), st.integers(1, 9))
def test_jitter_stays_within_a_fifth(chance, attempt):
    """Failures that happened together don't come back together, nor much too late."""
    decision = decide(Trouble("unreachable", ""), attempt, chance=chance)
    assert isinstance(decision, RetryAt)
    planned = SCHEDULE.delays[attempt]
    assert 0.8 * planned <= decision.at - NOON <= 1.2 * planned + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("header", "attempt", "wait"),
    [
        ("120", 1, timedelta(seconds=120)),
        ("1", 1, timedelta(seconds=5)),  # Never sooner than the schedule.
        ("86400", 1, timedelta(hours=1)),  # Not a day's silence after a first failure …
        ("86400", 6, timedelta(hours=20)),  # … but twice the delay where the delay is long.
        ("Tue, 24 Nov 2026 04:02:00 GMT", 1, timedelta(seconds=120)),
        ("Tue, 24 Nov 2020 04:02:00 GMT", 1, timedelta(seconds=5)),
        ("soon", 1, timedelta(seconds=5)),
        ("-5", 1, timedelta(seconds=5)),
        ("٣", 1, timedelta(seconds=5)),
        ("9" * 4000, 1, timedelta(hours=1)),
        (f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", 1, timedelta(seconds=5)),
        (f"Mon, 01 Jan 2027 00:00:00 +{'9' * 20}", 1, timedelta(seconds=5)),
    ],
)
def test_retry_after_is_honoured_within_limits(header, attempt, wait):
    """A receiver may ask for rest; it can't cancel what it is owed, nor crash us."""
    decision = decide(Answer(500, retry_after=header), attempt)
    assert isinstance(decision, RetryAt)
    assert decision.at - NOON == wait
    assert decision.pause_until is None


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_an_overloaded_endpoint_is_let_alone_as_a_whole(status):
    """Sending it the next event right away would be what it asked us not to do."""
    decision = decide(Answer(status, retry_after="40"))
    assert isinstance(decision, RetryAt)
    assert decision.pause_until == NOON + timedelta(seconds=40)
    assert decision.at >= decision.pause_until


def test_an_endpoint_that_failed_for_five_days_is_switched_off():
    """Somebody forgot it; a success in between would have reset the count."""
    since = NOON - timedelta(days=5)
    assert decide(Answer(500), failing_since=since) == Disable("status 500", "failing", since)
    assert isinstance(decide(Answer(500), failing_since=NOON - timedelta(days=4.99)), RetryAt)
    assert decide(Answer(200), failing_since=NOON - timedelta(days=9)) == Delivered(200)


def test_gone_means_gone_at_the_first_attempt():
    """410 is the one answer with which a receiver unsubscribes."""
    assert decide(Answer(410)) == Disable("status 410", "gone")
