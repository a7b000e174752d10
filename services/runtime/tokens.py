"""Signed links for citizens: who holds one may answer one call-back, and nothing else.

The token carries the two identifiers and the expiry, then a truncated HMAC-SHA-256 over
them (RFC 2104; 128 bits left, which nobody can guess). It says nothing about the person.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

_MAC_BYTES = 16
_BODY_BYTES = 36  # two identifiers of 16 bytes, expiry in 4


@dataclass(frozen=True, slots=True)
class CallbackTicket:
    """What a valid token allows."""

    complaint_id: UUID
    callback_id: UUID
    expires_at: datetime


def sign_callback(
    secret: bytes, complaint_id: UUID, callback_id: UUID, expires_at: datetime
) -> str:
    """Make the url-safe token for one call-back."""
    expiry = int(expires_at.timestamp()).to_bytes(4, "big")
    body = complaint_id.bytes + callback_id.bytes + expiry
    return urlsafe_b64encode(body + _mac(secret, body)).decode().rstrip("=")


def read_callback(secret: bytes, token: str, now: datetime) -> CallbackTicket | None:
    """Check a token; None if it is malformed, forged or expired."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (ValueError, UnicodeEncodeError):
        return None
    body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
    if len(raw) != _BODY_BYTES + _MAC_BYTES or not hmac.compare_digest(mac, _mac(secret, body)):
        return None
    expires_at = datetime.fromtimestamp(int.from_bytes(body[32:], "big"), UTC)
    if expires_at <= now:
        return None
    return CallbackTicket(UUID(bytes=body[:16]), UUID(bytes=body[16:32]), expires_at)


def _mac(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"callback" + body, "sha256")[:_MAC_BYTES]
