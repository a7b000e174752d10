"""Deliveries looked up and started over: by endpoint, complaint, state, type, time, status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg

    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

_COLUMNS = """
    delivery_id, complaint_id, endpoint_id, sequence, event_id, event_type, payload, state,
    attempts, replays, due_at, finished_at, history
"""
_LAST_STATUS = "(history -> -1 ->> 'status')::integer"
#: What `delivery_by_status` holds; whoever looks for a failure reads no success.
_IS_NO_SUCCESS = "state <> 'delivered' AND history -> -1 ->> 'status' IS NOT NULL"
_ONE = f"SELECT {_COLUMNS} FROM delivery WHERE delivery_id = $1"
_START_OVER = """
    UPDATE delivery SET state = 'pending', attempts = 0, replays = replays + 1, due_at = $1,
        finished_at = NULL
"""
_REPLAY = f"""
    {_START_OVER} WHERE delivery_id = $2 AND state <> 'pending' RETURNING delivery_id
"""
#: What an endpoint was told less of is given in full to whoever was told.
_EVENT = """
    SELECT e.body FROM event e
    WHERE e.complaint_id = $1 AND e.sequence = $2 AND e.payload = 'full'
      AND ($3::text IS NULL OR EXISTS (
          SELECT FROM delivery d JOIN endpoint n USING (endpoint_id)
          WHERE d.complaint_id = e.complaint_id AND d.sequence = e.sequence AND n.agency = $3))
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries; None, or none, leaves a condition out.

    Attributes:
        endpoint_id: Of this endpoint.
        complaint_id: About this complaint.
        state: `pending`, `delivered`, `failed` or `cancelled`.
        event_types: Names of facts.
        since: Of events from this instant on, to the millisecond.
        until: Of events before this instant, to the millisecond.
        status: HTTP status of the last attempt.
        only: Of these endpoints, the caller's own.
    """

    endpoint_id: UUID | None = None
    complaint_id: UUID | None = None
    state: str | None = None
    event_types: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    status: int | None = None
    only: Sequence[UUID] | None = None

    def conditions(self, args: list[object]) -> str:
        """Write those that were asked for, so that each search has its own best plan.

        Args:
            args: Of the statement; grows by what the conditions need.
        """
        found = [
            ("endpoint_id = {}", self.endpoint_id),
            ("complaint_id = {}", self.complaint_id),
            ("state = {}", self.state),
            ("event_type = ANY({}::text[])", list(self.event_types) or None),
            ("delivery_id >= {}", self.since and _first_id(self.since)),
            ("delivery_id < {}", self.until and _first_id(self.until)),
            (f"{_LAST_STATUS} = {{}}", self.status),
            ("endpoint_id = ANY({}::uuid[])", None if self.only is None else list(self.only)),
        ]
        written = ["TRUE"]
        for condition, value in found:
            if value is not None:
                args.append(value)
                written.append(condition.format(f"${len(args)}"))
        if self.status is not None and not 200 <= self.status <= 299:  # noqa: PLR2004
            written.append(_IS_NO_SUCCESS)
        return " AND ".join(written)


async def page(
    db: Database, wanted: Wanted, before: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """List deliveries, the newest first, from behind `before`."""
    args: list[object] = [before, limit]
    return await db.fetch(
        f"SELECT {_COLUMNS} FROM delivery WHERE {wanted.conditions(args)}"
        " AND ($1::uuid IS NULL OR delivery_id < $1) ORDER BY delivery_id DESC LIMIT $2",
        *args,
    )


async def find(db: Database, delivery_id: UUID) -> asyncpg.Record | None:
    """Find one delivery."""
    return await db.fetchrow(_ONE, delivery_id)


async def event(db: Database, complaint_id: UUID, sequence: int, agency: str | None) -> str | None:
    """Give an event in full, as JSON text.

    Args:
        db: Where.
        complaint_id: About which complaint.
        sequence: The event's place in its history.
        agency: Of which some endpoint must have been told; None: whoever was.
    """
    body: bytes | None = await db.fetchval(_EVENT, complaint_id, sequence, agency)
    return None if body is None else body.decode()


async def replay(tx: Tx, delivery_id: UUID) -> bool:
    """Start a finished delivery over; False if it isn't finished."""
    return bool(await tx.conn.fetchval(_REPLAY, tx.now, delivery_id))


async def replay_all(tx: Tx, wanted: Wanted, after: UUID | None, limit: int) -> list[UUID]:
    """Start finished deliveries over, the oldest first, from behind `after`; returns which."""
    args: list[object] = [tx.now, after, limit]
    rows = await tx.conn.fetch(
        f"{_START_OVER} WHERE state <> 'pending' AND delivery_id IN ("
        f"SELECT delivery_id FROM delivery WHERE {wanted.conditions(args)} AND state <> 'pending'"
        " AND ($2::uuid IS NULL OR delivery_id > $2) ORDER BY delivery_id LIMIT $3)"
        " RETURNING delivery_id",
        *args,
    )
    return sorted(row["delivery_id"] for row in rows)


async def count(db: Database, wanted: Wanted, after: UUID | None) -> int:
    """Count what `replay_all` would start over, however many calls it took."""
    args: list[object] = [after]
    found: int = await db.fetchval(
        f"SELECT count(*) FROM delivery WHERE {wanted.conditions(args)} AND state <> 'pending'"
        " AND ($1::uuid IS NULL OR delivery_id > $1)",
        *args,
    )
    return found


def _first_id(at: datetime) -> UUID:
    """Give the least delivery id of an event at an instant: ids begin with its milliseconds."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=max(0, min(milliseconds, (1 << 48) - 1)) << 80)
