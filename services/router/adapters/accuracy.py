"""Reads how often first dispatches stood, from daily counts, and which ones didn't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import asyncpg

    from services.runtime.postgres import Database

By = Literal["rule", "agency", "category", "decided_by"]

_SUMS = """
    sum(dispatched)::int AS dispatched, sum(returned)::int AS returned,
    sum(reassigned)::int AS reassigned, sum(upheld)::int AS upheld
    FROM router.dispatch_tally WHERE day >= $1 AND day < $2 AND agency <> ''
"""
_ACCURACY: dict[By, str] = {
    "rule": f"SELECT decided_by, rule AS key, {_SUMS} GROUP BY decided_by, rule",
    "agency": f"SELECT agency AS key, {_SUMS} GROUP BY agency",
    "category": f"SELECT category AS key, {_SUMS} GROUP BY category",
    "decided_by": f"SELECT decided_by AS key, {_SUMS} GROUP BY decided_by",
}
_OTHERS = """
    SELECT coalesce(sum(answered), 0)::int AS answered, coalesce(sum(diverted), 0)::int AS diverted,
        coalesce(sum(held), 0)::int AS held
    FROM router.dispatch_tally WHERE day >= $1 AND day < $2
"""
# For each rule its newest cases, from the index; nothing is read of those that stood.
_CASES = """
    SELECT asked.decided_by, asked.rule, fallen.*
    FROM unnest($1::text[], $2::text[]) AS asked (decided_by, rule)
    CROSS JOIN LATERAL (
        SELECT f.complaint_id, f.agency, f.category, f.dispatched_at, f.fell, f.fell_at,
            f.upheld, route.outcome, route.lead, route.matter ->> 'number' AS number,
            after.return_reason, after.suggests
        FROM router.first_dispatch AS f JOIN router.route USING (complaint_id)
        LEFT JOIN router.route_attempt AS after
            ON after.complaint_id = f.complaint_id AND after.number = f.fell_number
        WHERE f.decided_by = asked.decided_by AND f.rule = asked.rule AND f.fell IS NOT NULL
            AND f.day >= $3 AND f.day < $4
        ORDER BY f.day DESC, f.complaint_id DESC LIMIT $5
    ) AS fallen
"""


class AccuracyReader:
    """Answers how often first dispatches stood, in days of the city's time."""

    def __init__(self, db: Database) -> None:
        """Read from the router's schema."""
        self._db = db

    async def counts(self, by: By, start: date, end: date) -> list[asyncpg.Record]:
        """Count first dispatches by something.

        Args:
            by: What to group by; for `rule` also by who decided, for fallback has no rule.
            start: The first day.
            end: The day after the last.

        Returns:
            `key`, `dispatched`, `returned`, `reassigned`, `upheld`.
        """
        return await self._db.fetch(_ACCURACY[by], start, end)

    async def others(self, start: date, end: date) -> asyncpg.Record | None:
        """Count complaints whose first decision was no dispatch."""
        return await self._db.fetchrow(_OTHERS, start, end)

    async def cases(
        self, rules: Sequence[tuple[str, str]], start: date, end: date, limit: int
    ) -> list[asyncpg.Record]:
        """Give first dispatches that fell, the newest of each rule.

        Args:
            rules: Who decided and by which rule; an empty rule where none did.
            start: The first day of dispatch.
            end: The day after the last.
            limit: How many of each at the most.
        """
        if not rules or not limit:
            return []
        deciders, names = zip(*rules, strict=True)
        return await self._db.fetch(_CASES, deciders, names, start, end, limit)
