"""The public view in PostgreSQL: loaded and stored for a whole batch at once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from services.intake.adapters import requests
from services.intake.decide.view import Callback, Status, View, WorkOrder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.runtime.postgres import Database
    from services.runtime.step import Change
    from services.runtime.transaction import Tx

#: The complaint's own row is the lock, because the view's may not exist yet. Read only after
#: the lock is held: a statement that waits for a lock goes on with the snapshot it began with.
_LOCK = """
    SELECT complaint_id FROM intake.complaint
    WHERE complaint_id = ANY($1::uuid[]) ORDER BY complaint_id FOR UPDATE
"""
_LOAD = """
    SELECT complaint_id, status, expected_at, withdrawn_at, closed_at FROM intake.view
    WHERE complaint_id = ANY($1::uuid[])
"""
_LOAD_ORDERS = """
    SELECT complaint_id, order_id, agency, is_returned FROM intake.work_order
    WHERE complaint_id = ANY($1::uuid[])
"""
_LOAD_CALLBACKS = """
    SELECT complaint_id, callback_id, lapses_at, order_id, agency, number, answer, reporter,
        language, answered_at, closed_at
    FROM intake.callback WHERE complaint_id = ANY($1::uuid[])
"""
_STORE = """
    INSERT INTO intake.view AS v
        (complaint_id, status, expected_at, withdrawn_at, closed_at, timeline)
    SELECT complaint_id, status, expected_at, withdrawn_at, closed_at, fresh::jsonb
    FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
        $6::text[]) AS r (complaint_id, status, expected_at, withdrawn_at, closed_at, fresh)
    ON CONFLICT (complaint_id) DO UPDATE SET status = excluded.status,
        expected_at = excluded.expected_at, withdrawn_at = excluded.withdrawn_at,
        closed_at = excluded.closed_at, timeline = v.timeline || excluded.timeline
"""
_STORE_ORDERS = """
    INSERT INTO intake.work_order (complaint_id, order_id, agency, is_returned)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[])
    ON CONFLICT (order_id) DO UPDATE SET is_returned = excluded.is_returned
"""
_STORE_CALLBACKS = """
    INSERT INTO intake.callback (complaint_id, callback_id, lapses_at, order_id, agency, number,
        answer, reporter, language, answered_at, closed_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[],
        $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[])
    ON CONFLICT (callback_id) DO UPDATE SET lapses_at = excluded.lapses_at,
        order_id = excluded.order_id, agency = excluded.agency, number = excluded.number,
        answer = excluded.answer, reporter = excluded.reporter, language = excluded.language,
        answered_at = excluded.answered_at, closed_at = excluded.closed_at
"""
_PUBLIC = """
    SELECT c.complaint_id, c.number, c.accepted_at, v.status, v.expected_at, v.timeline
    FROM intake.complaint c LEFT JOIN intake.view v USING (complaint_id)
    WHERE c.complaint_id = $1
"""
_ORDER = (
    "SELECT order_id, complaint_id, agency, is_returned FROM intake.work_order WHERE order_id = $1"
)
_HOLDS = """
    SELECT EXISTS (SELECT FROM intake.work_order
        WHERE complaint_id = $1 AND agency = $2 AND NOT is_returned)
"""
_CALLBACK = """
    SELECT c.complaint_id, k.number, k.answer, k.agency, k.answered_at, k.closed_at, k.lapses_at
    FROM intake.callback k JOIN intake.complaint c USING (complaint_id) WHERE callback_id = $1
"""
_OPEN_CALLBACKS = """
    SELECT callback_id, complaint_id, order_id, agency, number, answer, reporter, language,
        lapses_at
    FROM intake.callback
    WHERE answered_at IS NULL AND closed_at IS NULL AND lapses_at > $1 AND order_id IS NOT NULL
      AND ($2::uuid IS NULL OR (lapses_at, callback_id) >
          (SELECT lapses_at, callback_id FROM intake.callback WHERE callback_id = $2))
    ORDER BY lapses_at, callback_id LIMIT $3
