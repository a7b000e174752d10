"""Requests that are kept and not yet read, in PostgreSQL; sealed, because they say who speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from services.intake.adapters.complaints import KeyRow, RacedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: The complaint's own row gives it its id, number and names; what it says comes with reading.
_PUT = """
    WITH kept AS (
        SELECT *, coalesce($9::timestamptz, now()) AS at
        FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bytea[], $5::text[],
            $6::text[], $7::boolean[], $8::bytea[]) AS r (complaint_id, number, received_at,
            body_hash, origin, external_id, is_bulk, sealed)
    ), stored AS (
        INSERT INTO intake.complaint (complaint_id, number, accepted_at, received_at, body_hash,
            origin, external_id, fingerprint)
        SELECT complaint_id, number, at, received_at, body_hash, origin, external_id, ''
        FROM kept
    ), named AS (
        INSERT INTO intake.idempotency_key (scope, key, body_hash, answer_id, created_at)
        SELECT scope, key, body_hash, answer_id, coalesce($9, now())
        FROM unnest($10::text[], $11::text[], $12::bytea[], $13::uuid[])
            AS n (scope, key, body_hash, answer_id)
    )
    INSERT INTO intake.unread (complaint_id, is_bulk, due_at, sealed)
    SELECT complaint_id, is_bulk, at, sealed FROM kept
"""
_TAKEN = frozenset({"complaint_external", "idempotency_key_pkey"})
#: People before files, then as they came; what another instance reads is left to it.
_CLAIM = """
    SELECT u.complaint_id, u.is_bulk, u.sealed, c.number, c.body_hash
    FROM intake.unread u JOIN intake.complaint c USING (complaint_id)
    WHERE u.due_at <= $1 ORDER BY u.is_bulk, u.complaint_id LIMIT $2 FOR UPDATE OF u SKIP LOCKED
"""
#: Waits for whoever reads it now; then it is gone.
_CLAIM_ONE = """
    SELECT u.complaint_id, u.is_bulk, u.sealed, c.number, c.body_hash
    FROM intake.unread u JOIN intake.complaint c USING (complaint_id)
    WHERE u.complaint_id = $1 FOR UPDATE OF u
"""
_DONE = "DELETE FROM intake.unread WHERE complaint_id = ANY($1::uuid[])"
_POSTPONE = """
    UPDATE intake.unread SET attempts = attempts + 1,
        due_at = $2::timestamptz + least(attempts + 1, 60) * interval '1 minute'
    WHERE complaint_id = $1
"""
_IS_WAITING = "SELECT EXISTS (SELECT FROM intake.unread WHERE complaint_id = $1)"
_COUNT = """
    SELECT count(*) FILTER (WHERE NOT is_bulk), count(*) FROM intake.unread
"""


class Unread(NamedTuple):
    """A request that waits to be read."""

    complaint_id: UUID
    is_bulk: bool
    sealed: bytes
    number: str
    body_hash: bytes


class Letter(NamedTuple):
    """A request as it is kept."""

    complaint_id: UUID
    number: str
    received_at: datetime
    body_hash: bytes
    origin: str | None
    external_id: str | None
    is_bulk: bool
    sealed: bytes


async def put(
    conn: asyncpg.Connection | Database,
    letters: Sequence[Letter],
    names: Sequence[KeyRow] = (),
    at: datetime | None = None,
) -> None:
    """Keep requests and let Idempotency-Keys lead to them, all or none.

    Args:
        conn: The connection of a transaction, or a database for this statement alone.
        letters: The requests.
        names: The keys.
        at: When; None for the database's `now()`.

    Raises:
        RacedError: A pair or a key stands for something already.
    """
    # One order of pairs and keys for all instances: no deadlock.
    ordered = sorted(letters, key=lambda one: (one.origin or "", one.external_id or ""))
    keys = zip(*sorted(names), strict=True) if names else ([],) * len(KeyRow._fields)
    try:
        await conn.execute(_PUT, *zip(*ordered, strict=True), at, *keys)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name in _TAKEN:
            raise RacedError from error
        raise


async def claim(tx: Tx, limit: int) -> list[Unread]:
    """Take what is to be read next, until the transaction ends."""
    return [Unread(*row) for row in await tx.conn.fetch(_CLAIM, tx.now, limit)]


async def claim_one(tx: Tx, complaint_id: UUID) -> list[Unread]:
    """Take a certain one, if it is still unread."""
    return [Unread(*row) for row in await tx.conn.fetch(_CLAIM_ONE, complaint_id)]


async def done(tx: Tx, complaint_ids: Sequence[UUID]) -> None:
    """Forget requests that have been read, in the transaction that tells them."""
    await tx.conn.execute(_DONE, complaint_ids)


async def postpone(db: Database, complaint_id: UUID, now: datetime) -> None:
    """Try one again later that couldn't be read, after a minute, then two, an hour at the most."""
    await db.execute(_POSTPONE, complaint_id, now)


async def is_waiting(db: Database, complaint_id: UUID) -> bool:
    """Tell whether a request is still unread."""
    found: bool = await db.fetchval(_IS_WAITING, complaint_id)
    return found


async def count(db: Database) -> tuple[int, int]:
    """Count what waits: of people, and all. Bounded, because files are refused beyond a number."""
    row = await db.fetchrow(_COUNT)
    assert row is not None  # noqa: S101 - a count is always answered
    return row[0], row[1]
