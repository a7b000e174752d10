"""The list of supervisions that are open (督办). Reads only, no locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.tracker.adapters.filters import where_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.runtime.postgres import Database
    from services.tracker.adapters.reading import Row

_OPEN = """
    SELECT s.supervision_id, s.complaint_id, s.because, s.level, s.raised_to, s.order_id, s.agency,
        s.opened_at, c.number, c.matter ->> 'title' AS title, c.category, c.district,
        c.state AS case_state, o.due_at
    FROM tracker.supervision s
    JOIN tracker.case c USING (complaint_id)
    LEFT JOIN tracker.work_order o USING (complaint_id, order_id)
    WHERE s.closed_at IS NULL
"""
_LONGEST_FIRST = " ORDER BY s.opened_at, s.supervision_id"
_CONDITIONS = {
    "raised_to": "s.raised_to = {0}",
    "agency": "s.agency = {0}",
    "because": "s.because = {0}",
    "concerns": "(s.raised_to = {0} OR s.agency = {0})",
    "after": "(s.opened_at, s.supervision_id) > ({0}, {1})",
}


class SupervisionReading:
    """Answers from the tables as they stand."""

    def __init__(self, db: Database) -> None:
        """Read from the tracker's database."""
        self._db = db

    async def open_ones(self, filters: Mapping[str, tuple[object, ...]], limit: int) -> list[Row]:
        """Find open supervisions, the longest open first.

        Args:
            filters: Any of `raised_to`, `agency` (who is supervised), `because`, `concerns` (an
                agency that supervises or is supervised), and `after`, the opening and id of the
                last one of the page before.
            limit: How many at the most.
        """
        where, args = where_of(_CONDITIONS, filters)
        sql = f"{_OPEN}{where}{_LONGEST_FIRST} LIMIT ${len(args) + 1}"
        return [dict(row) for row in await self._db.fetch(sql, *args, limit)]
