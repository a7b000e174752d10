"""Checking a webhook's signature as a city's own system would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.runtime.webhooks import secret_key, verify

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_authentic(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    """Tell whether a request comes from who holds the secret, is fresh, and is unchanged.

    Args:
        secret: As shown once when the endpoint was registered: `whsec_…`.
        headers: Names in lower case.
        body: Exactly the bytes that came.
        now_s: Unix seconds.
    """
    key = secret_key(secret)
    return key is not None and verify((key,), headers, body, now_s) == "genuine"
