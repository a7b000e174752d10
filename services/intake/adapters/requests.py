"""Published complaints in PostgreSQL.

Every list is read in order from one index, so that a page costs what it holds and what it
passes over, whatever is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.decide.open311 import Published

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.intake.decide.open311 import Publication
    from services.intake.decide.open311_query import Filter
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

_ADD = """
    INSERT INTO intake.published_request (complaint_id, changed_at, is_open311, service_code,
        requested_at, latitude, longitude, district, street, description)
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::boolean[], $4::text[],
        $5::timestamptz[], $6::double precision[], $7::double precision[], $8::text[], $9::text[],
        $10::text[])
"""

#: Facts of one complaint may be told out of their time's order: the latest moment counts.
_KEEP_UP = """
    UPDATE intake.published_request p SET is_closed = r.ended_at IS NOT NULL,
        changed_at = coalesce(r.ended_at, greatest(p.changed_at, r.changed_at))
    FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[])
        AS r (complaint_id, changed_at, ended_at)
    WHERE p.complaint_id = r.complaint_id
"""

_COLUMNS = """
    p.complaint_id, p.service_code, p.requested_at, p.changed_at, p.is_closed, p.latitude,
    p.longitude, p.district, p.street, p.description, v.status, v.expected_at, v.timeline
"""

_BY_IDS = f"""
    SELECT {_COLUMNS} FROM intake.published_request p
    LEFT JOIN intake.view v USING (complaint_id)
    WHERE p.complaint_id = ANY($1::uuid[]) AND p.is_open311 = ANY($2::boolean[])
    ORDER BY p.requested_at DESC, p.complaint_id DESC
"""


def _list(instant: str, codes: str, is_of_code: str) -> str:
    """Write a list's statement: for each combination that is asked for, a run of an index."""
    return f"""
        WITH found AS MATERIALIZED (
            SELECT one.complaint_id, one.at
            FROM unnest($1::boolean[]) AS o (is_open311)
            CROSS JOIN unnest($2::boolean[]) AS s (is_closed) {codes}
            CROSS JOIN LATERAL (
                SELECT p.complaint_id, p.{instant} AS at FROM intake.published_request p
                WHERE p.is_open311 = o.is_open311 AND p.is_closed = s.is_closed {is_of_code}
                  AND p.{instant} BETWEEN $3 AND $4
                ORDER BY p.{instant} DESC, p.complaint_id DESC LIMIT $5::bigint + $6::bigint
            ) one
            ORDER BY one.at DESC, one.complaint_id DESC OFFSET $5::bigint LIMIT $6::bigint
        )
        SELECT {_COLUMNS} FROM found JOIN intake.published_request p USING (complaint_id)
        LEFT JOIN intake.view v USING (complaint_id)
        ORDER BY found.at DESC, complaint_id DESC
    """


_LISTS = {
    (by, has_codes): _list(
        instant,
        "CROSS JOIN unnest($7::text[]) AS c (code)" if has_codes else "",
        "AND p.service_code = c.code" if has_codes else "",
    )
    for by, instant in (("requested", "requested_at"), ("changed", "changed_at"))
    for has_codes in (False, True)
}


async def publish(tx: Tx, rows: Sequence[tuple[UUID, Publication]]) -> None:
    """Publish complaints that have just been accepted."""
    written = [(complaint_id, tx.now, *publication) for complaint_id, publication in rows]
    await tx.conn.execute(_ADD, *zip(*written, strict=True))


async def keep_up(tx: Tx, rows: Sequence[tuple[UUID, datetime | None, datetime | None]]) -> None:
    """Let what is published follow the public view.

    Args:
        tx: The transaction in which the view changes.
        rows: Complaint, its latest moment, and when it ended; those never published are
            passed over.
    """
    if rows:
        await tx.conn.execute(_KEEP_UP, *zip(*rows, strict=True))


async def listed(db: Database, asked: Filter, sources: Sequence[bool]) -> list[Published]:
    """Read a page of the list.

    Args:
        db: Where.
        asked: The filter; its `ids` don't count here.
        sources: Which complaints the city lists: True those of Open311, False all others.
    """
    values: list[Any] = [
        sources,
        asked.states,
        asked.since,
        asked.until,
        asked.offset,
        asked.limit,
    ]
    if asked.codes:
        values.append(asked.codes)
    rows = await db.fetch(_LISTS[asked.by, bool(asked.codes)], *values)
    return [_published(row) for row in rows]


async def by_ids(db: Database, ids: Sequence[UUID], sources: Sequence[bool]) -> list[Published]:
    """Read published complaints by their ids; `sources` as in `listed`."""
    return [_published(row) for row in await db.fetch(_BY_IDS, ids, sources)]


def _published(row: asyncpg.Record) -> Published:
    values = dict(row)
    return Published(**values | {"timeline": values["timeline"] or []})
