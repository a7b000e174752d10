"""Which proactive cases were opened at this door, and which complaints they are linked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.runtime.transaction import Tx

_KNOWN = "SELECT complaint_id FROM intake.complaint WHERE complaint_id = ANY($1::uuid[])"
_KEEP = "INSERT INTO intake.proactive (proactive_id, complaints) VALUES ($1, $2)"
# Locked until the end of the transaction, so that two that link at once see each other's links.
_FIND = "SELECT complaints FROM intake.proactive WHERE proactive_id = $1 FOR UPDATE"
_LINK = "UPDATE intake.proactive SET complaints = $2 WHERE proactive_id = $1"


async def known(tx: Tx, complaints: Sequence[UUID]) -> set[UUID]:
    """Give those ids that are complaints."""
    if not complaints:
        return set()
    rows = await tx.conn.fetch(_KNOWN, list(complaints))
    return {row["complaint_id"] for row in rows}


async def keep(tx: Tx, proactive_id: UUID, complaints: Sequence[UUID]) -> None:
    """Remember a proactive case."""
    await tx.conn.execute(_KEEP, proactive_id, list(complaints))


async def links_of(tx: Tx, proactive_id: UUID) -> tuple[UUID, ...] | None:
    """Give the complaints that a proactive case is linked to; None where there is no such case."""
    found = await tx.conn.fetchval(_FIND, proactive_id)
    return None if found is None else tuple(found)


async def link(tx: Tx, proactive_id: UUID, complaints: Sequence[UUID]) -> None:
    """Remember all complaints of a proactive case."""
    await tx.conn.execute(_LINK, proactive_id, list(complaints))
