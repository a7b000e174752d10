"""Attachments in PostgreSQL: wishes, leases, outcomes. No address is ever stored in the clear."""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.events import AttachmentStored
from services.runtime.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    import asyncpg

    from services.intake.decide.attachments import Refuse, TryAgain
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

_NONCE_BYTES = 12

_ADD = """
    INSERT INTO intake.attachment (attachment_id, complaint_id, state, asked_at, note, sealed_url,
        next_attempt_at)
    SELECT attachment_id, complaint_id, 'waiting', $5, note, sealed_url, $5
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[])
        AS r (attachment_id, complaint_id, note, sealed_url)
"""
_KEEP_FROM_AGENCIES = """
    INSERT INTO intake.secret_complaint SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING
"""
_IS_KEPT = "SELECT EXISTS (SELECT FROM intake.secret_complaint WHERE complaint_id = $1)"
_COUNT = "SELECT count(*) FROM intake.attachment WHERE complaint_id = $1"

#: Take what is due and leave it to nobody else until the lease ends. An attempt counts when it
#: begins, so that a file that kills the process isn't fetched for ever.
_CLAIM = """
    UPDATE intake.attachment SET attempts = attempts + 1, next_attempt_at = $1 + $2::interval
    WHERE attachment_id IN (
        SELECT attachment_id FROM intake.attachment
        WHERE state = 'waiting' AND next_attempt_at <= $1
        ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED)
    RETURNING attachment_id, complaint_id, sealed_url, attempts
"""
#: Each outcome counts only under the lease it was reached with.
_STORED = """
    UPDATE intake.attachment SET state = 'stored', sealed_url = NULL, next_attempt_at = NULL,
        reason = NULL, media_type = $3, size = $4, sha256 = $5, finished_at = $6
    WHERE attachment_id = $1 AND attempts = $2 AND state = 'waiting'
"""
_REFUSED = """
    UPDATE intake.attachment SET state = 'refused', sealed_url = NULL, next_attempt_at = NULL,
        reason = $3, finished_at = $4
    WHERE attachment_id = $1 AND attempts = $2 AND state = 'waiting'
"""
_LATER = """
    UPDATE intake.attachment SET reason = $3, next_attempt_at = $4, attempts = $5
    WHERE attachment_id = $1 AND attempts = $2 AND state = 'waiting'
"""
_COLUMNS = """
    SELECT attachment_id, complaint_id, state, asked_at, note, reason, media_type, size, sha256
    FROM intake.attachment
"""
_LIST = _COLUMNS + " WHERE complaint_id = $1 AND state <> 'erasing' ORDER BY attachment_id"
_FIND = _COLUMNS + " WHERE attachment_id = $1 AND state <> 'erasing'"
#: What the vault's erasure marked; a lease that still runs ends first.
_TO_ERASE = """
    SELECT complaint_id, attachment_id FROM intake.attachment
    WHERE state = 'erasing' AND next_attempt_at <= $1
    ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_ERASED = "DELETE FROM intake.attachment WHERE attachment_id = ANY($1::uuid[])"


class Wish(NamedTuple):
    """A file to fetch for a complaint."""

    complaint_id: UUID
    url: str
    note: str | None = None


class Lease(NamedTuple):
    """A wish that is ours to fulfil until the lease ends."""

    attachment_id: UUID
    complaint_id: UUID
    url: str | None  #: None if it can't be decrypted any more.
    attempts: int


class Attachment(NamedTuple):
    """What is known of an attachment."""

    attachment_id: UUID
    complaint_id: UUID
    state: str
    asked_at: datetime
    note: str | None
    reason: str | None
    media_type: str | None
    size: int | None
    sha256: str | None


class Addresses:
    """Encrypts the addresses of files that wait (AES-256-GCM), each bound to its attachment.

    Not with the vault's keys: those rotate, and what waits here does so for an hour or two.
    """

    def __init__(self, token_key: bytes) -> None:
        """Derive the key from one that never changes."""
        self._cipher = AESGCM(hmac.digest(token_key, b"attachment-address", "sha256"))

    def seal(self, attachment_id: UUID, url: str) -> bytes:
        """Encrypt an address."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, url.encode(), attachment_id.bytes)

    def open(self, attachment_id: UUID, sealed: bytes) -> str | None:
        """Decrypt an address; None if it was sealed with another key."""
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, body, attachment_id.bytes).decode()
        except InvalidTag:
            return None


