"""`kill -9` of workers that fire deadlines: each fires once, whoever dies and whenever."""

from __future__ import annotations

import asyncio
import os
import random
import sys

import asyncpg
import pytest

from services.runtime.migrate import migrate
from tests.runtime.counting import TABLE

pytestmark = pytest.mark.postgres

WORKERS, DEADLINES, KILLS = 3, 3_000, 6
#: Change it to try others; a failure prints the one it had.
SEED = int(os.environ.get("WHISTLE_TEST_SEED") or random.randrange(10**6))

_STATES = "INSERT INTO seen SELECT gen_random_uuid(), '{}' FROM generate_series(1, $1)"
_DUE = "INSERT INTO deadline SELECT key, key, 'due', now() - random() * interval '1h' FROM seen"
_LEFT = "SELECT count(*) FROM deadline"
_COUNTS = """
    SELECT count(*) FILTER (WHERE cardinality(texts) = 1) AS fired_once,
        count(*) FILTER (WHERE cardinality(texts) > 1) AS fired_twice,
        (SELECT count(DISTINCT (key, id)) FROM outbox) AS facts,
        (SELECT count(DISTINCT key) FROM outbox) AS told_about,
        (SELECT count(*) FROM emitted_sequence WHERE last_sequence = 1) AS numbered_once
    FROM seen
"""


class Shift:
    """Workers that are replaced when they die, as a supervisor does."""

    def __init__(self, dsn: str, dice: random.Random) -> None:
        self.dsn = dsn
        self.dice = dice
        self.kills = 0

    async def work(self) -> None:
        """Run one worker after the other; all but the last are killed after a few batches."""
        while self.kills < KILLS:
            self.kills += 1
            await self.run(self.dice.randrange(1, 12))
        await self.run(None)

    async def run(self, batches_max: int | None) -> None:
        """Run one until nothing is due that it could have, or kill it after so many batches."""
        command = sys.executable, "-m", "tests.runtime.ringing", self.dsn
        worker = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert worker.stdout is not None
        batches = 0
        while await worker.stdout.readline():
            batches += 1
            if batches == batches_max:
                worker.kill()
        await worker.wait()
        assert worker.returncode in (0, -9)


async def test_each_deadline_fires_once_though_workers_are_killed(dsn: str) -> None:
    """Three at a time, six of them killed at moments that nobody chose."""
    print(f"seed {SEED}")
    await migrate(dsn, "notifier")
    conn = await asyncpg.connect(dsn, server_settings={"search_path": "notifier"})
    try:
        await conn.execute(TABLE)
        await conn.execute(_STATES, DEADLINES)
        await conn.execute(_DUE)
        shift = Shift(dsn, random.Random(SEED))
        await asyncio.gather(*(shift.work() for _ in range(WORKERS)))
        assert shift.kills == KILLS
        while await conn.fetchval(_LEFT):  # What the dead held is free once the server knows.
            await shift.run(None)
        assert dict(await conn.fetchrow(_COUNTS)) == {
            "fired_once": DEADLINES,
            "fired_twice": 0,
            "facts": DEADLINES,
            "told_about": DEADLINES,
            "numbered_once": DEADLINES,
        }
    finally:
        await conn.close()
