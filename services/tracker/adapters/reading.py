"""Questions that the HTTP side asks: lists, one case, figures. Reads only, no locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from services.runtime.postgres import Database

Row = dict[str, Any]
GroupBy = Literal["agency", "district", "category"]

_CASE_COLUMNS = """
    c.complaint_id, c.number, c.state, c.outcome, c.closed_as, c.category, c.district, c.street,
    c.lead, c.scored, c.standard, c.round, c.level, c.urges, c.matter ->> 'title' AS title,
    c.opened_at, c.due_at, c.closed_at
"""
_CASES = f"SELECT {_CASE_COLUMNS} FROM tracker.case c WHERE true"
_NEWEST_FIRST = " ORDER BY c.complaint_id DESC"
_CASE_FILTERS = {
    "state": "c.state = {}",
    "agency": "c.lead = {}",
    "district": "c.district = {}",
    "category": "c.category = {}",
    "number": "c.number = {}",
    "before": "c.complaint_id < {}",
}
_CASE = f"""
    SELECT {_CASE_COLUMNS}, c.copies, c.excluded, c.held_because, c.policy, c.matter
    FROM tracker.case c WHERE c.complaint_id = $1
"""

_ORDER_COLUMNS = """
    o.complaint_id, o.order_id, o.agency, o.role, o.round, o.attempt, o.standard, o.state,
    o.category, o.district, o.dispatched_at, o.sign_due_at, o.at_risk_at, o.due_at,
    o.is_provisional AS is_due_provisional, o.timeline, o.signed_at, o.ended_at, o.answer,
    o.is_on_time, o.sign_breached_at, o.breached_at
"""
_ORDERS = f"""
    SELECT {_ORDER_COLUMNS}, c.number, c.matter ->> 'title' AS title, c.matter ->> 'text' AS text
    FROM tracker.work_order o JOIN tracker.case c USING (complaint_id) WHERE true
"""
_DUE_FIRST = " ORDER BY o.due_at, o.order_id"
_ORDER_FILTERS = {
    "state": "o.state = {}",
    "agency": "o.agency = {}",
    "district": "o.district = {}",
    "category": "o.category = {}",
    "is_open": "o.ended_at IS NULL",
    "overdue_at": "o.ended_at IS NULL AND o.due_at < {}",
    "after": "(o.due_at, o.order_id) > ({}, {})",
}
_ORDERS_OF = f"""
    SELECT {_ORDER_COLUMNS} FROM tracker.work_order o WHERE o.complaint_id = $1 ORDER BY o.position
"""
_CALLBACKS_OF = """
    SELECT callback_id, order_id, round, agency, scored, state, resolved_at, asked_at, lapses_at,
        ended_at, answered_by, is_contacted, is_solved, satisfaction, lapse_reason
    FROM tracker.callback WHERE complaint_id = $1 ORDER BY round
"""
_HISTORY_OF = """
    SELECT at, kind, detail, cause FROM tracker.history WHERE complaint_id = $1 ORDER BY position
"""

# What `{key}` may be; never a caller's words.
_VERDICT_KEYS = {"agency": "scored", "district": "district", "category": "category"}
_ORDER_KEYS = {"agency": "agency", "district": "district", "category": "category"}
_VERDICTS = """
    SELECT {key} AS key,
        count(*) FILTER (WHERE state = 'answered') AS valid,
        count(*) FILTER (WHERE state = 'answered' AND is_contacted) AS contacted,
        count(*) FILTER (WHERE state = 'answered' AND is_solved) AS solved,
        count(*) FILTER (WHERE state = 'answered' AND satisfaction = 'satisfied') AS satisfied,
        count(*) FILTER (WHERE state = 'answered' AND satisfaction = 'basically') AS basically,
        count(*) FILTER (WHERE state = 'lapsed' AND lapse_reason = 'no-contact') AS no_contact,
        count(*) FILTER (WHERE state = 'lapsed' AND lapse_reason = 'no-answer') AS no_answer,
        count(*) FILTER (WHERE state = 'dropped') AS withdrawn
    FROM tracker.callback WHERE ended_at >= $1 AND ended_at < $2 GROUP BY 1
