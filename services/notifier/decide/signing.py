"""What an attempt is sent with: the headers of a signed webhook."""

from __future__ import annotations

from services.runtime.webhooks import SECRET_BYTES, secret_key, secret_text, signature

__all__ = ["SECRET_BYTES", "headers", "secret_key", "secret_text", "signature"]


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
