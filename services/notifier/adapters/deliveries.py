"""Deliveries in SQL: claim what is due, record what came of it, look it up, replay it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.notifier.decide import LEASE, Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import asyncpg

    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: Endpoint by endpoint, so that a million rows of a dead one never hide another's; of a complaint
#: only the lowest undelivered event, so that order is kept.
_CLAIM = """
    WITH due AS (
        SELECT f.* FROM unnest($1::uuid[], $2::int[]) AS w (endpoint_id, room)
        CROSS JOIN LATERAL (
            SELECT d.complaint_id, d.endpoint_id, d.sequence FROM delivery d
            WHERE d.endpoint_id = w.endpoint_id AND d.state = 'pending' AND d.due_at <= $3
              AND NOT EXISTS (
                  SELECT FROM delivery p WHERE p.complaint_id = d.complaint_id
                  AND p.endpoint_id = d.endpoint_id AND p.sequence < d.sequence
                  AND p.state = 'pending')
            ORDER BY d.due_at, d.sequence LIMIT w.room FOR UPDATE SKIP LOCKED
        ) AS f
    )
    UPDATE delivery d SET due_at = $4 FROM due, event e
    WHERE (d.complaint_id, d.endpoint_id, d.sequence)
        = (due.complaint_id, due.endpoint_id, due.sequence)
      AND e.complaint_id = d.complaint_id AND e.sequence = d.sequence
    RETURNING d.complaint_id, d.endpoint_id, d.sequence, d.delivery_id, d.event_id, d.event_type,
              d.attempts + 1, e.body, d.replays
"""
#: An attempt counts once. What was delivered counts even if the lease had run out and another
#: process has counted its own attempt meanwhile.
_RECORD = """
    UPDATE delivery d
    SET state = o.state, attempts = o.attempts, due_at = coalesce(o.due_at, d.due_at),
        finished_at = CASE WHEN o.state <> 'pending' THEN $8::timestamptz END,
        history = d.history || o.entry
    FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::text[], $6::timestamptz[],
                $7::jsonb[])
        AS o (complaint_id, endpoint_id, sequence, attempts, state, due_at, entry)
    WHERE d.complaint_id = o.complaint_id AND d.endpoint_id = o.endpoint_id
      AND d.sequence = o.sequence AND d.state = 'pending'
      AND (d.attempts = o.attempts - 1 OR o.state = 'delivered')
    RETURNING d.delivery_id
"""
#: What comes after a failed one isn't looked at before it.
_HOLD = """
    UPDATE delivery d SET due_at = o.due_at
    FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::timestamptz[])
        AS o (complaint_id, endpoint_id, sequence, due_at)
    WHERE d.complaint_id = o.complaint_id AND d.endpoint_id = o.endpoint_id
      AND d.sequence > o.sequence AND d.state = 'pending' AND d.due_at <> o.due_at
"""
_RELEASE = """
    UPDATE delivery d SET due_at = o.due_at
    FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::timestamptz[])
        AS o (complaint_id, endpoint_id, sequence, attempts, due_at)
    WHERE d.complaint_id = o.complaint_id AND d.endpoint_id = o.endpoint_id
      AND d.sequence = o.sequence AND d.state = 'pending' AND d.attempts = o.attempts
"""
_COLUMNS = """
    delivery_id, complaint_id, endpoint_id, sequence, event_id, event_type, state, attempts,
    replays, due_at, finished_at, history
"""
_LIST = f"""
    SELECT {_COLUMNS} FROM delivery
    WHERE ($1::uuid IS NULL OR endpoint_id = $1) AND ($2::uuid IS NULL OR complaint_id = $2)
      AND ($3::text IS NULL OR state = $3) AND ($4::uuid IS NULL OR delivery_id < $4)
      AND ($5::uuid[] IS NULL OR endpoint_id = ANY($5))
    ORDER BY delivery_id DESC LIMIT $6
"""
_ONE = f"SELECT {_COLUMNS} FROM delivery WHERE delivery_id = $1"
_REPLAY = """
    UPDATE delivery
    SET state = 'pending', attempts = 0, replays = replays + 1, due_at = $2, finished_at = NULL
    WHERE delivery_id = ANY($1::uuid[]) AND state <> 'pending' RETURNING delivery_id
