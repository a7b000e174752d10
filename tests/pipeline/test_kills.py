"""`kill -9` of anything at any moment of an import: the same totals, nothing twice.

Run on real processes, a real broker and a real database. A failpoint that never fired fails
its test, since it would prove nothing.
"""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.pipeline.installation import (
    OUTCOMES,
    Installation,
    faults_of,
    installation,
    write_rows,
)

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

ROWS = 1_000
#: Change it to try others; a failure prints the one it had.
SEED = int(os.environ.get("WHISTLE_TEST_SEED") or random.randrange(10**6))

#: Every failpoint of the path, in as few installations as possible: one a service at a time.
ARMED = [
    {
        "intake": "after_accept_before_answer",
        "router": "before_commit",
        "tracker": "after_commit_before_publish",
        "notifier": "after_delivery_commit_before_send",
    },
    {
        "intake": "after_commit_before_publish",
        "router": "after_publish_before_mark_sent",
        "tracker": "after_commit_before_kafka_commit",
        "notifier": "after_http_200_before_row_update",
    },
]


async def reconcile(one: Installation, rows: Path) -> None:
    """Everything must add up, by the services' counts and by the whole history."""
    totals = await one.settled(ROWS)
    assert sum(totals[name] for name in OUTCOMES) == ROWS
    events = await one.history(ROWS)
    assert faults_of(events, ROWS) == []
    assert len(one.webhooks) == totals["routed"]
    again = await one.import_rows(rows)
    assert (again["new"], again["known"]) == (0, ROWS)


@pytest.mark.parametrize("armed", ARMED, ids=["before-and-around-commits", "after-effects"])
async def test_a_kill_at_each_failpoint_changes_no_total(
    server_folder: Path, armed: dict[str, str]
) -> None:
    """Each crash window of each service is hit on purpose, once."""
    rows = server_folder / "rows.csv"
    write_rows(rows, ROWS)
    async with installation(server_folder, armed) as one:
        imported = await one.import_rows(rows)
        assert imported["read"] == ROWS
        assert imported["bad"] == 0
        await reconcile(one, rows)
        said = one.log.read_text()
    for name in armed:
        assert f"{name} ended (SIGKILL)" in said, said


async def test_random_kills_of_services_broker_and_database_change_no_total(
    server_folder: Path,
) -> None:
    """Nobody chooses the moment at which a machine fails."""
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    rows = server_folder / "rows.csv"
    write_rows(rows, ROWS)
    async with installation(server_folder, {}) as one:
        importing = asyncio.create_task(one.import_rows(rows))
        for name in dice.sample(
            ["intake", "router", "tracker", "notifier", "kafka", "postgres"], 6
        ):
            await asyncio.sleep(dice.uniform(0.2, 1.5))
            one.kill(name)
        assert (await importing)["read"] == ROWS
        await reconcile(one, rows)
