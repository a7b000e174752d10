"""Notices in SQL: planned, made into messages, recorded, looked up, forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifier.decide import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.notifier.decide import Told
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

_PLAN = """
    INSERT INTO notice (complaint_id, notice, occurrence, notice_id, cause_id, reporter, language,
                        number, said, planned_at, due_at, sequence)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::uuid[], $5::uuid[], $6::text[],
                         $7::text[], $8::text[], $9::jsonb[], $10::timestamptz[],
                         $11::timestamptz[], $12::int[])
    ON CONFLICT DO NOTHING
"""
_COLUMNS = """
    complaint_id, notice, occurrence, cause_id, reporter, language, number, said, planned_at,
    due_at, attempts, channel, sequence
"""
#: Of a message only the notice that leads it: two processes never get parts of one.
_IS_DUE = "state = 'pending' AND due_at <= $1 AND (message_id IS NULL OR message_id = notice_id)"
_DUE = f"""
    SELECT {_COLUMNS}, message_id FROM notice
    WHERE {_IS_DUE} AND (channel IS NULL OR channel <> ALL($3::text[]))
      AND ($4::text[] IS NULL OR notice = ANY($4))
    ORDER BY due_at, complaint_id, sequence LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_WAITING = f"""
    SELECT {_COLUMNS}, message_id FROM notice
    WHERE state = 'pending' AND message_id IS NULL AND reporter = ANY($1::text[])
      AND notice_id <> ALL($2::uuid[])
    ORDER BY planned_at, sequence FOR UPDATE SKIP LOCKED
"""
_FOLLOWING = f"""
    SELECT {_COLUMNS}, message_id FROM notice
    WHERE state = 'pending' AND message_id = ANY($1::uuid[]) AND message_id <> notice_id
    ORDER BY planned_at, sequence
"""
_HOLD = f"""
    UPDATE notice SET due_at = $2 WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM notice WHERE {_IS_DUE} AND notice <> ALL($3::text[])
        ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED))
"""
_LEASE = """
    UPDATE notice n SET due_at = $5, message_id = m.message_id
    FROM unnest($1::uuid[], $2::text[], $3::int[], $4::uuid[])
        AS m (complaint_id, notice, occurrence, message_id)
    WHERE (n.complaint_id, n.notice, n.occurrence) = (m.complaint_id, m.notice, m.occurrence)
"""
#: Whose lease ran out records nothing, unless the person was told.
_RECORD = """
    UPDATE notice n
    SET state = t.state, due_at = t.due_at, attempts = t.attempts, channel = t.channel,
        reason = t.reason, finished_at = CASE WHEN t.state <> 'pending' THEN $10::timestamptz END
    FROM unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[], $5::text[],
                $6::timestamptz[], $7::int[], $8::text[], $9::text[])
        AS t (complaint_id, notice, occurrence, lease, state, due_at, attempts, channel, reason)
    WHERE (n.complaint_id, n.notice, n.occurrence) = (t.complaint_id, t.notice, t.occurrence)
      AND n.state = 'pending' AND (n.due_at = t.lease OR t.state = 'sent')
    RETURNING n.notice_id
"""
_LISTED = """
    notice_id, complaint_id, notice, occurrence, state, reason, channel, attempts, planned_at,
    due_at, finished_at
"""
_FORGET = """
    DELETE FROM notice WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM notice WHERE finished_at < $1 ORDER BY finished_at LIMIT $2))
"""


async def plan(tx: Tx, notices: Sequence[Notice]) -> None:
    """Write notices; one that is there already stays as it is."""
    rows = [
        (
            n.complaint_id,
            n.notice,
            n.occurrence,
            n.notice_id,
            n.cause_id,
            n.reporter,
            n.language,
            n.number,
            n.said,
            n.planned_at,
            n.due_at,
            n.sequence,
        )
        for n in notices
    ]
    await tx.conn.execute(_PLAN, *zip(*rows, strict=True))


async def due(
    tx: Tx, limit: int, closed: Iterable[str] = (), only: Iterable[str] | None = None
) -> list[tuple[Notice, UUID | None]]:
    """Lock notices that are due, each with the message it leads, if it has been tried before.

    Args:
        tx: Takes the locks.
        limit: How many at the most.
        closed: Channels; what was tried by one of them isn't taken.
        only: Names of the notices to take; None: any.
    """
    names = None if only is None else list(only)
    rows = await tx.conn.fetch(_DUE, tx.now, limit, list(closed), names)
    return [_read(row) for row in rows]


async def waiting(tx: Tx, leading: Iterable[Notice]) -> list[Notice]:
    """Lock what else the same people are to be told and that is in no message yet."""
    reporters = list({n.reporter for n in leading})
    ids = [n.notice_id for n in leading]
    return [_read(row)[0] for row in await tx.conn.fetch(_WAITING, reporters, ids)]


async def following(tx: Tx, message_ids: Iterable[UUID]) -> list[tuple[Notice, UUID | None]]:
    """Find the notices of messages that have been tried before, the leading ones aside."""
    return [_read(row) for row in await tx.conn.fetch(_FOLLOWING, list(message_ids))]


def _read(row: asyncpg.Record) -> tuple[Notice, UUID | None]:
    *columns, message_id = row
    return Notice(*columns), message_id


async def hold(tx: Tx, until: datetime, exempt: Iterable[str], limit: int) -> None:
    """Put off what is due until an instant, the exempt aside; so many at the most."""
    await tx.conn.execute(_HOLD, tx.now, until, list(exempt), limit)


async def lease(tx: Tx, messages: Iterable[tuple[UUID, Sequence[Notice]]], until: datetime) -> None:
    """Make messages of notices, and keep them for this process until an instant."""
    rows = [
        (n.complaint_id, n.notice, n.occurrence, message_id)
        for message_id, notices in messages
        for n in notices
    ]
    if rows:
        await tx.conn.execute(_LEASE, *zip(*rows, strict=True), until)


async def record(tx: Tx, told: Iterable[tuple[Notice, Told]], lease_ends: datetime) -> set[UUID]:
    """Write what became of notices; returns the ids of those that counted."""
    rows = [
        (
            n.complaint_id,
            n.notice,
            n.occurrence,
            lease_ends,
            t.state,
            t.due_at,
            t.attempts,
            t.channel,
            t.reason,
        )
        for n, t in told
    ]
    counted = await tx.conn.fetch(_RECORD, *zip(*rows, strict=True), tx.now)
    return {row["notice_id"] for row in counted}


async def page(
    db: Database,
    *,
    complaint_id: UUID | None,
    state: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """List notices, the newest first, from behind `before`.

    Only conditions that were asked for are written, so that each search has its own best plan.
    """
    args: list[object] = [limit]
    written = ["TRUE"]
    for column, value in (("complaint_id", complaint_id), ("state", state)):
        if value is not None:
            args.append(value)
            written.append(f"{column} = ${len(args)}")
    if before is not None:
        args.extend(before)
        written.append(f"(planned_at, notice_id) < (${len(args) - 1}, ${len(args)})")
    return await db.fetch(
        f"SELECT {_LISTED} FROM notice WHERE {' AND '.join(written)}"
        " ORDER BY planned_at DESC, notice_id DESC LIMIT $1",
        *args,
    )


async def forget_before(db: Database, at: datetime, limit: int = 5_000) -> int:
    """Delete notices that were finished before an instant; returns how many."""
    status: str = await db.execute(_FORGET, at, limit)
    return int(status.rpartition(" ")[2])
