"""Takes up what is due in the database: next attempts, and what a crash or a full lane left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifier.adapters import deliveries
from services.notifier.handle.rounds import run_rounds

if TYPE_CHECKING:
    from services.notifier.handle.lanes import Lanes
    from services.runtime.postgres import Database

#: How late an attempt may be.
POLL_S = 0.5

#: How soon to look again while there is more than fits.
_BUSY_POLL_S = 0.05

#: Taken of one endpoint at a time.
_CLAIM_MAX = 100


class Poller:
    """Claims due deliveries for the lanes that have room."""

    def __init__(self, db: Database, lanes: Lanes) -> None:
        """Wire the parts; `run` begins."""
        self._db = db
        self._lanes = lanes

    async def run(self) -> None:
        """Poll until cancelled."""
        await run_rounds("poller", self._round, every_s=POLL_S)

    async def _round(self) -> bool:
        return await self.poll() > 0

    async def poll(self) -> int:
        """Claim what is due and hand it to the lanes; returns how many."""
        room = {i: min(free, _CLAIM_MAX) for i, free in self._lanes.room().items()}
        if not room:
            return 0
        async with self._db.transaction() as tx:
            jobs = await deliveries.claim(tx, room)
        # Lower events of a complaint first: they may both be due for the same lane.
        self._lanes.offer(sorted(jobs, key=lambda job: job.sequence))
        return len(jobs)
