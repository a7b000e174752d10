"""Which complaints a street may link a whistle to, and who may speak about one that stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.events import WhistleBlown
    from services.runtime.transaction import Tx

_LINKABLE = """
    SELECT DISTINCT complaint_id FROM intake.work_order
    JOIN intake.view AS v USING (complaint_id)
    WHERE complaint_id = ANY($1::uuid[]) AND agency = $2 AND NOT is_returned
        AND v.closed_at IS NULL AND v.withdrawn_at IS NULL
"""
_KEEP = """
    INSERT INTO intake.whistle (whistle_id, key, raised_by, targets, complaints)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (whistle_id) DO NOTHING
"""
_FIND = "SELECT key, raised_by, targets, complaints FROM intake.whistle WHERE whistle_id = $1"


async def linkable(tx: Tx, complaints: Sequence[UUID], agency: str) -> set[UUID]:
    """Give those complaints that are open and on which an agency has an order of its own."""
    rows = await tx.conn.fetch(_LINKABLE, list(complaints), agency)
    return {row["complaint_id"] for row in rows}


class Parties(NamedTuple):
    """Who has to do with a whistle that stands."""

    key: UUID  #: Of its events.
    raised_by: str
    targets: tuple[str, ...]
    complaints: tuple[UUID, ...]


async def keep_parties(tx: Tx, blown: Sequence[tuple[UUID, WhistleBlown]]) -> None:
    """Remember who may speak about whistles, each given with the key of its events."""
    rows = [
        (
            fact.whistle_id,
            key,
            fact.raised_by,
            [one.agency for one in fact.summons],
            list(fact.complaints),
        )
        for key, fact in blown
    ]
    if rows:
        await tx.conn.executemany(_KEEP, rows)


async def parties_of(tx: Tx, whistle_id: UUID) -> Parties | None:
    """Tell who may speak about a whistle; None where none stands, or not yet for all we know."""
    row = await tx.conn.fetchrow(_FIND, whistle_id)
    if row is None:
        return None
    return Parties(row["key"], row["raised_by"], tuple(row["targets"]), tuple(row["complaints"]))
