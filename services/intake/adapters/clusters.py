"""Matters of a street in PostgreSQL: their first complaints, and how many people told of them.

Two transactions that both take in the first call about a burst pipe must not found two
clusters. So a transaction holds its streets from before it looks until it commits: some
milliseconds, once a batch, however many calls about one street it holds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zlib import crc32

from services.intake.decide.clusters import CLUSTER_WITHIN, Head
from services.intake.decide.likeness import unpack
from services.intake.decide.repeats import Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime
    from uuid import UUID

    import asyncpg

    from services.runtime.transaction import Tx

#: Heads looked at for each street and day: the newest, the newest of the same category, and the
#: clusters that somebody joined last. Few, for each costs 10 microseconds: an incident's calls
#: come close together, and once two agree their cluster stays in sight for seven days.
_HEADS = """
    SELECT c.complaint_id, c.reporter, c.fingerprint, c.category, c.street, c.community,
        c.received_at, c.sketch, k.size, k.last_at
    FROM (
        SELECT c.* FROM unnest($1::text[], $2::timestamptz[]) AS a (street, day), LATERAL (
            SELECT * FROM intake.complaint
            WHERE street = a.street
              AND received_at BETWEEN a.day - $6::interval AND a.day + $6::interval
              AND cluster_id IS NULL AND sketch IS NOT NULL
            ORDER BY received_at DESC LIMIT 6) c
        UNION ALL
        SELECT c.* FROM unnest($3::text[], $4::text[], $5::timestamptz[])
            AS a (street, category, day), LATERAL (
            SELECT * FROM intake.complaint
            WHERE street = a.street AND category = a.category
              AND received_at BETWEEN a.day - $6::interval AND a.day + $6::interval
              AND cluster_id IS NULL AND sketch IS NOT NULL
            ORDER BY received_at DESC LIMIT 6) c
    ) c LEFT JOIN LATERAL (
        -- One look-up each, never a scan of all clusters there have been.
        SELECT size, last_at FROM intake.cluster WHERE cluster_id = c.complaint_id OFFSET 0
    ) k ON true
    UNION ALL
    SELECT c.complaint_id, c.reporter, c.fingerprint, c.category, c.street, c.community,
        c.received_at, c.sketch, k.size, k.last_at
    FROM unnest($1::text[], $2::timestamptz[]) AS a (street, day), LATERAL (
        SELECT * FROM intake.cluster
        WHERE street = a.street AND last_at BETWEEN a.day - $6::interval AND a.day + $6::interval
        ORDER BY last_at DESC LIMIT 4) k
    JOIN intake.complaint c ON c.complaint_id = k.cluster_id
"""

#: The street is held, so nobody else has counted since the heads were read.
_GROW = """
    INSERT INTO intake.cluster (cluster_id, street, size, last_at)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[])
    ON CONFLICT (cluster_id) DO UPDATE SET size = excluded.size, last_at = excluded.last_at
"""


def locks_of(traces: Iterable[Trace]) -> list[int]:
    """Name the locks of the complaints' streets, in the one order that all take them in."""
    streets = {trace.street for trace in traces if trace.street}
    return sorted({crc32(street.encode()) - 2**31 for street in streets})


async def heads_near(tx: Tx, traces: Sequence[Trace]) -> list[Head]:
    """Read the matters that new complaints may share, oldest first; their streets are held."""
    days: dict[tuple[str, date], datetime] = {}
    kinds: dict[tuple[str, str, date], datetime] = {}
    for trace in traces:
        if not trace.street:
            continue
        date_ = trace.received_at.date()
        day = days.setdefault((trace.street, date_), trace.received_at)
        if trace.category:
            kinds[trace.street, trace.category, date_] = day
    if not days:
        return []
    rows = await tx.conn.fetch(
        _HEADS,
        [street for street, _ in days],
        [*days.values()],
        [street for street, _, _ in kinds],
        [category for _, category, _ in kinds],
        [*kinds.values()],
        # Around the first of the day: whatever is further off is left out by `Street`.
        CLUSTER_WITHIN + timedelta(days=1),
    )
    heads = {row["complaint_id"]: _head(row) for row in rows}
    return sorted(heads.values(), key=lambda head: head.trace.received_at)


def _head(row: asyncpg.Record) -> Head:
    trace = Trace(
        row["complaint_id"],
        row["reporter"],
        row["fingerprint"],
        row["category"],
        row["street"],
        row["received_at"],
        community=row["community"],
        sketch=unpack(row["sketch"]),
    )
    return Head(trace, row["size"] or 1, row["last_at"])


async def grow(tx: Tx, heads: Iterable[Head]) -> None:
    """Store how many people have told of matters: one row each, once a batch."""
    rows: list[tuple[UUID, str | None, int, object]] = [
        (head.trace.complaint_id, head.trace.street, head.size, head.last_at) for head in heads
    ]
    if rows:
        await tx.conn.execute(_GROW, *zip(*rows, strict=True))
