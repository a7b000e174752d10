"""A worker for tests that kill it: fires deadlines, saying after each batch how many.

python -m tests.runtime.ringing DSN
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

from services.events import HookDisabled
from services.runtime.postgres import Database
from services.runtime.step import Deadline, Step
from services.runtime.timers import Timers
from tests.runtime.counting import Counting

#: Small, so that there are many transactions to be killed in.
BATCH = 20


class Ringing(Counting):
    """Keeps each firing in the state, and tells a fact for it."""

    def decide_due(
        self, deadline: Deadline, state: tuple[str, ...], now: datetime
    ) -> Step[tuple[str, ...]]:
        """Say that it fired, both ways."""
        fact = HookDisabled(endpoint_id=deadline.subject, agency=None, reason="gone")
        return Step((*state, f"{deadline.kind} {now:%T}"), (fact,))


async def ring(dsn: str) -> None:
    """Fire until nothing is due."""
    db = await Database.connect(dsn, "notifier", size=1)
    timers = Timers(Ringing(), db)
    while fired := await timers.fire(BATCH):
        print(fired, flush=True)


if __name__ == "__main__":
    asyncio.run(ring(sys.argv[1]))
