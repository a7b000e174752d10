"""E-mail to operators that is still to go out, in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.events import HookDisabled
    from services.runtime.transaction import Tx

_RAISE = """
    INSERT INTO alarm (alarm_id, endpoint_id, agency, reason, raised_at, due_at)
    VALUES ($1, $2, $3, $4, $5, $5)
"""
_CLAIM = """
    UPDATE alarm a SET due_at = $2 FROM (
        SELECT alarm_id FROM alarm WHERE due_at <= $1
        ORDER BY due_at LIMIT 20 FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE a.alarm_id = due.alarm_id
    RETURNING a.alarm_id, a.endpoint_id, a.agency, a.reason, a.raised_at
"""
_DONE = "DELETE FROM alarm WHERE alarm_id = ANY($1::uuid[])"


async def keep(tx: Tx, alarm_id: UUID, fact: HookDisabled) -> None:
    """Write down what operators are to be told."""
    await tx.conn.execute(_RAISE, alarm_id, fact.endpoint_id, fact.agency, fact.reason, tx.now)


async def claim(tx: Tx, until: datetime) -> list[asyncpg.Record]:
    """Take what is due; what isn't `done` by then is due again."""
    rows: list[asyncpg.Record] = await tx.conn.fetch(_CLAIM, tx.now, until)
    return rows


async def done(tx: Tx, alarm_ids: Iterable[UUID]) -> None:
    """Forget what has gone out."""
    await tx.conn.execute(_DONE, list(alarm_ids))
