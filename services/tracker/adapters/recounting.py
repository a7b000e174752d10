"""Cases whose promises could be counted anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.tracker.adapters.cases import CaseTables

if TYPE_CHECKING:
    from uuid import UUID

    from services.runtime.postgres import Database
    from services.tracker.decide.case import Case


class PromiseReading:
    """Reads cases whole, without locking them."""

    def __init__(self, db: Database) -> None:
        """Read from the tracker's database."""
        self._db = db
        self._cases = CaseTables()

    async def cases(self, policy_hash: str, after: UUID | None, limit: int) -> list[Case]:
        """Give cases that are handled under another bundle; see `CaseTables`."""
        async with self._db.transaction() as tx:
            return await self._cases.by_other_bundles(tx, policy_hash, after, limit)
