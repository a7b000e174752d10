"""Counting for the figures: verdicts and punctuality of a period, and the totals.

Of the latest assessment months the sums are kept, see `sums`. What else is asked for, a part of
the city or other days, is counted row by row: read from indexes on its instants, so the cost
grows with the period and not with what is stored. Both say the same. Reads only, no locks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from services.tracker.adapters import sums
from services.tracker.adapters.counts import (
    COUNTED,
    ORDER_KEYS,
    ORDERS_COUNTED,
    PERIOD,
    PLEASING,
    VALID,
    VERDICT_KEYS,
    counts,
    each,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from services.runtime.postgres import Database

Row = dict[str, Any]
GroupBy = Literal["agency", "district", "street", "category"]

_PART = f"""
    SELECT {{key}} AS key, {counts(COUNTED)}
    FROM tracker.callback WHERE {PERIOD} AND ({{asked}}) GROUP BY 1
"""
# Also where only a part is asked for, what it is compared with is the whole city. Cells of group
# and category are many, so they hold two numbers each, and are put beside the city's rates.
_VERDICTS = f"""
    WITH city AS MATERIALIZED (
        SELECT coalesce(category, '') AS category, {counts(COUNTED)}
        FROM tracker.callback WHERE {PERIOD} GROUP BY 1
    ), whole AS (
        SELECT {each("sum({name})::int AS city_{name}", COUNTED)} FROM city
    ), cell AS (
        SELECT coalesce({{key}}, '') AS key, coalesce(category, '') AS category,
            (count(*) FILTER (WHERE {{asked}}))::float8 AS n, count(*)::float8 AS own
        FROM tracker.callback WHERE {PERIOD} AND {VALID} GROUP BY 1, 2
    ), fair AS (
        SELECT cell.key, {each("sum(n * city.{name} / city.valid) AS expected_{name}", PLEASING)},
            sum(n * (1 - own / city.valid)) AS others
        FROM cell JOIN city USING (category) WHERE n > 0 GROUP BY 1
    ), part AS ({_PART})
    SELECT part.*, fair.others, {each("fair.expected_{name}", PLEASING)}, whole.*
    FROM part LEFT JOIN fair ON fair.key = coalesce(part.key, '') CROSS JOIN whole
"""
_EXCLUDED = f"""
    SELECT {{key}} AS key, excluded_because AS reason, excluded_by AS approved_by,
        count(*) AS valid,
        count(*) FILTER (WHERE is_contacted) AS contacted,
        count(*) FILTER (WHERE is_solved) AS solved,
        count(*) FILTER (WHERE satisfaction = 'satisfied') AS satisfied,
        count(*) FILTER (WHERE satisfaction = 'basically') AS basically
    FROM tracker.callback
    WHERE {PERIOD} AND excluded_because IS NOT NULL AND ({{asked}})
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_KEPT = f"""
    SELECT {{key}} AS key, {counts(ORDERS_COUNTED)} FROM tracker.work_order
    WHERE dispatched_at >= $1 AND dispatched_at < $2 AND ({{asked}}) GROUP BY 1
"""
# A clock that stands still can't become late; an order that was late before stays so.
_OVERDUE = """
    SELECT {key} AS key, count(*) AS open_overdue FROM tracker.work_order
    WHERE ended_at IS NULL AND due_at < $3
        AND (state NOT IN ('paused', 'deferred') OR breached_at IS NOT NULL)
        AND dispatched_at >= $1 AND dispatched_at < $2 AND ({asked}) GROUP BY 1
"""
_CASE_TOTALS = """
    SELECT outcome, state, closed_as, count(*) AS count
    FROM tracker.case GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_ORDER_TOTALS = """
    SELECT state, role, count(*) AS count, count(breached_at) AS breached,
        count(sign_breached_at) AS sign_breached
    FROM tracker.work_order GROUP BY 1, 2 ORDER BY 1, 2
