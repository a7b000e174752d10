"""Identifiers: new ones are ordered by time, derived ones repeat when work is repeated."""

from __future__ import annotations

from uuid import UUID, uuid5

import uuid_utils


def new_id() -> UUID:
    """Make an identifier for something that enters from outside (UUID version 7, RFC 9562)."""
    return UUID(int=uuid_utils.uuid7().int)


def child_id(cause: UUID, kind: str, ordinal: int = 0) -> UUID:
    """Derive the identifier of what follows from `cause`.

    Doing the work again gives the same identifier, so a reader outside can drop the
    repetition too (UUID version 5, RFC 9562).

    Args:
        cause: The event or thing that led to this.
        kind: What is identified, such as a fact's name or `order`.
        ordinal: Which one, where a cause has several of the kind.
    """
    return uuid5(cause, f"{kind}/{ordinal}")
