"""Encrypts what is kept as it came until it is understood: hooks' secrets and calls, requests.

AES-256-GCM with a random nonce. Not with the vault's keys: those rotate, and what is kept here
is kept for moments, or for weeks at the most.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.runtime.errors import MisconfiguredError

_NONCE_BYTES = 12


class Sealer:
    """Seals bytes as a certain thing."""

    def __init__(self, key: bytes) -> None:
        """Use a key of 32 bytes."""
        self._cipher = AESGCM(key)

    def seal(self, what: str, plain: bytes) -> bytes:
        """Encrypt; it opens only as the same thing, such as `source/water`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, _bound(what))

    def open(self, what: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            MisconfiguredError: It was sealed with another key, or as something else.
        """
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, body, _bound(what))
        except InvalidTag as error:
            raise MisconfiguredError(f"{what} was sealed with another endpoint_key") from error


def _bound(what: str) -> bytes:
    # Another word than the notifier's records begin with, which share the key.
    return b"intake-hook|" + what.encode()
