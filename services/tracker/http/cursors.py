"""Where a page ended: an instant and an id, in a form that nobody is tempted to take apart."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from uuid import UUID

from services.runtime.problems import invalid_request


def write_cursor(at: datetime, last: UUID) -> str:
    """Give the cursor that follows an item."""
    place = f"{at.isoformat()}|{last}"
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Read a cursor.

    Raises:
        Problem: 422 naming `cursor`, if it is none of ours.
    """
    try:
        place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, last = place.partition("|")
        instant, found = datetime.fromisoformat(at), UUID(last)
    except (ValueError, binascii.Error) as error:
        raise invalid_request([("cursor", "not a cursor of ours")]) from error
    if instant.tzinfo is None:
        raise invalid_request([("cursor", "not a cursor of ours")])
    return instant, found