"""
_ON_TIME = """
    SELECT {key} AS key,
        count(*) AS dispatched,
        count(*) FILTER (WHERE is_on_time) AS resolved_on_time,
        count(*) FILTER (WHERE NOT is_on_time) AS resolved_late,
        count(*) FILTER (WHERE state IN ('returned', 'recalled')) AS taken_back,
        count(*) FILTER (WHERE ended_at IS NULL AND due_at >= $3) AS open_in_time,
        count(*) FILTER (WHERE ended_at IS NULL AND due_at < $3) AS open_overdue,
        count(breached_at) AS breached
    FROM tracker.work_order WHERE dispatched_at >= $1 AND dispatched_at < $2 GROUP BY 1
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


class CaseReading:
    """Answers from the tables as they stand."""

    def __init__(self, db: Database) -> None:
        """Read from the tracker's database."""
        self._db = db

    async def cases(self, filters: Mapping[str, object], limit: int) -> list[Row]:
        """Find cases, newest first.

        Args:
            filters: Any of `state`, `agency` (the lead), `district`, `category`, `number`,
                and `before`, the last complaint of the page before.
            limit: How many at the most.
        """
        where, args = _where(_CASE_FILTERS, filters)
        sql = f"{_CASES}{where}{_NEWEST_FIRST} LIMIT ${len(args) + 1}"
        return [dict(row) for row in await self._db.fetch(sql, *args, limit)]

    async def case(self, complaint_id: UUID) -> Row | None:
        """Give one case with its orders, call-backs and history."""
        row = await self._db.fetchrow(_CASE, complaint_id)
        if row is None:
            return None
        parts = {
            "orders": await self._db.fetch(_ORDERS_OF, complaint_id),
            "callbacks": await self._db.fetch(_CALLBACKS_OF, complaint_id),
            "history": await self._db.fetch(_HISTORY_OF, complaint_id),
        }
        return {**dict(row), **{name: [dict(r) for r in rows] for name, rows in parts.items()}}

    async def orders(self, filters: Mapping[str, object], limit: int) -> list[Row]:
        """Find work orders, the soonest due first.

        Args:
            filters: Any of `state`, `agency`, `district`, `category`, `is_open` (takes no
                value: `()`), `overdue_at` (an instant), and `after`, the due instant and id
                of the last order of the page before.
            limit: How many at the most.
        """
        where, args = _where(_ORDER_FILTERS, filters)
        sql = f"{_ORDERS}{where}{_DUE_FIRST} LIMIT ${len(args) + 1}"
        return [dict(row) for row in await self._db.fetch(sql, *args, limit)]

    async def verdicts(self, begins: datetime, ends: datetime, by: GroupBy) -> list[Row]:
        """Count the call-backs that ended in `[begins, ends)`, for the three rates."""
        sql = _VERDICTS.format(key=_VERDICT_KEYS[by])
        return [dict(row) for row in await self._db.fetch(sql, begins, ends)]

    async def on_time(
        self, begins: datetime, ends: datetime, now: datetime, by: GroupBy
    ) -> list[Row]:
        """Count the orders dispatched in `[begins, ends)` by what became of them."""
        sql = _ON_TIME.format(key=_ORDER_KEYS[by])
        return [dict(row) for row in await self._db.fetch(sql, begins, ends, now)]

    async def totals(self) -> dict[str, list[Row]]:
        """Count everything there is, to reconcile with what the other services count."""
        parts = {
            "cases": await self._db.fetch(_CASE_TOTALS),
            "orders": await self._db.fetch(_ORDER_TOTALS),
            "callbacks": await self._db.fetch(_CALLBACK_TOTALS),
        }
        return {name: [dict(row) for row in rows] for name, rows in parts.items()}


def _where(known: Mapping[str, str], filters: Mapping[str, object]) -> tuple[str, list[object]]:
    """Write the conditions that were asked for, so that each has its own best plan."""
    conditions: list[str] = []
    args: list[object] = []
    for name, value in filters.items():
        values = value if isinstance(value, tuple) else (value,)
        places = [f"${len(args) + number}" for number in range(1, len(values) + 1)]
        conditions.append(f" AND {known[name].format(*places)}")
        args.extend(values)
    return "".join(conditions), args
