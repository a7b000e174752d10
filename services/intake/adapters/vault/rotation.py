"""Replacing keys: which records each key opens, the same under another key, a key put away.

Every step can be cut off anywhere and done again, beside running services: a batch is one
transaction, and what is done already is not found again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidTag

from services.intake.adapters.vault.sealing import Envelope, UnknownKeyError

if TYPE_CHECKING:
    from uuid import UUID

    from services.intake.adapters.vault.sealing import Sealer
    from services.runtime.postgres import Database

BATCH = 500

_COUNTS = """
    SELECT coalesce(k.key_id, c.key_id) AS key_id, k.retired_at, coalesce(c.records, 0) AS records,
        coalesce(c.direct, 0) AS direct
    FROM identity.sealing_key k FULL JOIN (
        SELECT key_id, count(*) AS records, count(*) FILTER (WHERE wrapped IS NULL) AS direct
        FROM identity.contact GROUP BY key_id
    ) c ON c.key_id = k.key_id
    ORDER BY 1
"""
_OUTDATED = """
    SELECT complaint_id, reporter, key_id, wrapped, sealed FROM identity.contact
    WHERE key_id = $1 AND (key_id <> $2 OR wrapped IS NULL)
      AND ($3::uuid IS NULL OR complaint_id > $3)
    ORDER BY complaint_id LIMIT $4 FOR UPDATE
"""
_REWRAP = """
    UPDATE identity.contact c SET key_id = $1, wrapped = r.wrapped, sealed = r.sealed
    FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) AS r (complaint_id, wrapped, sealed)
    WHERE c.complaint_id = r.complaint_id
"""
_REGISTER = """
    INSERT INTO identity.sealing_key (key_id) VALUES ($1) ON CONFLICT (key_id) DO NOTHING
"""
_USABLE = """
    SELECT true FROM identity.sealing_key WHERE key_id = $1 AND retired_at IS NULL FOR SHARE
"""
#: Waits for whoever stores records just now; from then on this key seals nothing.
_RETIRE = """
    UPDATE identity.sealing_key SET retired_at = coalesce(retired_at, now()) WHERE key_id = $1
"""
_IN_USE = "SELECT count(*) FROM identity.contact WHERE key_id = $1"


class KeyUse(NamedTuple):
    """A key and what it opens."""

    key_id: str
    is_retired: bool
    records: int
    direct: int  #: Of these, records of the oldest format, without a key of their own.

    def outdated(self, current: str) -> int:
        """Say how many of its records wait for the current key."""
        return self.direct if self.key_id == current else self.records


class Batch(NamedTuple):
    """What came of one batch."""

    done: int
    failed: tuple[UUID, ...]  #: Records that don't open; they stay as they are.
    last: UUID | None  #: The last one looked at; None at the end.


class RetiredKeyError(Exception):
    """A retired key must not seal again."""


class KeyInUseError(Exception):
    """A key can't be retired while it opens records."""

    def __init__(self, records: int) -> None:
        """Say how many."""
        super().__init__(records)
        self.records = records


async def key_uses(db: Database) -> list[KeyUse]:
    """Count what each key opens, keys that open nothing any more included."""
    return [
        KeyUse(row["key_id"], row["retired_at"] is not None, row["records"], row["direct"])
        for row in await db.fetch(_COUNTS)
    ]


async def rewrap(db: Database, sealer: Sealer, key_id: str, after: UUID | None) -> Batch:
    """Bring one batch of a key's records under the current key.

    Args:
        db: Intake's.
        sealer: Has both keys.
        key_id: Whose records.
        after: The last one of the batch before.

    Raises:
        RetiredKeyError: The current key is retired.
    """
    async with db.transaction() as tx:
        current = sealer.keys.current
        await tx.conn.execute(_REGISTER, current)
        if not await tx.conn.fetchval(_USABLE, current):
            raise RetiredKeyError(current)
        rows = await tx.conn.fetch(_OUTDATED, key_id, current, after, BATCH)
        renewed, failed = list[tuple["UUID", bytes | None, bytes]](), list["UUID"]()
        for complaint_id, reporter, *columns in rows:
            try:
                envelope = sealer.rewrap(complaint_id, reporter, Envelope(*columns))
            except (UnknownKeyError, InvalidTag):
                failed.append(complaint_id)
            else:
                renewed.append((complaint_id, envelope.wrapped, envelope.sealed))
        if renewed:
            await tx.conn.execute(_REWRAP, current, *zip(*renewed, strict=True))
    last = rows[-1]["complaint_id"] if rows else None
    return Batch(len(renewed), tuple(failed), last)


async def retire(db: Database, key_id: str) -> None:
    """Let a key never seal again, so that it may be destroyed.

    Raises:
        KeyInUseError: It opens records still; nothing was changed.
    """
    async with db.transaction() as tx:
        await tx.conn.execute(_REGISTER, key_id)
        await tx.conn.execute(_RETIRE, key_id)
        records = await tx.conn.fetchval(_IN_USE, key_id)
        if records:
            raise KeyInUseError(records)
