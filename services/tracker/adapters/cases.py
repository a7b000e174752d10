"""Loading and storing cases, a batch at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from services.events import Matter, Satisfaction, TimelineStep
from services.tracker.adapters.columns import (
    CALLBACKS,
    CASES,
    HISTORY,
    ORDERS,
    CallbackRow,
    NoteRow,
    OrderRow,
)
from services.tracker.decide.case import (
    Callback,
    CallbackState,
    Case,
    CaseState,
    Clock,
    Order,
    OrderState,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from services.runtime.step import Change
    from services.runtime.transaction import Tx

_LOCK = "SELECT * FROM tracker.case WHERE complaint_id = ANY($1::uuid[]) ORDER BY complaint_id"
_LOCK_CASES = f"{_LOCK} FOR UPDATE"
_LOCK_FREE_CASES = f"{_LOCK} FOR UPDATE SKIP LOCKED"
# Read after the locks are held, so that they show what the last holder committed.
_ORDERS = """
    SELECT * FROM tracker.work_order WHERE complaint_id = ANY($1::uuid[])
    ORDER BY complaint_id, position
"""
_CALLBACKS = """
    SELECT * FROM tracker.callback WHERE complaint_id = ANY($1::uuid[])
    ORDER BY complaint_id, round
"""
_STORE_CASES = CASES.upsert()
_STORE_ORDERS = ORDERS.upsert()
_STORE_CALLBACKS = CALLBACKS.upsert()
_STORE_HISTORY = HISTORY.upsert()


class CaseTables:
    """The cases of schema `tracker`."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Case]:
        """Read and lock cases with their orders and call-backs.

        Two statements; a third where the batch has a case that was resolved before.
        """
        sql = _LOCK_FREE_CASES if skip_locked else _LOCK_CASES
        rows = await tx.conn.fetch(sql, sorted(keys))
        if not rows:
            return {}
        orders: dict[UUID, list[Order]] = defaultdict(list)
        for row in await tx.conn.fetch(_ORDERS, [row["complaint_id"] for row in rows]):
            orders[row["complaint_id"]].append(_order(row))
        callbacks: dict[UUID, list[Callback]] = defaultdict(list)
        if asked := [row["complaint_id"] for row in rows if _was_resolved(row)]:
            for row in await tx.conn.fetch(_CALLBACKS, asked):
                callbacks[row["complaint_id"]].append(_callback(row))
        return {
            key: _case(row, tuple(orders[key]), tuple(callbacks[key]))
            for row in rows
            for key in (row["complaint_id"],)
        }

    async def store(self, tx: Tx, changes: Sequence[Change[Case]]) -> None:
        """Write what changed: at most one statement for each table."""
        cases = [change.after for change in changes]
        if cases:
            await tx.conn.execute(_STORE_CASES, *CASES.arrays(cases))
        if orders := [row for change in changes for row in _changed_orders(change)]:
            await tx.conn.execute(_STORE_ORDERS, *ORDERS.arrays(orders))
        if callbacks := [row for change in changes for row in _changed_callbacks(change)]:
            await tx.conn.execute(_STORE_CALLBACKS, *CALLBACKS.arrays(callbacks))
        if notes := [row for case in cases for row in _new_notes(case)]:
            await tx.conn.execute(_STORE_HISTORY, *HISTORY.arrays(notes))


def _changed_orders(change: Change[Case]) -> list[OrderRow]:
    before = {o.order_id: o for o in change.before.orders} if change.before else {}
    return [
        OrderRow(change.after, position, order)
        for position, order in enumerate(change.after.orders, 1)
        # Most orders are the very same object, which spares comparing their fields.
        if order is not (held := before.get(order.order_id)) and order != held
    ]


def _changed_callbacks(change: Change[Case]) -> list[CallbackRow]:
    before = change.before.callbacks if change.before else ()
    return [
        CallbackRow(change.after, callback)
        for callback in change.after.callbacks
        if callback not in before
    ]


def _new_notes(case: Case) -> list[NoteRow]:
    first = case.history_length - len(case.notes) + 1
    return [NoteRow(case, position, note) for position, note in enumerate(case.notes, first)]


def _was_resolved(row: asyncpg.Record) -> bool:
    """Tell whether a case can have call-backs: only a resolved round has one."""
    return row["round"] > 1 or row["state"] in (CaseState.RESOLVED, CaseState.CLOSED)


def _case(row: asyncpg.Record, orders: tuple[Order, ...], callbacks: tuple[Callback, ...]) -> Case:
    return Case(
        complaint_id=row["complaint_id"],
        state=CaseState(row["state"]),
        outcome=row["outcome"],
        matter=Matter.model_validate(row["matter"]),
        policy=row["policy"],
        opened_at=row["opened_at"],
        attempt=row["attempt"],
        round=row["round"],
        level=row["level"],
        urges=row["urges"],
        lead=row["lead"],
        scored=row["scored"],
        standard=row["standard"],
        copies=tuple(row["copies"]),
        excluded=tuple(row["excluded"]),
        held_because=row["held_because"],
        closed_as=row["closed_as"],
        closed_at=row["closed_at"],
        orders=orders,
        callbacks=callbacks,
        history_length=row["history_length"],
    )


def _order(row: asyncpg.Record) -> Order:
    clock = Clock(
        sign_due_at=row["sign_due_at"],
        at_risk_at=row["at_risk_at"],
        due_at=row["due_at"],
        is_provisional=row["is_provisional"],
        timeline=tuple(TimelineStep.model_validate(step) for step in row["timeline"]),
    )
    return Order(
        order_id=row["order_id"],
        agency=row["agency"],
        role=row["role"],
        round=row["round"],
        attempt=row["attempt"],
        standard=row["standard"],
        scored=row["scored"],
        state=OrderState(row["state"]),
        clock=clock,
        dispatched_at=row["dispatched_at"],
        tenure=row["tenure"],
        signed_at=row["signed_at"],
        ended_at=row["ended_at"],
        answer=row["answer"],
        is_on_time=row["is_on_time"],
        sign_breached_at=row["sign_breached_at"],
        warned_at=row["warned_at"],
        breached_at=row["breached_at"],
    )


def _callback(row: asyncpg.Record) -> Callback:
    satisfaction = row["satisfaction"]
    return Callback(
        callback_id=row["callback_id"],
        order_id=row["order_id"],
        round=row["round"],
        agency=row["agency"],
        scored=row["scored"],
        answer=row["answer"],
        state=CallbackState(row["state"]),
        resolved_at=row["resolved_at"],
        lapses_at=row["lapses_at"],
        asked_at=row["asked_at"],
        ended_at=row["ended_at"],
        answered_by=row["answered_by"],
        is_contacted=row["is_contacted"],
        is_solved=row["is_solved"],
        satisfaction=Satisfaction(satisfaction) if satisfaction else None,
        lapse_reason=row["lapse_reason"],
    )
