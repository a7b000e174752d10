"""Webhook secrets at rest: AES-256-GCM, bound to the endpoint they belong to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.notifier.decide.signing import SECRET_BYTES
from services.runtime.errors import MisconfiguredError

if TYPE_CHECKING:
    from uuid import UUID

#: NIST SP 800-38D: 96 random bits are safe for far more secrets than a city has endpoints.
_NONCE_BYTES = 12


class Sealer:
    """Encrypts and decrypts secrets with the installation's endpoint key."""

    def __init__(self, key: bytes) -> None:
        """Take 32 bytes."""
        self._cipher = AESGCM(key)

    def seal(self, endpoint_id: UUID, secret: bytes) -> bytes:
        """Encrypt a secret; it opens for the same endpoint only."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, endpoint_id.bytes)

    def open(self, endpoint_id: UUID, sealed: bytes) -> bytes:
        """Decrypt a secret.

        Raises:
            MisconfiguredError: It was sealed with another key.
        """
        nonce, secret = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, secret, endpoint_id.bytes)
        except InvalidTag as error:
            raise MisconfiguredError(
                f"endpoint {endpoint_id}: its secret was sealed with another endpoint_key"
            ) from error


def new_secret() -> bytes:
    """Make a signing key."""
    return os.urandom(SECRET_BYTES)
