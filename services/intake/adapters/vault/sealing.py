"""Envelopes: each record has a key of its own, and a vault key wraps that.

Both with AES-256-GCM (NIST SP 800-38D) and random 96-bit nonces. The associated data of a record
are the person's token and the complaint, those of a wrapped key its vault key's id and the
complaint: neither opens in another row. Replacing a vault key renews the wraps; the records stay
as they are. One vault key may wrap 2^32 records (SP 800-38D, 8.3): rotate it before.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.intake.decide.acceptance import Identity
from services.runtime.errors import TransientError

if TYPE_CHECKING:
    from uuid import UUID

    from services.runtime.vault_keys import VaultKeys

#: First byte of a sealed record. The one before this had no key of its own: a vault key seals it.
_VERSION = b"\x02"
#: Of an identity in a record, in the order of `Identity`.
_FIELDS = ("n", "p", "a", "e", "u")
_NONCE_BYTES = 12
_KEY_BYTES = 32


class UnknownKeyError(TransientError):
    """A record was sealed with a vault key that we don't have."""


class Envelope(NamedTuple):
    """A sealed record and what opens it."""

    key_id: str  #: Of the vault key.
    wrapped: bytes | None  #: The record's own key, wrapped; None in the oldest format.
    sealed: bytes


class Sealer:
    """Seals and opens with a ring of vault keys."""

    def __init__(self, keys: VaultKeys) -> None:
        """Use these keys; the current one seals."""
        self.keys = keys
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.keys.items()}
        self._current = self._ciphers[keys.current]

    def seal(self, complaint_id: UUID, reporter: str | None, identity: Identity) -> Envelope:
        """Encrypt an identity for one complaint."""
        said = {
            "n": identity.name,
            "p": identity.phone,
            "a": identity.address,
            "e": identity.email,
            "u": identity.push,
        }
        plain = orjson.dumps({key: value for key, value in said.items() if value})
        return self._put_in(complaint_id, reporter, plain)

    def open(self, complaint_id: UUID, reporter: str | None, envelope: Envelope) -> Identity:
        """Decrypt what `seal` made.

        Raises:
            UnknownKeyError: We don't have its vault key.
            InvalidTag: The record was changed, moved, or sealed with another key.
        """
        said = orjson.loads(self._take_out(complaint_id, reporter, envelope))
        return Identity(*(said.get(key) for key in _FIELDS))

    def rewrap(self, complaint_id: UUID, reporter: str | None, envelope: Envelope) -> Envelope:
        """Let the current vault key open a record; one of the oldest format is sealed anew.

        Raises:
            UnknownKeyError: We don't have its vault key.
            InvalidTag: The record was changed, moved, or sealed with another key.
        """
        if envelope.wrapped is None:
            plain = self._take_out(complaint_id, reporter, envelope)
            return self._put_in(complaint_id, reporter, plain)
        key = self._unwrap(complaint_id, envelope.key_id, envelope.wrapped)
        wrapped = self._wrap(complaint_id, key, os.urandom(_NONCE_BYTES))
        return Envelope(self.keys.current, wrapped, envelope.sealed)

    def _put_in(self, complaint_id: UUID, reporter: str | None, plain: bytes) -> Envelope:
        random = os.urandom(_KEY_BYTES + 2 * _NONCE_BYTES)  # One system call instead of three.
        key, nonce = random[:_KEY_BYTES], random[_KEY_BYTES:-_NONCE_BYTES]
        body = AESGCM(key).encrypt(nonce, plain, _bound(complaint_id, reporter))
        wrapped = self._wrap(complaint_id, key, random[-_NONCE_BYTES:])
        return Envelope(self.keys.current, wrapped, _VERSION + nonce + body)

    def _take_out(self, complaint_id: UUID, reporter: str | None, envelope: Envelope) -> bytes:
        key_id, wrapped, sealed = envelope
        if wrapped is None:
            cipher = self._cipher(key_id)
        else:
            cipher = AESGCM(self._unwrap(complaint_id, key_id, wrapped))
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        return cipher.decrypt(nonce, body, _bound(complaint_id, reporter))

    def _wrap(self, complaint_id: UUID, key: bytes, nonce: bytes) -> bytes:
        about = _wrap_bound(complaint_id, self.keys.current)
        return nonce + self._current.encrypt(nonce, key, about)

    def _unwrap(self, complaint_id: UUID, key_id: str, wrapped: bytes) -> bytes:
        nonce, body = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        return self._cipher(key_id).decrypt(nonce, body, _wrap_bound(complaint_id, key_id))

    def _cipher(self, key_id: str) -> AESGCM:
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnknownKeyError(f"vault key {key_id!r} opens this record, and we don't have it")
        return cipher


def _bound(complaint_id: UUID, reporter: str | None) -> bytes:
    return (reporter or "").encode() + b"|" + complaint_id.bytes


def _wrap_bound(complaint_id: UUID, key_id: str) -> bytes:
    return b"key|" + key_id.encode() + b"|" + complaint_id.bytes
