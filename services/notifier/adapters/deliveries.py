"""Deliveries in SQL: claim what is due, record what came of it, look it up, replay it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.notifier.decide import LEASE, Job

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from datetime import datetime

    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: Where a row is found by its key, `finished_at IS NULL` says that it is pending: `state` would let
#: the planner take `delivery_due`, which has all that an endpoint still waits for.
#: Endpoint by endpoint, so that a million rows of a dead one never hide another's; of a complaint
#: only the lowest undelivered event, so that order is kept, unless the endpoint wants none.
_CLAIM = """
    WITH due AS (
        SELECT f.* FROM unnest($1::uuid[], $2::int[], $5::bool[]) AS w (endpoint_id, room, is_any)
        CROSS JOIN LATERAL (
            SELECT d.complaint_id, d.endpoint_id, d.sequence FROM delivery d
            WHERE d.endpoint_id = w.endpoint_id AND d.state = 'pending' AND d.due_at <= $3
              AND (w.is_any OR NOT EXISTS (
                  SELECT FROM delivery p WHERE p.complaint_id = d.complaint_id
                  AND p.endpoint_id = d.endpoint_id AND p.sequence < d.sequence
                  AND p.finished_at IS NULL))
            ORDER BY d.due_at, d.sequence LIMIT w.room FOR UPDATE SKIP LOCKED
        ) AS f
    )
    UPDATE delivery d SET due_at = $4 FROM due, event e
    WHERE (d.complaint_id, d.endpoint_id, d.sequence)
        = (due.complaint_id, due.endpoint_id, due.sequence)
      AND e.complaint_id = d.complaint_id AND e.sequence = d.sequence AND e.payload = d.payload
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
      AND d.sequence = o.sequence AND d.finished_at IS NULL
      AND (d.attempts = o.attempts - 1 OR o.state = 'delivered')
    RETURNING d.delivery_id
"""
#: What comes after a failed one isn't looked at before it.
_HOLD = """
    UPDATE delivery d SET due_at = o.due_at
    FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::timestamptz[])
        AS o (complaint_id, endpoint_id, sequence, due_at)
    WHERE d.complaint_id = o.complaint_id AND d.endpoint_id = o.endpoint_id
      AND d.sequence > o.sequence AND d.finished_at IS NULL AND d.due_at <> o.due_at
"""
_RELEASE = """
    UPDATE delivery d SET due_at = o.due_at
    FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::timestamptz[])
        AS o (complaint_id, endpoint_id, sequence, attempts, due_at)
    WHERE d.complaint_id = o.complaint_id AND d.endpoint_id = o.endpoint_id
      AND d.sequence = o.sequence AND d.finished_at IS NULL AND d.attempts = o.attempts
"""
#: Endpoints that something waits for, and that are removed or switched off: hops from one to the
#: next, however much waits for each.
_NOBODYS = """
    WITH RECURSIVE waited (endpoint_id) AS (
        (SELECT endpoint_id FROM delivery WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.endpoint_id FROM delivery d
                WHERE d.state = 'pending' AND d.endpoint_id > w.endpoint_id
                ORDER BY d.endpoint_id LIMIT 1)
        FROM waited w WHERE w.endpoint_id IS NOT NULL
    )
    SELECT w.endpoint_id, n.endpoint_id IS NULL AS is_removed
    FROM waited w LEFT JOIN endpoint n USING (endpoint_id)
    WHERE w.endpoint_id IS NOT NULL AND n.is_enabled IS NOT TRUE
"""
#: Whatever somebody else has locked is left to the next round.
_CANCEL = """
    UPDATE delivery SET state = 'cancelled', finished_at = $2 WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM delivery WHERE endpoint_id = $1 AND state = 'pending'
        {} LIMIT $3 FOR UPDATE SKIP LOCKED))
    RETURNING delivery_id
"""
_CANCEL_ALL = _CANCEL.format("ORDER BY due_at")
_CANCEL_OLD = _CANCEL.format("AND delivery_id < $4 ORDER BY delivery_id")
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
        holds: What comes after it in the complaint waits as long.
    """

    job: Job
    state: str
    due_at: datetime | None
    entry: dict[str, Any]
    holds: bool = True


async def claim(
    tx: Tx, room: Mapping[UUID, int], *, unordered: Container[UUID] = frozenset()
) -> list[Job]:
    """Take due deliveries under a lease.

    Args:
        tx: The transaction.
        room: How many of which endpoint.
        unordered: Endpoints whose events needn't wait for those before them.
    """
    is_any = [endpoint_id in unordered for endpoint_id in room]
    lease_ends = tx.now + LEASE
    rows = await tx.conn.fetch(_CLAIM, list(room), list(room.values()), tx.now, lease_ends, is_any)
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
        if o.state == "pending" and o.holds
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


async def totals(db: Database) -> dict[str, int]:
    """Count deliveries by state."""
    return {row["state"]: row["count"] for row in await db.fetch(_TOTALS)}


async def cancel_nobodys(
    db: Database, now: datetime, before: datetime | None = None, limit: int = 5_000
) -> int:
    """Cancel what nobody will get: a part of it for each endpoint, so that no lock lasts.

    Args:
        db: Where.
        now: When they are finished.
        before: Of endpoints that are switched off, deliveries of events before; None: none.
        limit: How many of an endpoint.

    Returns:
        How many; there may be more.
    """
    cancelled = 0
    for row in await db.fetch(_NOBODYS):
        if row["is_removed"]:
            found = await db.fetch(_CANCEL_ALL, row["endpoint_id"], now, limit)
        elif before is not None:
            old = _first_id(before)
            found = await db.fetch(_CANCEL_OLD, row["endpoint_id"], now, limit, old)
        else:
            continue
        cancelled += len(found)
    return cancelled


async def forget_before(db: Database, at: datetime, limit: int = 5_000) -> int:
    """Delete finished deliveries of events before an instant; returns how many."""
    forgotten: int = await db.fetchval(_FORGET, _first_id(at), limit)
    return forgotten


def _first_id(at: datetime) -> UUID:
    """Give the least delivery id of an event at an instant: ids begin with its milliseconds."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
