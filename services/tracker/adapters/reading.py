"""Questions that the HTTP side asks: lists, and one case. Reads only, no locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.tracker.adapters.filters import where_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from services.runtime.postgres import Database

Row = dict[str, Any]

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
    SELECT {_CASE_COLUMNS}, c.copies, c.excluded, c.held_because, c.policy, c.matter,
        c.merged_into, c.followers
    FROM tracker.case c WHERE c.complaint_id = $1
"""

_ORDER_COLUMNS = """
    o.complaint_id, o.order_id, o.agency, o.role, o.round, o.attempt, o.standard, o.state,
    o.category, o.district, o.dispatched_at, o.sign_due_at, o.at_risk_at, o.due_at,
    o.is_provisional AS is_due_provisional, o.timeline, o.signed_at, o.ended_at, o.answer,
    o.is_on_time, o.sign_breached_at, o.breached_at, o.contact_due_at, o.contacted_at,
    o.contact_breached_at, o.ledger, o.extensions, o.requests, o.cause
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
    "is_asking": "o.requests <> '[]'",
    "still": "o.state = {} AND o.ended_at IS NULL AND o.ledger <> '[]'",
    "overdue_at": "o.ended_at IS NULL AND o.due_at < {}",
    # Nobody judges whether they were in time; an index holds them by this.
    "taken_back": "o.state = {} AND o.ended_at IS NOT NULL AND o.is_on_time IS NULL",
    "after": "(o.due_at, o.order_id) > ({}, {})",
}
_ORDERS_OF = f"""
    SELECT {_ORDER_COLUMNS} FROM tracker.work_order o WHERE o.complaint_id = $1 ORDER BY o.position
"""
_CALLBACKS_OF = """
    SELECT callback_id, order_id, round, agency, scored, state, resolved_at, asked_at, lapses_at,
        ended_at, answered_by, is_contacted, is_solved, satisfaction, lapse_reason,
        excluded_because, excluded_by, excluded_at, exclusion_note
    FROM tracker.callback WHERE complaint_id = $1 ORDER BY round
"""
_SUPERVISIONS_OF = """
    SELECT supervision_id, because, level, raised_to, order_id, agency, opened_at, closed_at,
        closed_because
    FROM tracker.supervision WHERE complaint_id = $1 ORDER BY position
"""
_HISTORY_OF = """
    SELECT at, kind, detail, cause FROM tracker.history WHERE complaint_id = $1 ORDER BY position
"""


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
        where, args = where_of(_CASE_FILTERS, filters)
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
            "supervisions": await self._db.fetch(_SUPERVISIONS_OF, complaint_id),
            "history": await self._db.fetch(_HISTORY_OF, complaint_id),
        }
        return {**dict(row), **{name: [dict(r) for r in rows] for name, rows in parts.items()}}

    async def orders(self, filters: Mapping[str, object], limit: int) -> list[Row]:
        """Find work orders, the soonest due first.

        Args:
            filters: Any of `state`, `still` (a state in which the clock stands still),
                `taken_back` (returned or recalled), `agency`, `district`, `category`,
                `is_open` and `is_asking` (take no value: `()`), `overdue_at` (an instant),
                and `after`, the due instant and id of the last order of the page before.
            limit: How many at the most.
        """
        where, args = where_of(_ORDER_FILTERS, filters)
        sql = f"{_ORDERS}{where}{_DUE_FIRST} LIMIT ${len(args) + 1}"
        return [dict(row) for row in await self._db.fetch(sql, *args, limit)]
