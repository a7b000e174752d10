"""Call-backs that are due, in SQL. Their state is stored by `watches`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifier.decide import LEASE, Callback, CallbackState

if TYPE_CHECKING:
    import asyncpg

    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

_CLAIM = """
    UPDATE callback c SET leased_until = $2 FROM (
        SELECT complaint_id, callback_id FROM callback
        WHERE state = 'due' AND leased_until <= $1
        ORDER BY leased_until LIMIT $3 FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE c.complaint_id = due.complaint_id AND c.callback_id = due.callback_id
    RETURNING c.complaint_id, c.callback_id, c.cause_id, c.number, c.agency, c.answer, c.reporter,
              c.language, c.lapses_at, c.state, c.attempts
"""
_TOTALS = "SELECT state, count(*) FROM callback GROUP BY state"


async def claim(tx: Tx, limit: int) -> list[Callback]:
    """Take call-backs whose attempt is due, under a lease."""
    return [read(row) for row in await tx.conn.fetch(_CLAIM, tx.now, tx.now + LEASE, limit)]


def read(row: asyncpg.Record) -> Callback:
    """Make a call-back of a row with the columns that are named like its fields."""
    return Callback(**(dict(row) | {"state": CallbackState(row["state"])}))


async def totals(db: Database) -> dict[str, int]:
    """Count call-backs by state."""
    return {row["state"]: row["count"] for row in await db.fetch(_TOTALS)}
