"""Small questions about a complaint, each answered from one index."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

_BY_NUMBER = "SELECT complaint_id FROM intake.complaint WHERE number = $1"
_IS_KNOWN = "SELECT EXISTS (SELECT FROM intake.complaint WHERE complaint_id = $1)"
_REPEAT_OF = "SELECT repeat_of FROM intake.complaint WHERE complaint_id = $1"


async def by_number(db: Database, number: str) -> UUID | None:
    """Find the complaint that people call by a number."""
    found: UUID | None = await db.fetchval(_BY_NUMBER, number)
    return found


async def is_known(tx: Tx, complaint_id: UUID) -> bool:
    """Tell whether there is a complaint with this id."""
    known: bool = await tx.conn.fetchval(_IS_KNOWN, complaint_id)
    return known


async def repeat_of(tx: Tx, complaint_id: UUID) -> UUID | None:
    """Find the complaint that another one repeats."""
    found: UUID | None = await tx.conn.fetchval(_REPEAT_OF, complaint_id)
    return found
