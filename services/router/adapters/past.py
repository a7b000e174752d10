"""Complaints as they once came in, with what was decided at first and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.runtime.postgres import Database

_PAST = """
    SELECT first.complaint_id, first.decided_at, first.policy, first.outcome AS first_outcome,
        first.decision, route.matter, route.outcome, route.lead, route.decided_by, route.attempt
    FROM router.route_attempt AS first JOIN router.route USING (complaint_id)
    WHERE first.number = 1 AND first.decided_at < $3
        AND (first.decided_at, first.complaint_id) > ($1::timestamptz, $2::uuid)
    ORDER BY first.decided_at, first.complaint_id LIMIT $4
"""


class PastReader:
    """Reads past complaints page by page, in the order of their first decision."""

    def __init__(self, db: Database) -> None:
        """Read from the router's schema."""
        self._db = db

    async def page(
        self, after: tuple[datetime, UUID], until: datetime, limit: int
    ) -> list[asyncpg.Record]:
        """Give the next complaints.

        Args:
            after: Instant of the first decision, and complaint, of the last one seen.
            until: Only what was first decided before.
            limit: How many at the most.

        Returns:
            Complaint, first decision with its policy, matter as received, outcome now.
        """
        return await self._db.fetch(_PAST, *after, until, limit)
