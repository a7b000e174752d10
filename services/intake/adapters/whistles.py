"""Which complaints a street may link a whistle to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.runtime.transaction import Tx

_LINKABLE = """
    SELECT DISTINCT complaint_id FROM intake.work_order
    JOIN intake.view AS v USING (complaint_id)
    WHERE complaint_id = ANY($1::uuid[]) AND agency = $2 AND NOT is_returned
        AND v.closed_at IS NULL AND v.withdrawn_at IS NULL
"""


async def linkable(tx: Tx, complaints: Sequence[UUID], agency: str) -> set[UUID]:
    """Give those complaints that are open and on which an agency has an order of its own."""
    rows = await tx.conn.fetch(_LINKABLE, list(complaints), agency)
    return {row["complaint_id"] for row in rows}
