"""Records of the vault: stored sealed, found by complaint or by person, opened.

A running service learns of a new vault key when it needs it: it reads the secrets file again when
a record was sealed with a key it doesn't know, and when the database says that the key it seals
with is retired. So keys are rotated beside it, and nothing is ever sealed with a key that may
have been destroyed.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from services.intake.adapters.vault.accesses import AccessLog
from services.intake.adapters.vault.sealing import Envelope, Sealer, UnknownKeyError
from services.intake.decide.person import complaint_token
from services.runtime import telemetry
from services.runtime.errors import MisconfiguredError, TransientError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.intake.decide.acceptance import Identity
    from services.runtime.settings import Secrets
    from services.runtime.transaction import Tx

log = telemetry.get_logger()

#: Whoever retires a key waits for this lock, so none of our records is overlooked.
_PUT = """
    WITH usable AS (
        SELECT FROM identity.sealing_key
        WHERE key_id = $1 AND retired_at IS NULL FOR SHARE
    )
    INSERT INTO identity.contact
        (key_id, complaint_id, reporter, wrapped, sealed, is_secret, stored_at)
    SELECT $1, record.* FROM usable CROSS JOIN unnest(
        $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::boolean[], $7::timestamptz[]
    ) AS record
"""
_REGISTER = """
    INSERT INTO identity.sealing_key (key_id) VALUES ($1) ON CONFLICT (key_id) DO NOTHING
"""
_COLUMNS = "complaint_id, reporter, is_secret, key_id, wrapped, sealed"
_OF_COMPLAINT = f"SELECT {_COLUMNS} FROM identity.contact WHERE complaint_id = $1"
_OF_PERSON = f"""
    SELECT {_COLUMNS} FROM identity.contact
    WHERE reporter = $1 ORDER BY stored_at DESC LIMIT 1
"""


class StaleKeyError(Exception):
    """The key that these records are sealed with is retired; a newer one is known now."""


class Sealed(NamedTuple):
    """A record of the vault as it is stored."""

    complaint_id: UUID
    reporter: str | None
    envelope: Envelope
    is_secret: bool
    stored_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Contact:
    """A record of the vault, opened."""

    complaint_id: UUID
    reporter: str | None
    is_secret: bool
    identity: Identity


class Vault:
    """Seals, stores, finds and opens."""

    def __init__(self, secrets: Secrets) -> None:
        """Use an installation's keys."""
        self._sealer = Sealer(secrets.vault_keys)
        self._token_key = secrets.token_key
        self.accesses = AccessLog(secrets.token_key)

    @property
    def sealer(self) -> Sealer:
        """What seals and opens just now."""
        return self._sealer

    def reread(self) -> bool:
        """Read the keys again; False if the same one seals as before."""
        before = self._sealer.keys
        try:
            keys = before.reread()
        except MisconfiguredError as error:
            log.warning("vault-keys-unreadable", error=str(error))
            return False
        # What we could open we can open still: a key that left the file may be in use.
        kept = type(keys)({**before.keys, **keys.keys}, keys.current, keys.file)
        self._sealer = Sealer(kept)
        return kept.current != before.current

    def seal(self, complaint_id: UUID, reporter: str | None, identity: Identity) -> Envelope:
        """Encrypt an identity for one complaint."""
        return self._sealer.seal(complaint_id, reporter, identity)

    def outside_token(self, complaint_id: UUID) -> str:
        """Give the token under which a secret reporter (保密) is known in events."""
        return complaint_token(self._token_key, complaint_id)

    async def put(self, tx: Tx, records: Sequence[Sealed]) -> None:
        """Store records, all sealed with one key.

        Raises:
            StaleKeyError: That key is retired; seal them again.
            TransientError: It is retired and we know no newer one.
        """
        ids, reporters, envelopes, are_secret, instants = zip(*records, strict=True)
        key_id = envelopes[0].key_id
        wrapped = [envelope.wrapped for envelope in envelopes]
        sealed = [envelope.sealed for envelope in envelopes]
        columns = (key_id, ids, reporters, wrapped, sealed, are_secret, instants)
        done = f"INSERT 0 {len(records)}"
        if await tx.conn.execute(_PUT, *columns) == done:
            return
        # The first record that this key seals, or one too many.
        await tx.conn.execute(_REGISTER, key_id)
        if await tx.conn.execute(_PUT, *columns) == done:
            return
        if self.reread():
            raise StaleKeyError(key_id)
        raise TransientError(f"vault key {key_id!r} is retired, and no newer one is known")

    async def find_by_complaint(self, tx: Tx, complaint_id: UUID) -> Contact | None:
        """Open the record of a complaint."""
        return self._contact(await tx.conn.fetchrow(_OF_COMPLAINT, complaint_id))

    async def find_by_person(self, tx: Tx, token: str, complaint_id: UUID | None) -> Contact | None:
        """Open a person's latest record, or the one of a certain complaint.

        The token of a secret complaint stands for nothing but that complaint.
        """
        if complaint_id is None:
            return self._contact(await tx.conn.fetchrow(_OF_PERSON, token))
        row = await tx.conn.fetchrow(_OF_COMPLAINT, complaint_id)
        if row is None or not self._stands_for(token, row):
            return None
        return self._contact(row)

    def _stands_for(self, token: str, row: asyncpg.Record) -> bool:
        if hmac.compare_digest(token.encode(), (row["reporter"] or "").encode()):
            return True
        return row["is_secret"] and hmac.compare_digest(
            token.encode(), self.outside_token(row["complaint_id"]).encode()
        )

    def _contact(self, row: asyncpg.Record | None) -> Contact | None:
        if row is None:
            return None
        complaint_id, reporter, is_secret, *envelope = row
        identity = self._open(complaint_id, reporter, Envelope(*envelope))
        return Contact(complaint_id, reporter, is_secret, identity)

    def _open(self, complaint_id: UUID, reporter: str | None, envelope: Envelope) -> Identity:
        try:
            return self._sealer.open(complaint_id, reporter, envelope)
        except UnknownKeyError:
            self.reread()  # The keys may have been rotated beside us.
            return self._sealer.open(complaint_id, reporter, envelope)
