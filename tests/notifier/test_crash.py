"""Killed in the crash windows of a delivery: the event arrives, under the same id."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta

import pytest

from tests.notifier.conftest import open_door
from tests.notifier.receivers import a_receiver

pytestmark = pytest.mark.postgres


async def die_at(failpoint: str, dsn: str, url: str, folder) -> int:
    """Run a notifier until it dies; returns its exit status."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.notifier.dying",
        dsn,
        url,
        str(folder),
        env=os.environ | {"WHISTLE_FAILPOINT": failpoint},
    )
    try:
        return await asyncio.wait_for(process.wait(), 60)
    finally:
        if process.returncode is None:
            process.kill()


@pytest.mark.parametrize(
    ("failpoint", "requests_before"),
    [("after_delivery_commit_before_send", 0), ("after_http_200_before_row_update", 1)],
)
async def test_a_killed_notifier_still_delivers(dsn, tmp_path, failpoint, requests_before):
    """At least once: nothing planned is lost, and a repetition can be recognised."""
    async with a_receiver() as receiver:
        status = await die_at(failpoint, dsn, receiver.url, tmp_path)
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
