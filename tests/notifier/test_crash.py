"""Killed in the crash windows of a delivery: the event arrives, under the same id."""

from __future__ import annotations

import signal
from datetime import timedelta

import pytest

from tests.notifier import dying
from tests.notifier.conftest import open_door
from tests.notifier.killing import run
from tests.notifier.receivers import a_receiver

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    ("failpoint", "requests_before"),
    [("after_delivery_commit_before_send", 0), ("after_http_200_before_row_update", 1)],
)
async def test_a_killed_notifier_still_delivers(dsn, tmp_path, failpoint, requests_before):
    """At least once: nothing planned is lost, and a repetition can be recognised."""
    async with a_receiver() as receiver:
        status = await run(dying.main, failpoint, dsn, receiver.url, str(tmp_path))
        assert status == -signal.SIGKILL  # Otherwise the failpoint was never reached.
        assert len(receiver.requests) == requests_before
        async with open_door(dsn, tmp_path) as door:
            await door.settle()
            assert len(receiver.requests) == requests_before  # The dead one's lease still holds.
            door.clock.advance(timedelta(seconds=61))
            await door.settle()
            assert len(receiver.requests) == requests_before + 1
            assert len(set(receiver.ids)) == 1
            (row,) = await door.rows()
            assert (row["state"], str(row["event_id"])) == ("delivered", receiver.ids[0])
            assert door.facts() == ["HookDelivered"]
