"""The public's names for complaints.

The list of requests needs no key, and whoever holds a reporter's key may withdraw a complaint
by its id. So the public gets another id: the complaint's own, enciphered. It leads to a status
and to nothing else, can't be guessed or counted up, and needs no table.
"""

from __future__ import annotations

import hashlib
import re
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_WRITTEN = re.compile(r"[0-9a-f]{32}")


class Names:
    """One kind of public name; names of two kinds can't be told from each other, nor mixed."""

    def __init__(self, secret: bytes, kind: str) -> None:
        """Derive the kind's own key.

        Args:
            secret: The installation's, which never changes: the names would change with it.
            kind: At most 16 ASCII characters.
        """
        key = hashlib.blake2b(key=secret[:64], digest_size=32, person=kind.encode()).digest()
        # One block of random-looking ids, never a text: a permutation is what is wanted here.
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305

    def write(self, complaint_id: UUID) -> str:
        """Give a complaint's public name."""
        return self._cipher.encryptor().update(complaint_id.bytes).hex()

    def read(self, name: str) -> UUID | None:
        """Find the complaint a name would stand for; None if nothing could be called so."""
        if not _WRITTEN.fullmatch(name):
            return None
        return UUID(bytes=self._cipher.decryptor().update(bytes.fromhex(name)))


def request_names(token_key: bytes) -> Names:
    """Names for `service_request_id`."""
    return Names(token_key, "open311-request")


def token_names(token_key: bytes) -> Names:
    """Names for `token`."""
    return Names(token_key, "open311-token")
