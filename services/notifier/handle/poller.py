"""Takes up what is due in the database: next attempts, and what a crash or a full lane left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifier.adapters import deliveries, endpoints
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
        rooms = self._lanes.room()
        if not rooms:
            return 0
        async with self._db.transaction() as tx:
            probing = {i for i, room in rooms.items() if room.is_probe}
            taken = probing - await endpoints.lock_for_probe(tx, probing)
            jobs = await deliveries.claim(
                tx,
                {i: min(r.jobs, _CLAIM_MAX) for i, r in rooms.items() if i not in taken},
                unordered={i for i, r in rooms.items() if not r.is_ordered},
            )
            await endpoints.note_probes(tx, probing & {job.endpoint_id for job in jobs})
        # Lower events of a complaint first: they may both be due for the same lane.
        self._lanes.offer(sorted(jobs, key=lambda job: job.sequence))
        return len(jobs)
