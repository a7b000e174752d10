"""Who looked, when, at what and why: a table that only grows, chained by keyed hashes.

Each row's hash covers the row and the hash before it (HMAC-SHA256, RFC 2104), so a change in the
middle shows. The key is derived (HKDF, RFC 5869) from the installation's token key: whoever can
write to the database but has no secrets file can't make a chain up. Not from a vault key, because
those are replaced and the chain must be checked for ever. Whoever cuts off the end and sets the
head back makes a shorter chain that is right: against that, keep a head elsewhere from time to
time and check against it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import orjson
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.runtime.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg

    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: How a look at the vault ended.
Outcome = Literal["shown", "refused", "nothing", "erased"]

#: What the first row's hash covers in place of one before it.
GENESIS = bytes(32)

ROW = (
    "position, access_id, accessed_at, key_id, role, agency, reporter, complaint_id, purpose,"
    " outcome, hash"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCK = "SELECT position, hash FROM identity.access_head FOR UPDATE"
_UNCHAINED = f"SELECT {ROW} FROM identity.access ORDER BY position"
_CHAIN = """
    UPDATE identity.access a SET hash = c.hash
    FROM unnest($1::bigint[], $2::bytea[]) AS c (position, hash) WHERE a.position = c.position
"""
_ADD = """
    INSERT INTO identity.access (position, access_id, accessed_at, key_id, role, agency, reporter,
        complaint_id, purpose, outcome, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_MOVE = "UPDATE identity.access_head SET position = $1, hash = $2"
_LOOKS = """
    SELECT accessed_at FROM identity.access
    WHERE key_id = $1 AND accessed_at > $2 AND outcome IN ('shown', 'nothing')
    ORDER BY accessed_at DESC OFFSET $3 LIMIT 1
"""
_LAST = """
    SELECT outcome FROM identity.access
    WHERE key_id = $1 ORDER BY accessed_at DESC, position DESC LIMIT 1
"""
_LIST = """
    SELECT position, accessed_at, key_id, role, agency, complaint_id, purpose, outcome
    FROM identity.access
    WHERE position < coalesce($1, 9223372036854775807) AND ($2::uuid IS NULL OR complaint_id = $2)
    ORDER BY position DESC LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Access:
    """Who looks, and why."""

    key_id: UUID
    role: str
    agency: str | None
    purpose: str


class Row(NamedTuple):
    """One access as it is stored."""

    position: int
    access_id: UUID
    accessed_at: datetime
    key_id: UUID
    role: str
    agency: str | None
    reporter: str | None
    complaint_id: UUID | None
    purpose: str
    outcome: str

    def written(self) -> bytes:
        """Write it in the one way that is hashed."""
        at = (self.accessed_at - _EPOCH) // timedelta(microseconds=1)
        # `str`, because an id that was read is of the database driver's own type.
        return orjson.dumps([self.position, self.access_id, at, *self[3:]], default=str)


class AccessLog:
    """Adds to the chain."""

    def __init__(self, token_key: bytes) -> None:
        """Derive the key of the hashes."""
        about = b"whistle identity.access 1"
        self._key = HKDF(SHA256(), 32, salt=None, info=about).derive(token_key)

    def hash_of(self, before: bytes, row: Row) -> bytes:
        """Hash one row of the chain."""
        return hmac.digest(self._key, before + row.written(), "sha256")

    async def lock(self, tx: Tx) -> tuple[int, bytes]:
        """Make others wait until this transaction has ended; gives the chain's end."""
        position, head = await tx.conn.fetchrow(_LOCK)
        if head is None:
            head = await self._chain_old_rows(tx)
        return position, head

    async def _chain_old_rows(self, tx: Tx) -> bytes:
        """Chain what was there before the chain, once."""
        head, hashes = GENESIS, []
        rows = [row_of(record) for record in await tx.conn.fetch(_UNCHAINED)]
        for row in rows:
            head = self.hash_of(head, row)
            hashes.append(head)
        await tx.conn.execute(_CHAIN, [row.position for row in rows], hashes)
        await tx.conn.execute(_MOVE, len(rows), head)
        return head

    async def record(
        self,
        tx: Tx,
        access: Access,
        outcome: Outcome,
        *,
        reporter: str | None,
        complaint_id: UUID | None,
    ) -> None:
        """Write down who looked at what, in the transaction that lets them look."""
        position, head = await self.lock(tx)
        row = Row(
            position + 1,
            new_id(),
            tx.now,
            access.key_id,
            access.role,
            access.agency,
            reporter,
            complaint_id,
            access.purpose,
            outcome,
        )
        added = self.hash_of(head, row)
        await tx.conn.execute(_ADD, *row, added)
        await tx.conn.execute(_MOVE, row.position, added)

    async def free_at(self, tx: Tx, key_id: UUID, most: int, within: timedelta) -> datetime | None:
        """Say when a key that has looked `most` times `within` may look again; None: now."""
        await self.lock(tx)  # Else many looks at the same moment would each be the last allowed.
        first: datetime | None = await tx.conn.fetchval(_LOOKS, key_id, tx.now - within, most - 1)
        return first + within if first else None

    async def was_refused(self, tx: Tx, key_id: UUID) -> bool:
        """Tell whether the last thing written down of a key is a refusal."""
        return bool(await tx.conn.fetchval(_LAST, key_id) == "refused")


async def list_accesses(
    db: Database, complaint_id: UUID | None, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """List accesses, the latest first, without the tokens of persons."""
    return [dict(row) for row in await db.fetch(_LIST, before, complaint_id, limit)]


def row_of(record: asyncpg.Record) -> Row:
    """Read a row that was selected as `ROW`."""
    return Row(*tuple(record)[:-1])
