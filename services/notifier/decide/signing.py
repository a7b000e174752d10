"""What an attempt is sent with: the headers of a signed webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.runtime.webhooks import (
    SECRET_BYTES,
    public_text,
    secret_key,
    secret_text,
    sign_ed25519,
    signature,
)

if TYPE_CHECKING:
    from services.notifier.decide.directory import Signature

__all__ = ["SECRET_BYTES", "headers", "public_text", "secret_key", "secret_text", "signature"]


def headers(
    keys: tuple[bytes, ...],
    webhook_id: str,
    timestamp: int,
    body: bytes,
    scheme: Signature = "v1",
) -> tuple[tuple[str, str], ...]:
    """Give the headers of one attempt.

    The content type is `application/json` as the Standard Webhooks specification has it:
    the body *is* a CloudEvents envelope, but receivers' frameworks parse a body as JSON by
    this type, and many answer 415 to `application/cloudevents+json`.

    Args:
        keys: That sign now, the newest first; during a rotation there are two.
        webhook_id: The event's id.
        timestamp: Of this attempt, in Unix seconds.
        body: Exactly the bytes that are sent.
        scheme: `v1`, HMAC with a shared secret, or `v1a`, Ed25519, whose keys are seeds.
    """
    if scheme == "v1a":
        signed = " ".join(sign_ed25519(seed, webhook_id, timestamp, body) for seed in keys)
    else:
        signed = signature(keys, webhook_id, timestamp, body)
    return (
        ("content-type", "application/json"),
        ("user-agent", "Whistle-Hooks/1"),
        ("webhook-id", webhook_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", signed),
    )
