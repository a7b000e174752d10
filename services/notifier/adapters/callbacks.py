"""Call-backs in SQL: those whose message is due, and those that operators are to call."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from services.notifier.decide import LEASE, Callback, CallbackState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: The columns are named like the fields.
_NAMES = tuple(field.name for field in fields(Callback))
_COLUMNS = ", ".join(_NAMES)

_OF_COMPLAINTS = f"SELECT {_COLUMNS} FROM callback WHERE complaint_id = ANY($1::uuid[])"
_TYPES = (
    *("uuid", "uuid", "uuid", "text", "text", "text", "text", "text", "timestamptz"),
    *("text", "int", "int", "int", "bool", "bool", "timestamptz", "uuid", "timestamptz"),
)
_STORE = f"""
    INSERT INTO callback ({_COLUMNS})
    SELECT * FROM unnest({", ".join(f"${at}::{kind}[]" for at, kind in enumerate(_TYPES, 1))})
    ON CONFLICT (complaint_id, callback_id) DO UPDATE SET
        state = excluded.state, attempts = excluded.attempts, place = excluded.place,
        extra = excluded.extra, is_aside = excluded.is_aside,
        is_number_wrong = excluded.is_number_wrong, open_until = excluded.open_until,
        claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until,
        leased_until = '-infinity'
"""
_CLAIM = f"""
    UPDATE callback c SET leased_until = $2 FROM (
        SELECT complaint_id AS of_complaint, callback_id AS of_callback FROM callback
        WHERE state = 'due' AND leased_until <= $1
        ORDER BY leased_until LIMIT $3 FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE c.complaint_id = of_complaint AND c.callback_id = of_callback
    RETURNING {_COLUMNS}
"""
_TOTALS = "SELECT state, count(*) FROM callback GROUP BY state"
_OPEN = f"""
    SELECT {_COLUMNS} FROM callback
    WHERE state = 'callable' AND lapses_at > $1 AND open_until > $1
      AND (claimed_until IS NULL OR claimed_until <= $1 OR claimed_by = $2)
    ORDER BY lapses_at, callback_id LIMIT $3
"""
_FIND = f"SELECT {_COLUMNS} FROM callback WHERE callback_id = $1"
_ADD_CALL = """
    INSERT INTO callback_call (complaint_id, callback_id, attempt, at, operator, outcome, note)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_CALLS = """
    SELECT callback_id, attempt, at, outcome, note FROM callback_call
    WHERE callback_id = ANY($1::uuid[]) ORDER BY attempt
"""


async def claim(tx: Tx, limit: int) -> list[Callback]:
    """Take call-backs whose message is due, under a lease."""
    return [read(row) for row in await tx.conn.fetch(_CLAIM, tx.now, tx.now + LEASE, limit)]


def read(row: asyncpg.Record) -> Callback:
    """Make a call-back of a row with the columns that are named like its fields."""
    return Callback(**(dict(row) | {"state": CallbackState(row["state"])}))


async def load(tx: Tx, keys: list[UUID]) -> list[Callback]:
    """Read the call-backs of complaints whose rows are locked."""
    return [read(row) for row in await tx.conn.fetch(_OF_COMPLAINTS, keys)]


async def store(tx: Tx, callbacks: Iterable[Callback]) -> None:
    """Write call-backs that changed; a message's lease ends with that."""
    rows = [tuple(getattr(callback, name) for name in _NAMES) for callback in callbacks]
    await tx.conn.execute(_STORE, *zip(*rows, strict=True))


async def totals(db: Database) -> dict[str, int]:
    """Count call-backs by state."""
    return {row["state"]: row["count"] for row in await db.fetch(_TOTALS)}


async def find(db: Database, callback_id: UUID) -> Callback | None:
    """Find one call-back, without a lock."""
    row = await db.fetchrow(_FIND, callback_id)
    return None if row is None else read(row)


async def open_calls(db: Database, operator: UUID, now: datetime, limit: int) -> list[Callback]:
    """List the calls that an operator may take on now, those that lapse first before others.

    Args:
        db: The notifier's.
        operator: Their own claims are in the list too.
        now: The instant of asking.
        limit: How many at the most.
    """
    return [read(row) for row in await db.fetch(_OPEN, now, operator, limit)]


async def add_call(
    tx: Tx, callback: Callback, *, operator: UUID, outcome: str, note: str | None
) -> None:
    """Write down a call that brought no answers."""
    await tx.conn.execute(
        _ADD_CALL,
        callback.complaint_id,
        callback.callback_id,
        callback.attempts,
        tx.now,
        operator,
        outcome,
        note,
    )


async def calls(db: Database, callback_ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Give the calls that were made before, by call-back."""
    made: dict[UUID, list[dict[str, Any]]] = {one: [] for one in callback_ids}
    for row in await db.fetch(_CALLS, callback_ids):
        said = dict(row) | {"at": row["at"].isoformat()}
        made[said.pop("callback_id")].append(said)
    return made
