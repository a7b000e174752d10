"""Standard Webhooks signatures: who sent it, when, and that nobody changed it.

Source: Standard Webhooks specification 1.0, "Signature scheme" and "Webhook headers". Pure;
cross-tested in both directions against the reference library.
"""

from __future__ import annotations

import base64
import binascii
import hmac

#: The specification asks for 24 to 64 bytes of randomness.
SECRET_BYTES = 32
SECRET_BYTES_MIN = 24
SECRET_BYTES_MAX = 64

_PREFIX = "whsec_"


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


def signature(keys: tuple[bytes, ...], webhook_id: str, timestamp: int, body: bytes) -> str:
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


def headers(
    keys: tuple[bytes, ...], webhook_id: str, timestamp: int, body: bytes
) -> tuple[tuple[str, str], ...]:
    """Give the headers of one attempt.

    The content type is `application/json` as the Standard Webhooks specification has it:
    the body *is* a CloudEvents envelope, but receivers' frameworks parse a body as JSON by
    this type, and many answer 415 to `application/cloudevents+json`.
    """
    return (
        ("content-type", "application/json"),
        ("user-agent", "Whistle-Hooks/1"),
        ("webhook-id", webhook_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", signature(keys, webhook_id, timestamp, body)),
    )
