"""Counting by root cause (根因), and the cases behind a count. Reads only, no locks.

What belongs to a period is read from `callback_by_cause`, so the cost grows with the period
and not with what is stored. A resolution counts once: a case that was reopened and resolved
again stands there for each, and is counted as one case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from services.runtime.postgres import Database
    from services.tracker.adapters.figures import Row

CauseGroup = Literal["cause", "category", "district", "agency"]

_PERIOD = "b.cause IS NOT NULL AND b.resolved_at >= $1 AND b.resolved_at < $2"
_VALID = "b.state = 'answered' AND b.excluded_because IS NULL"
# What is asked for and grouped by; never a caller's words.
_COLUMNS: Final[Mapping[str, str]] = {
    "cause": "b.cause",
    "category": "b.category",
    "district": "b.district",
    "agency": "b.agency",
}
_COUNTS = f"""
    SELECT {{key}} AS key, count(DISTINCT b.complaint_id)::int AS cases, count(*)::int AS resolved,
        (count(*) FILTER (WHERE {_VALID}))::int AS valid,
        (count(*) FILTER (WHERE {_VALID} AND b.satisfaction = 'dissatisfied'))::int
            AS dissatisfied
    FROM tracker.callback b WHERE {_PERIOD}{{asked}} GROUP BY 1 ORDER BY 2 DESC, 1
"""
_PAGE = f"""
    SELECT b.complaint_id, b.callback_id, b.order_id, b.cause, b.category, b.district, b.agency,
        b.resolved_at, b.state, b.is_solved, b.satisfaction, c.number,
        c.matter ->> 'title' AS title
    FROM tracker.callback b JOIN tracker.case c USING (complaint_id)
    WHERE {_PERIOD}{{asked}} ORDER BY b.resolved_at, b.callback_id LIMIT $3
"""


class CauseReading:
    """Answers from the tables as they stand."""

    def __init__(self, db: Database) -> None:
        """Read from the tracker's database."""
        self._db = db

    async def counts(
        self, begins: datetime, ends: datetime, by: CauseGroup, filters: Mapping[str, str]
    ) -> list[Row]:
        """Count what was resolved in `[begins, ends)` with a cause, the most first.

        Args:
            begins: First instant of the period.
            ends: First instant after it.
            by: What rows are grouped by.
            filters: Any of `cause`, `category`, `district`, `agency` (who handled it).
        """
        args: list[object] = [begins, ends]
        asked = _asked(filters, args)
        rows = await self._db.fetch(_COUNTS.format(key=_COLUMNS[by], asked=asked), *args)
        return [dict(row) for row in rows]

    async def page(
        self,
        begins: datetime,
        ends: datetime,
        filters: Mapping[str, str],
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[Row]:
        """Give what a count is made of, the earliest resolved first.

        Args:
            begins: First instant of the period.
            ends: First instant after it.
            filters: As of `counts`.
            after: `resolved_at` and `callback_id` of the last one of the page before.
            limit: How many at the most.
        """
        args: list[object] = [begins, ends, limit]
        asked = _asked(filters, args)
        if after is not None:
            args.extend(after)
            asked += f" AND (b.resolved_at, b.callback_id) > (${len(args) - 1}, ${len(args)})"
        return [dict(row) for row in await self._db.fetch(_PAGE.format(asked=asked), *args)]


def _asked(filters: Mapping[str, str], args: list[object]) -> str:
    """Write filters as SQL; their values go to the arguments."""
    asked = ""
    for name, value in filters.items():
        args.append(value)
        asked += f" AND {_COLUMNS[name]} = ${len(args)}"
    return asked
