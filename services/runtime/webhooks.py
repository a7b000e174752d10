"""Standard Webhooks signatures, in both directions: who sent it, when, and nobody changed it.

Source: Standard Webhooks specification 1.0, "Signature scheme", "Webhook headers" and
"Verifying webhook authenticity". Pure; tested in both directions against the reference library.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The specification asks for 24 to 64 bytes of randomness.
SECRET_BYTES = 32
SECRET_BYTES_MIN = 24
SECRET_BYTES_MAX = 64

#: A request older or newer than this may be a replay of somebody who listened.
TOLERANCE_S = 300.0

#: What a check of a signature found; only what is signed can be `stale`.
Verdict = Literal["genuine", "forged", "stale"]

_PREFIX = "whsec_"
_PRIVATE_PREFIX = "whsk_"
#: Of the key that verifies what an ed25519 key signed; it is no secret.
PUBLIC_PREFIX = "whpk_"
#: Visible characters but the full stop, which parts what is signed.
_ID = re.compile(r"[!-\-/-~]{1,128}")
_STAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURES_MAX = 10


def secret_text(key: bytes) -> str:
    """Write a signing key the way its owner gets to see it, once."""
    return _PREFIX + base64.b64encode(key).decode()


def secret_key(text: str) -> bytes | None:
    """Read a secret back; None if it isn't one."""
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX else None


def signature(keys: Iterable[bytes], webhook_id: str, timestamp: int, body: bytes) -> str:
    """Sign a request with every key that is valid now.

    During a rotation there are two, so that a receiver may change over whenever it likes:
    the header is a space-separated list, and one match is enough.

    Args:
        keys: Raw keys, the newest first.
        webhook_id: The event's id; repeats with every attempt and must not contain a dot.
        timestamp: Of this attempt, in Unix seconds.
        body: Exactly the bytes that are sent.

    Returns:
        The value of `webhook-signature`.
    """
    signed = b"%b.%d.%b" % (webhook_id.encode(), timestamp, body)
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys
    )


def sign_ed25519(seed: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Sign a request so that the public half of the key is enough to verify it (`v1a`).

    Args:
        seed: The private key, 32 bytes (RFC 8032, 5.1.5).
        webhook_id: The event's id, as for `signature`.
        timestamp: Of this attempt, in Unix seconds.
        body: Exactly the bytes that are sent.

    Returns:
        One entry of `webhook-signature`; a rotation joins two with a space.
    """
    signed = b"%b.%d.%b" % (webhook_id.encode(), timestamp, body)
    return "v1a," + base64.b64encode(_signing(seed).sign(signed)).decode()


def public_text(seed: bytes) -> str:
    """Write the public half of a signing key, `whpk_…`; anybody may see it, at any time."""
    return PUBLIC_PREFIX + base64.b64encode(_signing(seed).public_key().public_bytes_raw()).decode()


def private_text(seed: bytes) -> str:
    """Write a signing key, `whsk_…`; for who signs, never for a receiver."""
    return _PRIVATE_PREFIX + base64.b64encode(seed).decode()


@lru_cache(maxsize=2_000)
def _signing(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


def verify(
    secrets: Iterable[str],
    headers: Mapping[str, str],
    body: bytes,
    now_s: float,
    tolerance_s: float = TOLERANCE_S,
) -> Verdict:
    """Tell whether a request comes from who holds a secret, unchanged and fresh.

    Args:
        secrets: Every secret that is valid now, as it was shown: `whsec_…`, or the public
            `whpk_…` of one who signs with ed25519. During a rotation there are two.
        headers: Names in lower case.
        body: Exactly the bytes that came.
        now_s: Unix seconds.
        tolerance_s: How far away the signed instant may be.

    Returns:
        `stale` only if the signature holds: a stranger learns nothing from it.
    """
    if not signers(secrets, headers, body):
        return "forged"
    return "genuine" if abs(now_s - int(headers["webhook-timestamp"])) <= tolerance_s else "stale"


def signers(secrets: Iterable[str], headers: Mapping[str, str], body: bytes) -> tuple[str, ...]:
    """Name those of some secrets with which a request is signed, whenever that was.

    Args:
        secrets: As for `verify`; what is no secret signs nothing.
        headers: Names in lower case.
        body: Exactly the bytes that came.
    """
    webhook_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(webhook_id) or not _STAMP.fullmatch(stamp):
        return ()
    # Signed as it was written: a number written otherwise isn't what was signed.
    signed = b"%b.%b.%b" % (webhook_id.encode(), stamp.encode(), body)
    offered = headers.get("webhook-signature", "").split()[:_SIGNATURES_MAX]
    return tuple(secret for secret in secrets if _is_signed(secret, signed, offered))


def _is_signed(secret: str, signed: bytes, offered: list[str]) -> bool:
    if secret.startswith(PUBLIC_PREFIX):
        public = public_key(secret)
        return public is not None and any(_is_v1a(public, signed, one) for one in offered)
    key = secret_key(secret)
    if key is None:
        return False
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
    matches = False
    for one in offered:
        matches |= hmac.compare_digest(expected, one.encode(errors="replace"))
    return matches


def _is_v1a(public: Ed25519PublicKey, signed: bytes, offered: str) -> bool:
    version, _, text = offered.partition(",")
    if version != "v1a":
        return False
    try:
        public.verify(base64.b64decode(text, validate=True), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key(text: str) -> Ed25519PublicKey | None:
    """Read the public half of a signing key, `whpk_…`; None if it isn't one."""
    try:
        raw = base64.b64decode(text.removeprefix(PUBLIC_PREFIX), validate=True)
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        return None
