"""Standard Webhooks signatures, in both directions: who sent it, when, and nobody changed it.

Source: Standard Webhooks specification 1.0, "Signature scheme", "Webhook headers" and
"Verifying webhook authenticity". Pure; tested in both directions against the reference library.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import TYPE_CHECKING, Literal

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


def verify(
    keys: Iterable[bytes],
    headers: Mapping[str, str],
    body: bytes,
    now_s: float,
    tolerance_s: float = TOLERANCE_S,
) -> Verdict:
    """Tell whether a request comes from who holds a key, unchanged and fresh.

    Args:
        keys: Every key that is valid now; during a rotation there are two.
        headers: Names in lower case.
        body: Exactly the bytes that came.
        now_s: Unix seconds.
        tolerance_s: How far away the signed instant may be.

    Returns:
        `stale` only if the signature holds: a stranger learns nothing from it.
    """
    webhook_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(webhook_id) or not _STAMP.fullmatch(stamp):
        return "forged"
    offered = [one.encode() for one in headers.get("webhook-signature", "").split()]
    matches = False
    for key in keys:
        # Signed as it was written: a number written otherwise isn't what was signed.
        signed = b"%b.%b.%b" % (webhook_id.encode(), stamp.encode(), body)
        expected = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
        for one in offered[:_SIGNATURES_MAX]:
            matches |= hmac.compare_digest(expected, one)
    if not matches:
        return "forged"
    return "genuine" if abs(now_s - int(stamp)) <= tolerance_s else "stale"
