"""`kill -9` in the midst of many deliveries, again and again: nothing missing, none twice.

`python -m benchmarks.notifier --parts kills` does the same to 100,000 with a real broker.
"""

from __future__ import annotations

import os
import random
import signal

import pytest

from tests.notifier import dying_often
from tests.notifier.conftest import open_door
from tests.notifier.dying_often import COMPLAINTS, EVENTS, event_id
from tests.notifier.killing import run
from tests.notifier.receivers import a_receiver, answer

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]

#: Change it to try others; a failure prints the one it had.
SEED = int(os.environ.get("WHISTLE_TEST_SEED") or random.randrange(10**6))

#: In this order each leaves something behind for the next one; where, the dice say.
FAILPOINTS = (
    "after_delivery_commit_before_send",
    "after_http_200_before_row_update",
    "before_commit",
    "after_commit_before_publish",
)
#: How often each is hit in a run, at the most.
HITS = {"after_http_200_before_row_update": 50}

_SAID = "SELECT key, last_sequence FROM emitted_sequence"


async def test_kills_at_random_moments_lose_nothing_and_double_nothing(dsn, tmp_path):
    """At least once to each endpoint, in order and under stable ids; exactly once in our rows."""
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    async with a_receiver() as one, a_receiver() as other:
        other.scripts = [answer(500), answer(200), answer(503)]
        main, place, urls = dying_often.main, (dsn, str(tmp_path)), (one.url, other.url)
        for number, failpoint in enumerate(FAILPOINTS):
            armed = f"{failpoint}:{dice.randint(1, HITS.get(failpoint, 1))}"
            status = await run(main, armed, *place, str(number), *urls)
            assert status == -signal.SIGKILL, armed  # Otherwise it was never reached.
        assert await run(main, "", *place, str(len(FAILPOINTS)), *urls) == 0
        everything = {str(event_id(n, s + 1)) for n in range(COMPLAINTS) for s in range(EVENTS)}
        for receiver in (one, other):
            assert set(receiver.ids) == everything
            _assert_in_order(receiver)
    async with open_door(dsn, tmp_path) as door:
        rows = await door.rows()
        assert {row["state"] for row in rows} == {"delivered"}
        named = {(row["endpoint_id"], row["event_id"]) for row in rows}
        assert len(named) == len(rows) == 2 * len(everything)
        assert all(len(row["history"]) == row["attempts"] for row in rows)
        # Each complaint had as many facts as deliveries: none untold, none told as two.
        said = await door.path.running["notifier"].db.fetch(_SAID)
        assert [row["last_sequence"] for row in said] == [2 * EVENTS] * COMPLAINTS


def _assert_in_order(receiver) -> None:
    """Nobody hears of a complaint's second event who hasn't been told its first."""
    heard: dict[str, int] = {}
    for request in receiver.requests:
        event = request.event
        assert event["sequence"] <= heard.get(event["complaintid"], 0) + 1
        heard[event["complaintid"]] = max(event["sequence"], heard.get(event["complaintid"], 0))
