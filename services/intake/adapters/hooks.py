"""City systems' secrets and calls in PostgreSQL, sealed with the installation's endpoint key.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for each record; what a record is and
whose it is are the associated data, so that none opens in another's place.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.intake.adapters.sealing import Sealer
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: How long the old secret is good beside the new one.
ROTATION = timedelta(hours=24)

#: How long a call is kept once nothing more is to be done with it.
KEPT = timedelta(days=90)

_SECRETS = """
    SELECT secret, CASE WHEN previous_until > $2 THEN previous_secret END AS previous
    FROM intake.hook_source WHERE source = $1
"""
_SOURCES = """
    SELECT source, created_at, rotated_at, previous_until FROM intake.hook_source ORDER BY source
"""
_ADD_SOURCE = """
    INSERT INTO intake.hook_source (source, secret, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (source) DO NOTHING RETURNING source
"""
_ROTATE = """
    UPDATE intake.hook_source SET previous_secret = secret, previous_until = $3, secret = $2,
        rotated_at = $4
    WHERE source = $1 RETURNING source
"""
_REVOKE = "DELETE FROM intake.hook_source WHERE source = $1 RETURNING source"

_STORE = """
    INSERT INTO intake.hook_call (call_id, source, received_at, webhook_id, body_hash,
        content_type, sealed, state, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 'received', $3)
    ON CONFLICT (source, webhook_id) WHERE webhook_id IS NOT NULL DO NOTHING
    RETURNING call_id
"""
_COLUMNS = """
    call_id, source, received_at, webhook_id, content_type, state, reason, policy, attempts,
    changed_at
"""
_ONE = f"SELECT {_COLUMNS}, body_hash, sealed FROM intake.hook_call WHERE call_id = $1"
_KNOWN = """
    SELECT call_id, state, body_hash FROM intake.hook_call WHERE source = $1 AND webhook_id = $2
"""
_LIST = f"""
    SELECT {_COLUMNS} FROM intake.hook_call
    WHERE state = $1 AND ($2::text IS NULL OR source = $2)
      AND ($3::uuid IS NULL OR (received_at, call_id) >
          (SELECT received_at, call_id FROM intake.hook_call WHERE call_id = $3))
    ORDER BY received_at, call_id LIMIT $4
"""
_LEFT = """
    SELECT call_id FROM intake.hook_call
    WHERE state = 'received' AND received_at < $1 ORDER BY received_at, call_id LIMIT $2
"""
_MARK = """
    UPDATE intake.hook_call SET state = $2, reason = $3, policy = $4, changed_at = $5,
        attempts = attempts + 1
    WHERE call_id = $1 AND state IN ('received', 'parked', 'ignored')
"""
_DROP = """
    UPDATE intake.hook_call SET state = 'dropped', reason = $2, changed_at = $3
    WHERE call_id = $1 AND state = 'parked' RETURNING source
"""
_LINK = """
    INSERT INTO intake.hook_complaint (call_id, item, complaint_id)
    SELECT $1, item, complaint_id FROM unnest($2::int[], $3::uuid[]) AS r (item, complaint_id)
    ON CONFLICT (call_id, item) DO NOTHING
"""
_COMPLAINTS = """
    SELECT h.item, h.complaint_id, c.number FROM intake.hook_complaint h
    JOIN intake.complaint c USING (complaint_id) WHERE h.call_id = $1 ORDER BY h.item
"""
_PARKED = "SELECT count(*) FROM intake.hook_call WHERE state = 'parked'"
_FORGET = """
    DELETE FROM intake.hook_call WHERE call_id IN (
        SELECT call_id FROM intake.hook_call
        WHERE state IN ('taken', 'ignored', 'dropped') AND received_at < $1 LIMIT 1000)
"""


class Call(NamedTuple):
    """A genuine call on its way into storage."""

    call_id: UUID
    source: str
    webhook_id: str | None
    content_type: str
    body: bytes
    body_hash: bytes


class Known(NamedTuple):
    """A call that came before under the same id."""

    call_id: UUID
    state: str
    body_hash: bytes


async def find_secrets(db: Database, sealer: Sealer, source: str, now: datetime) -> tuple[str, ...]:
    """Give the secrets of a source that are good now, the newest first; none: it may not call."""
    row = await db.fetchrow(_SECRETS, source, now)
    if row is None:
        return ()
    found = filter(None, (row["secret"], row["previous"]))
    return tuple(sealer.open(f"source/{source}", sealed).decode() for sealed in found)


async def list_sources(db: Database) -> list[asyncpg.Record]:
    """List who may call."""
    return await db.fetch(_SOURCES)


async def add_source(tx: Tx, sealer: Sealer, source: str, secret: str) -> bool:
    """Let a source call; False if it may already."""
    sealed = sealer.seal(f"source/{source}", secret.encode())
    return await tx.conn.fetchval(_ADD_SOURCE, source, sealed, tx.now) is not None


async def rotate_source(tx: Tx, sealer: Sealer, source: str, secret: str) -> bool:
    """Give a source another secret; the old one is good for a day more."""
    sealed = sealer.seal(f"source/{source}", secret.encode())
    row = await tx.conn.fetchval(_ROTATE, source, sealed, tx.now + ROTATION, tx.now)
    return row is not None


async def revoke_source(tx: Tx, source: str) -> bool:
    """Let a source call no more, from now on."""
    return await tx.conn.fetchval(_REVOKE, source) is not None


async def store(db: Database, sealer: Sealer, call: Call) -> Known | None:
    """Make a call durable as it came; gives the earlier one if its id is known."""
    sealed = sealer.seal(f"call/{call.call_id}", call.body)
    async with db.transaction() as tx:
        stored = await tx.conn.fetchval(
            _STORE,
            call.call_id,
            call.source,
            tx.now,
            call.webhook_id,
            call.body_hash,
            call.content_type,
            sealed,
        )
        if stored is not None:
            return None
        # A new snapshot for each statement: it sees what the insert met.
        return Known(*await tx.conn.fetchrow(_KNOWN, call.source, call.webhook_id))


async def find_call(db: Database, call_id: UUID) -> asyncpg.Record | None:
    """Read a call with its sealed body."""
    return await db.fetchrow(_ONE, call_id)


def open_body(sealer: Sealer, row: asyncpg.Record) -> bytes | None:
    """Open a call's body; None once it was erased."""
    sealed = row["sealed"]
    return None if sealed is None else sealer.open(f"call/{row['call_id']}", sealed)


async def list_calls(
    db: Database, state: str, source: str | None, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """List calls in a state, the oldest first."""
    return await db.fetch(_LIST, state, source, after, limit)


async def left_behind(db: Database, before: datetime, limit: int) -> list[UUID]:
    """List calls that somebody stored and didn't finish."""
    return [row["call_id"] for row in await db.fetch(_LEFT, before, limit)]


async def mark(tx: Tx, call_id: UUID, state: str, reason: str | None, policy: str | None) -> None:
    """Say what became of a call."""
    await tx.conn.execute(_MARK, call_id, state, reason, policy, tx.now)


async def link(tx: Tx, call_id: UUID, complaints: Sequence[tuple[int, UUID]]) -> None:
    """Say which complaints became of a call."""
    if complaints:
        await tx.conn.execute(_LINK, call_id, *zip(*complaints, strict=True))


async def complaints_of(db: Database, call_id: UUID) -> list[asyncpg.Record]:
    """List the complaints that became of a call."""
    return await db.fetch(_COMPLAINTS, call_id)


async def drop(tx: Tx, call_id: UUID, reason: str) -> str | None:
    """Give up a parked call; gives its source, None if it isn't parked."""
    source: str | None = await tx.conn.fetchval(_DROP, call_id, reason, tx.now)
    return source


async def count_parked(db: Database) -> int:
    """Count the calls that wait for somebody."""
    count: int = await db.fetchval(_PARKED)
    return count


async def forget_calls(db: Database, now: datetime) -> None:
    """Delete calls that were settled long ago, a thousand at a time."""
    await db.execute(_FORGET, now - KEPT)