"""
_CALLBACK_TOTALS = "SELECT state, count(*) AS count FROM tracker.callback GROUP BY 1 ORDER BY 1"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which call-backs and orders a figure is about.

    Attributes:
        begins: First instant of the period.
        ends: First instant after it.
        agency: The scored agency; of orders, the one that had them.
        district: Division code.
        street: Division code.
        categories: A category and those below it; none: any.
    """

    begins: datetime
    ends: datetime
    agency: str | None = None
    district: str | None = None
    street: str | None = None
    categories: Sequence[str] = ()

    @property
    def is_whole(self) -> bool:
        """Whether no part of the city and no kind is asked for: all of the period."""
        places = (self.agency, self.district, self.street)
        return not self.categories and all(one is None for one in places)

    def condition(self, keys: Mapping[str, str], args: list[object]) -> str:
        """Write what is asked for as SQL.

        Args:
            keys: Column of each filter.
            args: The statement's arguments so far; those of the filters are added.
        """
        conditions = ["true"]
        for name in ("agency", "district", "street"):
            value = getattr(self, name)
            if value is not None:
                args.append(value)
                conditions.append(f"{keys[name]} = ${len(args)}")
        if self.categories:
            args.append(list(self.categories))
            conditions.append(f"{keys['category']} = ANY(${len(args)}::text[])")
        return " AND ".join(conditions)


class FigureReading:
    """Figures from the tables as they stand."""

    def __init__(self, db: Database) -> None:
        """Read from the tracker's database."""
        self._db = db

    async def verdicts(self, asked: Asked, by: GroupBy) -> list[Row]:
        """Count the call-backs that ended in the period, for the three rates.

        Returns:
            For each group its counts. But for categories, also what `expected_*` counts its mix
            of categories would have brought at the city's rates, how many of its verdicts are
            compared with `others`, and the `city_*` counts of the whole period.
        """
        if kept := await self._summed(sums.VERDICTS[by], asked):
            return kept
        sql = _PART if by == "category" else _VERDICTS
        return await self._grouped(sql, VERDICT_KEYS, asked, by)

    async def excluded(self, asked: Asked, by: GroupBy) -> list[Row]:
        """Count the verdicts that officers excluded, by group, reason and approver."""
        return await self._grouped(_EXCLUDED, VERDICT_KEYS, asked, by)

    async def kept(self, asked: Asked, by: GroupBy) -> list[Row]:
        """Count the orders dispatched in the period by what became of them."""
        if kept := await self._summed(sums.KEPT[by], asked):
            return kept
        return await self._grouped(_KEPT, ORDER_KEYS, asked, by)

    async def overdue(self, asked: Asked, by: GroupBy, now: datetime) -> list[Row]:
        """Count those of them that are open and past due, their clocks running."""
        return await self._grouped(_OVERDUE, ORDER_KEYS, asked, by, now)

    async def totals(self) -> dict[str, list[Row]]:
        """Count everything there is, to reconcile with what the other services count."""
        parts = {
            "cases": await self._db.fetch(_CASE_TOTALS),
            "orders": await self._db.fetch(_ORDER_TOTALS),
            "callbacks": await self._db.fetch(_CALLBACK_TOTALS),
        }
        return {name: [dict(row) for row in rows] for name, rows in parts.items()}

    async def _summed(self, sql: str, asked: Asked) -> list[Row]:
        """Read sums that are kept; nothing where none are, or where nothing is in them."""
        if not asked.is_whole:
            return []
        return [dict(row) for row in await self._db.fetch(sql, asked.begins, asked.ends)]

    async def _grouped(
        self, sql: str, keys: Mapping[str, str], asked: Asked, by: GroupBy, *more: object
    ) -> list[Row]:
        args: list[object] = [asked.begins, asked.ends, *more]
        condition = asked.condition(keys, args)
        rows = await self._db.fetch(sql.format(key=keys[by], asked=condition), *args)
        return [dict(row) for row in rows]