async def add(tx: Tx, addresses: Addresses, wishes: Sequence[Wish]) -> list[UUID]:
    """Remember what to fetch, in the transaction that makes the complaint true."""
    ids = [new_id() for _ in wishes]
    await tx.conn.execute(
        _ADD,
        ids,
        [wish.complaint_id for wish in wishes],
        [wish.note for wish in wishes],
        [addresses.seal(one, wish.url) for one, wish in zip(ids, wishes, strict=True)],
        tx.now,
    )
    return ids


async def add_secret(tx: Tx, complaint_ids: Iterable[UUID]) -> None:
    """Remember which complaints agencies get no pictures of."""
    await tx.conn.execute(_KEEP_FROM_AGENCIES, sorted(complaint_ids))


async def count(tx: Tx, complaint_id: UUID) -> int:
    """Count a complaint's attachments, whatever became of them."""
    found: int = await tx.conn.fetchval(_COUNT, complaint_id)
    return found


async def claim(tx: Tx, addresses: Addresses, lease: timedelta, limit: int) -> list[Lease]:
    """Take what is due."""
    rows = await tx.conn.fetch(_CLAIM, tx.now, lease, limit)
    return [
        Lease(key, complaint_id, addresses.open(key, sealed), attempts)
        for key, complaint_id, sealed, attempts in rows
    ]


async def stored(tx: Tx, lease: Lease, media_type: str, size: int, sha256: str) -> bool:
    """Tell that a file is kept; False if the lease had run out and another was faster."""
    status: str = await tx.conn.execute(
        _STORED, lease.attachment_id, lease.attempts, media_type, size, sha256, tx.now
    )
    if status != "UPDATE 1":
        return False
    fact = AttachmentStored(
        attachment_id=lease.attachment_id, media_type=media_type, size=size, sha256=sha256
    )
    tx.emit(lease.complaint_id, fact)
    return True


async def refused(tx: Tx, lease: Lease, outcome: Refuse) -> None:
    """Give a wish up."""
    await tx.conn.execute(_REFUSED, lease.attachment_id, lease.attempts, outcome.reason, tx.now)


async def later(tx: Tx, lease: Lease, outcome: TryAgain) -> None:
    """Try again at another time."""
    due_at = tx.now + outcome.after
    await tx.conn.execute(
        _LATER, lease.attachment_id, lease.attempts, outcome.reason, due_at, outcome.attempts
    )


async def to_erase(tx: Tx, limit: int) -> list[tuple[UUID, UUID]]:
    """Take files that are to be erased: complaint and attachment of each."""
    return [tuple(row) for row in await tx.conn.fetch(_TO_ERASE, tx.now, limit)]


async def erased(tx: Tx, attachment_ids: Sequence[UUID]) -> None:
    """Forget attachments whose files are gone."""
    await tx.conn.execute(_ERASED, attachment_ids)


async def list_of(db: Database, complaint_id: UUID) -> list[Attachment]:
    """List a complaint's attachments, the first one first."""
    return [_attachment(row) for row in await db.fetch(_LIST, complaint_id)]


async def find(db: Database, attachment_id: UUID) -> Attachment | None:
    """Find one attachment."""
    row = await db.fetchrow(_FIND, attachment_id)
    return _attachment(row) if row else None


async def is_secret(tx: Tx, complaint_id: UUID) -> bool:
    """Tell whether agencies get no pictures of a complaint."""
    found: bool = await tx.conn.fetchval(_IS_KEPT, complaint_id)
    return found


def _attachment(row: asyncpg.Record) -> Attachment:
    return Attachment(*row)
