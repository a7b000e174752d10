"""Checking a webhook's signature as a city's own system would: without any code of ours.

Source: Standard Webhooks specification 1.0, "Verifying webhook authenticity".
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A request older or newer than this may be a replay of somebody who listened.
TOLERANCE_S = 300


def is_authentic(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    """Tell whether a request comes from who holds the secret, is fresh, and is unchanged.

    Args:
        secret: As shown once when the endpoint was registered: `whsec_…`.
        headers: Names in lower case.
        body: Exactly the bytes that came.
        now_s: Unix seconds.
    """
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(now_s - int(stamp)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((headers.get("webhook-id", "").encode(), stamp.encode(), body))
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    offered = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(f"v1,{expected}", one) for one in offered)