"""


class ViewStage:
    """Loads and stores views; the `Stage` of intake's commands and its consumer."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, View]:
        """Read and lock; a complaint that was taken in always has a view."""
        rows = await tx.conn.fetch(_LOCK + (" SKIP LOCKED" if skip_locked else ""), keys)
        found = [row["complaint_id"] for row in rows]
        if not found:
            return {}
        orders: dict[UUID, dict[UUID, WorkOrder]] = defaultdict(dict)
        for key, *columns in await tx.conn.fetch(_LOAD_ORDERS, found):
            orders[key][columns[0]] = WorkOrder(*columns)
        callbacks: dict[UUID, dict[UUID, Callback]] = defaultdict(dict)
        for key, *columns in await tx.conn.fetch(_LOAD_CALLBACKS, found):
            callbacks[key][columns[0]] = Callback(*columns)
        views = {
            key: View(Status(status), *instants)
            for key, status, *instants in await tx.conn.fetch(_LOAD, found)
        }
        return {
            key: replace(
                views.get(key, View()), orders=orders.get(key, {}), callbacks=callbacks.get(key, {})
            )
            for key in found
        }

    async def store(self, tx: Tx, changes: Sequence[Change[View]]) -> None:
        """Write what changed: four statements at the most for a whole batch."""
        await _store(tx, _STORE, [_view_row(change.key, change.after) for change in changes])
        orders = [
            (change.key, order.order_id, order.agency, order.is_returned)
            for change in changes
            for order in _changed(change, "orders")
        ]
        await _store(tx, _STORE_ORDERS, orders)
        callbacks = [
            (change.key, *(getattr(callback, column) for column in Callback.__slots__))
            for change in changes
            for callback in _changed(change, "callbacks")
        ]
        await _store(tx, _STORE_CALLBACKS, callbacks)
        await requests.keep_up(tx, [_public_row(change.key, change.after) for change in changes])


async def _store(tx: Tx, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        await tx.conn.execute(sql, *zip(*rows, strict=True))


def _view_row(key: UUID, view: View) -> tuple[Any, ...]:
    timeline = [
        {"at": moment.at.isoformat(), "what": moment.what}
        | ({"agency": moment.agency} if moment.agency else {})
        | ({"reply": moment.reply} if moment.reply else {})
        for moment in view.fresh
    ]
    # As text: asyncpg would take a list inside an array for another dimension of it.
    written = orjson.dumps(timeline).decode()
    return (
        key,
        view.status.value,
        view.expected_at,
        view.withdrawn_at,
        view.closed_at,
        written,
    )


def _public_row(key: UUID, view: View) -> tuple[UUID, datetime | None, datetime | None]:
    latest = max((moment.at for moment in view.fresh), default=None)
    return key, latest, view.closed_at or view.withdrawn_at


def _changed(change: Change[View], attribute: str) -> list[Any]:
    after: Mapping[UUID, Any] = getattr(change.after, attribute)
    before: Mapping[UUID, Any] = getattr(change.before, attribute) if change.before else {}
    if after is before:
        return []
    return [item for key, item in after.items() if before.get(key) != item]


class PublicStatus(NamedTuple):
    """What anybody who knows a complaint's id may see."""

    complaint_id: UUID
    number: str
    accepted_at: datetime
    status: Status
    expected_at: datetime | None
    timeline: list[dict[str, str]]


async def public_status(db: Database, complaint_id: UUID) -> PublicStatus | None:
    """Read the public view of a complaint."""
    row = await db.fetchrow(_PUBLIC, complaint_id)
    if row is None:
        return None
    return PublicStatus(
        row["complaint_id"],
        row["number"],
        row["accepted_at"],
        Status(row["status"] or Status.RECEIVED),
        row["expected_at"],
        row["timeline"] or [],
    )


async def order_of(tx: Tx, order_id: UUID) -> asyncpg.Record | None:
    """Read which agency has an order, and on which complaint."""
    row: asyncpg.Record | None = await tx.conn.fetchrow(_ORDER, order_id)
    return row


async def holds_order(tx: Tx, complaint_id: UUID, agency: str) -> bool:
    """Tell whether an agency has an order on a complaint that it hasn't returned."""
    holds: bool = await tx.conn.fetchval(_HOLDS, complaint_id, agency)
    return holds


async def find_callback(db: Database, callback_id: UUID) -> asyncpg.Record | None:
    """Read a question to a citizen."""
    return await db.fetchrow(_CALLBACK, callback_id)


async def open_callbacks(
    db: Database, now: datetime, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """List the questions that wait for an answer, those that lapse first before others."""
    return await db.fetch(_OPEN_CALLBACKS, now, after, limit)
