"""The vault: names, numbers and addresses, sealed; nobody looks without leaving a trace.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for each record. The associated data
are the person's token and the complaint, so a sealed record moved to another row doesn't open.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.intake.decide.acceptance import Identity
from services.runtime.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.runtime.transaction import Tx

#: How a look at the vault ended.
Outcome = Literal["shown", "refused", "nothing"]

#: First byte of a sealed record: which key and format; a new key gets the next.
_VERSION = b"\x01"
_NONCE_BYTES = 12

_PUT = """
    INSERT INTO identity.contact (complaint_id, reporter, sealed, is_secret, stored_at)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::boolean[], $5::timestamptz[])
"""
_OF_COMPLAINT = """
    SELECT complaint_id, reporter, sealed, is_secret FROM identity.contact WHERE complaint_id = $1
"""
_OF_PERSON = """
    SELECT complaint_id, reporter, sealed, is_secret FROM identity.contact
    WHERE reporter = $1 AND ($2::uuid IS NULL OR complaint_id = $2)
    ORDER BY stored_at DESC LIMIT 1
"""
_RECORD = """
    INSERT INTO identity.access
        (access_id, accessed_at, key_id, role, agency, reporter, complaint_id, purpose, outcome)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class Sealed(NamedTuple):
    """A record of the vault as it is stored."""

    complaint_id: UUID
    reporter: str | None
    sealed: bytes
    is_secret: bool
    stored_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Contact:
    """A record of the vault, opened."""

    complaint_id: UUID
    reporter: str | None
    is_secret: bool
    identity: Identity


@dataclass(frozen=True, slots=True)
class Access:
    """Who looks, and why."""

    key_id: UUID
    role: str
    agency: str | None
    purpose: str


class Vault:
    """Seals and opens."""

    def __init__(self, key: bytes) -> None:
        """Use a key of 32 bytes."""
        self._cipher = AESGCM(key)

    def seal(self, complaint_id: UUID, reporter: str | None, identity: Identity) -> bytes:
        """Encrypt an identity for one complaint."""
        said = {"n": identity.name, "p": identity.phone, "a": identity.address}
        plain = orjson.dumps({key: value for key, value in said.items() if value})
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _bound(complaint_id, reporter))

    def open(self, complaint_id: UUID, reporter: str | None, sealed: bytes) -> Identity:
        """Decrypt what `seal` made.

        Raises:
            InvalidTag: The record was changed, moved, or sealed with another key.
        """
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        said = orjson.loads(self._cipher.decrypt(nonce, body, _bound(complaint_id, reporter)))
        return Identity(said.get("n"), said.get("p"), said.get("a"))

    async def find_by_complaint(self, tx: Tx, complaint_id: UUID) -> Contact | None:
        """Open the record of a complaint."""
        return self._contact(await tx.conn.fetchrow(_OF_COMPLAINT, complaint_id))

    async def find_by_person(
        self, tx: Tx, reporter: str, complaint_id: UUID | None
    ) -> Contact | None:
        """Open a person's latest record, or the one of a certain complaint."""
        return self._contact(await tx.conn.fetchrow(_OF_PERSON, reporter, complaint_id))

    def _contact(self, row: asyncpg.Record | None) -> Contact | None:
        if row is None:
            return None
        complaint_id, reporter, sealed, is_secret = row
        return Contact(complaint_id, reporter, is_secret, self.open(complaint_id, reporter, sealed))


def _bound(complaint_id: UUID, reporter: str | None) -> bytes:
    return (reporter or "").encode() + b"|" + complaint_id.bytes


async def put(tx: Tx, records: Sequence[Sealed]) -> None:
    """Store sealed records."""
    await tx.conn.execute(_PUT, *zip(*records, strict=True))


async def record_access(
    tx: Tx,
    access: Access,
    outcome: Outcome,
    *,
    reporter: str | None,
    complaint_id: UUID | None,
) -> None:
    """Write down who looked at what, in the transaction that lets them look."""
    await tx.conn.execute(
        _RECORD,
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