"""
_REPLAY_OF = """
    UPDATE delivery
    SET state = 'pending', attempts = 0, replays = replays + 1, due_at = $3, finished_at = NULL
    WHERE delivery_id IN (
        SELECT delivery_id FROM delivery WHERE endpoint_id = $1 AND state = $2
        ORDER BY delivery_id LIMIT $4)
    RETURNING delivery_id
"""
_TOTALS = "SELECT state, count(*) FROM delivery GROUP BY state"
_FORGET = """
    WITH old AS (
        DELETE FROM delivery WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM delivery WHERE delivery_id < $1 AND state <> 'pending'
            ORDER BY delivery_id LIMIT $2))
        RETURNING complaint_id, endpoint_id, sequence
    ), bodies AS (
        DELETE FROM event e USING old
        WHERE e.complaint_id = old.complaint_id AND e.sequence = old.sequence
          AND NOT EXISTS (
              SELECT FROM delivery d WHERE d.complaint_id = e.complaint_id
              AND d.sequence = e.sequence
              AND (d.endpoint_id, d.sequence) NOT IN (
                  SELECT endpoint_id, sequence FROM old o WHERE o.complaint_id = e.complaint_id))
    )
    SELECT count(*) FROM old
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt changes in its row.

    Attributes:
        job: Which attempt.
        state: `pending`, `delivered` or `failed` from now on.
        due_at: The next attempt's instant while it is pending.
        entry: What `history` keeps of it.
    """

    job: Job
    state: str
    due_at: datetime | None
    entry: dict[str, Any]


async def claim(tx: Tx, room: Mapping[UUID, int]) -> list[Job]:
    """Take due deliveries under a lease, up to so many of each endpoint."""
    rows = await tx.conn.fetch(_CLAIM, list(room), list(room.values()), tx.now, tx.now + LEASE)
    return [Job(*row) for row in rows]


async def record(tx: Tx, outcomes: Sequence[Outcome]) -> set[UUID]:
    """Write outcomes; returns the ids of those that counted."""
    rows = [
        (
            o.job.complaint_id,
            o.job.endpoint_id,
            o.job.sequence,
            o.job.attempt,
            o.state,
            o.due_at,
            o.entry,
        )
        for o in outcomes
    ]
    counted = await tx.conn.fetch(_RECORD, *zip(*rows, strict=True), tx.now)
    held = [
        (o.job.complaint_id, o.job.endpoint_id, o.job.sequence, o.due_at)
        for o in outcomes
        if o.state == "pending"
    ]
    if held:
        await tx.conn.execute(_HOLD, *zip(*held, strict=True))
    return {row["delivery_id"] for row in counted}


async def release(tx: Tx, jobs: Iterable[tuple[Job, datetime | None]]) -> None:
    """Give up the lease of deliveries that weren't attempted; anybody may try from then on."""
    rows = [
        (j.complaint_id, j.endpoint_id, j.sequence, j.attempt - 1, due_at or tx.now)
        for j, due_at in jobs
    ]
    if rows:
        await tx.conn.execute(_RELEASE, *zip(*rows, strict=True))


async def page(
    db: Database,
    *,
    endpoint_id: UUID | None,
    complaint_id: UUID | None,
    state: str | None,
    before: UUID | None,
    only: list[UUID] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """List deliveries, the newest first, from behind `before`."""
    return await db.fetch(_LIST, endpoint_id, complaint_id, state, before, only, limit)


async def find(db: Database, delivery_id: UUID) -> asyncpg.Record | None:
    """Find one delivery."""
    return await db.fetchrow(_ONE, delivery_id)


async def replay(tx: Tx, delivery_id: UUID) -> bool:
    """Start a finished delivery over; False if it isn't finished."""
    return bool(await tx.conn.fetch(_REPLAY, [delivery_id], tx.now))


async def replay_all(tx: Tx, endpoint_id: UUID, state: str, limit: int) -> int:
    """Start an endpoint's deliveries in a state over, the oldest first; returns how many."""
    return len(await tx.conn.fetch(_REPLAY_OF, endpoint_id, state, tx.now, limit))


async def totals(db: Database) -> dict[str, int]:
    """Count deliveries by state."""
    return {row["state"]: row["count"] for row in await db.fetch(_TOTALS)}


async def forget_before(db: Database, at: datetime, limit: int = 5_000) -> int:
    """Delete finished deliveries of events before an instant; returns how many."""
    oldest = UUID(int=int(at.timestamp() * 1000) << 80)
    forgotten: int = await db.fetchval(_FORGET, oldest, limit)
    return forgotten
