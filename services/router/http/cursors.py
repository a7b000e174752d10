"""Where a page ended: an instant and a complaint, as one word that callers hand back."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from services.runtime.problems import invalid_request

Cursor = tuple[datetime, UUID]

#: Before everything.
BEGINNING: Cursor = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


def write_cursor(at: datetime, complaint_id: UUID) -> str:
    """Write where a page ended."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {complaint_id}".encode()).decode()


def read_cursor(cursor: str) -> Cursor:
    """Read what `write_cursor` wrote.

    Raises:
        Problem: 422, if somebody else wrote it.
    """
    try:
        at, _, complaint_id = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        return datetime.fromisoformat(at).astimezone(UTC), UUID(complaint_id)
    except (ValueError, OverflowError, binascii.Error) as error:
        raise invalid_request([("after", "is not the `next` of a page")]) from error
