"""Loading and storing cases, a batch at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from uuid import UUID

from services.tracker.adapters.columns import (
    CALLBACKS,
    CASES,
    HISTORY,
    ORDERS,
    SUPERVISIONS,
    CallbackRow,
    NoteRow,
    OrderRow,
    SupervisionRow,
)
from services.tracker.adapters.rows import a_callback, a_case, a_followed, a_supervision, an_order
from services.tracker.decide.case import Callback, Case, CaseState, Followed, Order, Supervision

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from services.runtime.step import Change
    from services.runtime.transaction import Tx

_LOCK = "SELECT * FROM tracker.case WHERE complaint_id = ANY($1::uuid[]) ORDER BY complaint_id"
_LOCK_CASES = f"{_LOCK} FOR UPDATE"
_LOCK_FREE_CASES = f"{_LOCK} FOR UPDATE SKIP LOCKED"
_OTHERS = """
    SELECT * FROM tracker.case
    WHERE state = 'handling' AND policy <> $1 AND complaint_id > $2
    ORDER BY complaint_id LIMIT $3
"""
_NIL = UUID(int=0)
# Read after the locks are held, so that they show what the last holder committed.
_ORDERS = """
    SELECT * FROM tracker.work_order WHERE complaint_id = ANY($1::uuid[])
    ORDER BY complaint_id, position
"""
_CALLBACKS = """
    SELECT * FROM tracker.callback WHERE complaint_id = ANY($1::uuid[])
    ORDER BY complaint_id, round
"""
_SUPERVISIONS = """
    SELECT * FROM tracker.supervision WHERE complaint_id = ANY($1::uuid[])
    ORDER BY complaint_id, position
"""
# Where those stand that merged cases follow. They aren't locked: whatever changes one of them
# afterwards tells its followers again. `UNION` makes going round in a circle end.
_FOLLOWED = """
    WITH RECURSIVE chain AS (
        SELECT complaint_id AS follower, merged_into AS followed
        FROM tracker.case WHERE complaint_id = ANY($1::uuid[])
        UNION
        SELECT chain.follower, c.merged_into
        FROM chain JOIN tracker.case c ON c.complaint_id = chain.followed
        WHERE c.state = 'merged'
    )
    SELECT f.complaint_id AS follower, t.state, t.lead, t.scored AS lead_scored, t.standard,
        EXISTS (SELECT FROM chain
            WHERE follower = f.complaint_id AND followed = f.complaint_id) AS is_circle,
        b.order_id, b.agency, b.scored, b.answer, b.cause
    FROM tracker.case f
        LEFT JOIN tracker.case t ON t.complaint_id = f.merged_into
        LEFT JOIN tracker.callback b ON b.complaint_id = t.complaint_id AND b.round = t.round
    WHERE f.complaint_id = ANY($1::uuid[])
"""


class CaseTables:
    """The cases of schema `tracker`."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Case]:
        """Read and lock cases with their orders, call-backs and supervisions.

        Two statements, and one more for each of these that the batch has: a case that was
        resolved before, one that somebody above has seen to, one that is merged.
        """
        sql = _LOCK_FREE_CASES if skip_locked else _LOCK_CASES
        return await _gather(tx.conn, await tx.conn.fetch(sql, sorted(keys)))

    async def by_other_bundles(
        self, tx: Tx, policy_hash: str, after: UUID | None, limit: int
    ) -> list[Case]:
        """Read cases that are being handled under any other bundle, without locking them.

        Args:
            tx: Any; nothing is written.
            policy_hash: Of the bundle they aren't under.
            after: The last case of the page before.
            limit: How many at the most.
        """
        rows = await tx.conn.fetch(_OTHERS, policy_hash, after or _NIL, limit)
        return list((await _gather(tx.conn, rows)).values())

    async def store(self, tx: Tx, changes: Sequence[Change[Case]]) -> None:
        """Write what changed: for each table one statement for what is new, one for the rest."""
        await CASES.store(tx.conn, [(change.before, change.after) for change in changes])
        await ORDERS.store(tx.conn, [pair for change in changes for pair in _orders(change)])
        if callbacks := [row for change in changes for row in _changed_callbacks(change)]:
            await CALLBACKS.insert(tx.conn, callbacks)
        if supervisions := [row for change in changes for row in _changed_supervisions(change)]:
            await SUPERVISIONS.insert(tx.conn, supervisions)
        if notes := [row for change in changes for row in _new_notes(change.after)]:
            await HISTORY.insert(tx.conn, notes)


async def _gather(conn: asyncpg.Connection, rows: Sequence[asyncpg.Record]) -> dict[UUID, Case]:
    """Read what belongs to some rows of cases."""
    if not rows:
        return {}
    orders: dict[UUID, list[Order]] = defaultdict(list)
    for row in await conn.fetch(_ORDERS, [row["complaint_id"] for row in rows]):
        orders[row["complaint_id"]].append(an_order(row))
    callbacks: dict[UUID, list[Callback]] = defaultdict(list)
    if asked := [row["complaint_id"] for row in rows if _was_resolved(row)]:
        for row in await conn.fetch(_CALLBACKS, asked):
            callbacks[row["complaint_id"]].append(a_callback(row))
    supervisions: dict[UUID, list[Supervision]] = defaultdict(list)
    if supervised := [row["complaint_id"] for row in rows if row["supervisions"]]:
        for row in await conn.fetch(_SUPERVISIONS, supervised):
            supervisions[row["complaint_id"]].append(a_supervision(row))
    followed: dict[UUID, Followed] = {}
    if merged := [row["complaint_id"] for row in rows if row["state"] == CaseState.MERGED]:
        found = await conn.fetch(_FOLLOWED, merged)
        followed = {row["follower"]: a_followed(row) for row in found}
    return {
        key: a_case(
            row,
            tuple(orders[key]),
            tuple(callbacks[key]),
            tuple(supervisions[key]),
            followed.get(key),
        )
        for row in rows
        for key in (row["complaint_id"],)
    }


def _orders(change: Change[Case]) -> list[tuple[OrderRow | None, OrderRow]]:
    """Give each order that changed as it was, if it was, and as it is."""
    before = {o.order_id: o for o in change.before.orders} if change.before else {}
    return [
        (OrderRow(change.after, position, held) if held else None, row)
        for position, order in enumerate(change.after.orders, 1)
        if order is not (held := before.get(order.order_id))
        for row in (OrderRow(change.after, position, order),)
    ]


def _changed_callbacks(change: Change[Case]) -> list[CallbackRow]:
    before = change.before.callbacks if change.before else ()
    return [
        CallbackRow(change.after, callback)
        for callback in change.after.callbacks
        if callback not in before
    ]


def _changed_supervisions(change: Change[Case]) -> list[SupervisionRow]:
    before = change.before.supervisions if change.before else ()
    return [
        SupervisionRow(change.after, position, supervision)
        for position, supervision in enumerate(change.after.supervisions, 1)
        if supervision not in before
    ]


def _new_notes(case: Case) -> list[NoteRow]:
    first = case.history_length - len(case.notes) + 1
    return [NoteRow(case, position, note) for position, note in enumerate(case.notes, first)]


def _was_resolved(row: asyncpg.Record) -> bool:
    """Tell whether a case can have call-backs: only a resolved round has one."""
    return row["round"] > 1 or row["state"] in (CaseState.RESOLVED, CaseState.CLOSED)
