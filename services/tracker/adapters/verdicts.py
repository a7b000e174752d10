"""The call-backs behind a figure, page by page: what a number counts, one can look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from services.tracker.adapters.counts import COUNTED, PERIOD, VALID, VERDICT_KEYS

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.runtime.postgres import Database
    from services.tracker.adapters.figures import Asked, GroupBy, Row

Sought = Literal[
    "valid",
    "contacted",
    "not-contacted",
    "solved",
    "unsolved",
    "satisfied",
    "basically",
    "dissatisfied",
    "excluded",
    "no-contact",
    "no-answer",
    "not-asked",
    "withdrawn",
]

_SOUGHT = {
    **{name.replace("_", "-"): condition for name, condition in COUNTED.items()},
    "not-contacted": f"{VALID} AND is_contacted IS NOT TRUE",
    "unsolved": f"{VALID} AND is_solved IS NOT TRUE",
    "dissatisfied": f"{VALID} AND satisfaction = 'dissatisfied'",
    "excluded": "excluded_because IS NOT NULL",
}
# The page is cut in the index, before any row of a table is read.
_PAGE = f"""
    WITH page AS MATERIALIZED (
        SELECT complaint_id, callback_id FROM tracker.callback
        WHERE {PERIOD} AND ({{asked}}) AND ({{sought}}) AND ({{key}}) AND ({{after}})
        ORDER BY ended_at, callback_id LIMIT {{limit}}
    )
    SELECT b.complaint_id, b.callback_id, b.order_id, c.number, b.round, b.agency, b.scored,
        b.category, b.district, b.street, b.state, b.ended_at, b.answered_by, b.is_contacted,
        b.is_solved, b.satisfaction, b.lapse_reason, b.excluded_because, b.excluded_by,
        b.excluded_at, b.exclusion_note
    FROM page JOIN tracker.callback b USING (complaint_id, callback_id)
        JOIN tracker.case c USING (complaint_id)
    ORDER BY b.ended_at, b.callback_id
"""


class VerdictReading:
    """Call-backs that ended, as they stand."""

    def __init__(self, db: Database) -> None:
        """Read from the tracker's database."""
        self._db = db

    async def page(
        self,
        asked: Asked,
        group: tuple[GroupBy, tuple[str, ...] | None] | None,
        sought: Sought | None,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[Row]:
        """Find the call-backs a figure counts, in the order in which they ended.

        Args:
            asked: Period and filters of the figure.
            group: What rows are grouped by and the keys that make up one of them (a category
                stands for those below it), None instead of keys for the row without one.
            sought: The number that is looked behind; None: all of them.
            after: End and id of the last call-back of the page before.
            limit: How many at the most.
        """
        args: list[object] = [asked.begins, asked.ends]
        parts = {"asked": asked.condition(VERDICT_KEYS, args), "key": "true", "after": "true"}
        parts["sought"] = _SOUGHT[sought] if sought else "true"
        if group is not None:
            by, keys = group
            parts["key"] = f"{VERDICT_KEYS[by]} IS NULL"
            if keys is not None:
                args.append(list(keys))
                parts["key"] = f"{VERDICT_KEYS[by]} = ANY(${len(args)}::text[])"
        if after is not None:
            args.extend(after)
            parts["after"] = f"(ended_at, callback_id) > (${len(args) - 1}, ${len(args)})"
        args.append(limit)
        parts["limit"] = f"${len(args)}"
        return [dict(row) for row in await self._db.fetch(_PAGE.format(**parts), *args)]
