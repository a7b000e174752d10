"""Complaints in PostgreSQL: what is known already, what repeats, what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.intake.adapters.clusters import locks_of
from services.intake.decide.duplicates import Known
from services.intake.decide.likeness import NOTHING, unpack
from services.intake.decide.repeats import EARLIER_WITHIN, SAME_WORDS_WITHIN, Trace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.intake.decide.duplicates import Alias
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: What stands under Idempotency-Keys and under pairs of a system and its id.
_KNOWN = """
    SELECT 'key' AS kind, k.scope AS owner, k.key AS name, k.body_hash, k.answer_id, c.number
    FROM unnest($1::text[], $2::text[]) AS asked (scope, key)
    JOIN intake.idempotency_key k USING (scope, key)
    LEFT JOIN intake.complaint c ON c.complaint_id = k.answer_id
    UNION ALL
    SELECT 'pair', c.origin, c.external_id, c.body_hash, c.complaint_id, c.number
    FROM unnest($3::text[], $4::text[]) AS asked (origin, external_id)
    JOIN intake.complaint c USING (origin, external_id)
    WHERE c.external_id IS NOT NULL
"""

_NUMBERS = "SELECT nextval('intake.complaint_number') FROM generate_series(1, $1)"

#: Numbers drawn at once: at the most so many are lost with a process.
_NUMBERS_DRAWN = 100

#: What each new complaint may repeat: the same words, and the person's latest twenty, which
#: bounds the work for somebody who calls every day. Streets are locked (see `clusters`) so
#: that the next statement sees all that others have told of them.
_EARLIER = """
    WITH held AS MATERIALIZED (
        SELECT pg_advisory_xact_lock($6, lock) FROM unnest($7::int[]) AS l (lock)
    ), asked AS MATERIALIZED (
        SELECT * FROM unnest($1::text[], $2::bytea[], $3::timestamptz[])
            WITH ORDINALITY AS a (reporter, fingerprint, received_at, ordinal)
    )
    SELECT asked.ordinal, found.*, (SELECT count(*) FROM held) AS held
    FROM asked LEFT JOIN LATERAL (
        SELECT c.complaint_id, c.number, c.origin, c.external_id, c.fingerprint, c.category,
            c.street, c.received_at, c.sketch, v.closed_at IS NULL AS is_open
        FROM (
            (SELECT c.* FROM intake.complaint c
             WHERE c.reporter = asked.reporter AND c.fingerprint = asked.fingerprint
               AND c.received_at BETWEEN asked.received_at - $4::interval AND asked.received_at
               AND c.repeat_of IS NULL
             ORDER BY c.received_at DESC LIMIT 5)
            UNION ALL
            (SELECT c.* FROM intake.complaint c
             WHERE c.reporter = asked.reporter
               AND c.received_at BETWEEN asked.received_at - $5::interval AND asked.received_at
               AND c.repeat_of IS NULL
             ORDER BY c.received_at DESC LIMIT 20)
        ) c LEFT JOIN intake.view v USING (complaint_id)
        WHERE v.withdrawn_at IS NULL
    ) found ON asked.reporter IS NOT NULL
    ORDER BY asked.ordinal
"""

_ADD = """
    INSERT INTO intake.complaint (complaint_id, number, accepted_at, received_at, body_hash,
        origin, external_id, reporter, fingerprint, category, street, repeat_of, community, sketch,
        cluster_id)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[],
        $5::bytea[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::text[], $11::text[],
        $12::uuid[], $13::text[], $14::bytea[], $15::uuid[])
    ON CONFLICT (origin, external_id) WHERE external_id IS NOT NULL DO NOTHING
"""

#: What is known of a complaint once it was read; the rest of its row stands since it was kept.
_FILL = """
    UPDATE intake.complaint c SET reporter = r.reporter, fingerprint = r.fingerprint,
        category = r.category, street = r.street, repeat_of = r.repeat_of,
        community = r.community, sketch = r.sketch, cluster_id = r.cluster_id
    FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::uuid[],
        $7::text[], $8::bytea[], $9::uuid[])
        AS r (complaint_id, reporter, fingerprint, category, street, repeat_of, community,
            sketch, cluster_id)
    WHERE c.complaint_id = r.complaint_id
"""
_FILLED = (0, 7, 8, 9, 10, 11, 12, 13, 14)

_NAME = """
    INSERT INTO intake.idempotency_key (scope, key, body_hash, answer_id, created_at)
    SELECT *, $5 FROM unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[])
    ON CONFLICT (scope, key) DO NOTHING
"""

_FORGET = "DELETE FROM intake.idempotency_key WHERE created_at < now() - interval '7 days'"

_TOTAL = """
    SELECT count(*) FROM intake.complaint WHERE $1::text IS NULL OR origin = $1
"""


#: Names the locks of streets among all advisory locks of the database.
_STREETS = 0x57_48_53


class RacedError(Exception):
    """Another instance has just taken one of the aliases; the batch must look again."""


class Row(NamedTuple):
    """A complaint as it is stored."""

    complaint_id: UUID
    number: str
    accepted_at: datetime
    received_at: datetime
    body_hash: bytes
    origin: str | None
    external_id: str | None
    reporter: str | None
    fingerprint: bytes
    category: str | None
    street: str | None
    repeat_of: UUID | None
    community: str | None
    sketch: bytes | None
    cluster_id: UUID | None


class KeyRow(NamedTuple):
    """An Idempotency-Key as it is stored."""

    scope: str
    key: str
    body_hash: bytes
    answer_id: UUID


async def find_known(tx: Tx, aliases: Sequence[Alias]) -> dict[Alias, Known]:
    """Find what stands under aliases."""
    keys = [alias for alias in aliases if alias[0] == "key"]
    pairs = [alias for alias in aliases if alias[0] == "pair"]
    rows = await tx.conn.fetch(
        _KNOWN,
        [key[1] for key in keys],
        [key[2] for key in keys],
        [pair[1] for pair in pairs],
        [pair[2] for pair in pairs],
    )
    return {
        (row["kind"], row["owner"], row["name"]): Known(
            row["body_hash"], row["answer_id"], row["number"]
        )
        for row in rows
    }


class Numbers:
    """Numbers for new complaints, drawn many at a time; what isn't used in the end leaves a gap."""

    def __init__(self) -> None:
        """Begin with none."""
        self._drawn: list[int] = []

    async def take(self, conn: asyncpg.Connection | Database, count: int) -> list[int]:
        """Take so many, drawing more if there aren't enough."""
        while len(self._drawn) < count:
            rows = await conn.fetch(_NUMBERS, max(count, _NUMBERS_DRAWN))
            self._drawn += [row[0] for row in rows]
        taken, self._drawn = self._drawn[:count], self._drawn[count:]
        return taken


async def find_earlier(tx: Tx, traces: Sequence[Trace]) -> list[list[Trace]]:
    """Find what each new complaint may repeat, none of it a repeat itself; hold its street."""
    rows = await tx.conn.fetch(
        _EARLIER,
        [trace.reporter for trace in traces],
        [trace.fingerprint for trace in traces],
        [trace.received_at for trace in traces],
        SAME_WORDS_WITHIN,
        EARLIER_WITHIN,
        _STREETS,
        locks_of(traces),
    )
    earlier: list[dict[UUID, Trace]] = [{} for _ in traces]
    for row in rows:
        index = row["ordinal"] - 1
        if row["complaint_id"] is not None:
            earlier[index][row["complaint_id"]] = _earlier(row, traces[index])
    return [list(found.values()) for found in earlier]


def _earlier(row: asyncpg.Record, new: Trace) -> Trace:
    # An id counts only within its system: two systems may both have a number 20261124.
    is_one_system = row["origin"] is not None and row["origin"] == new.origin
    names = {row["number"], row["external_id"] if is_one_system else None}
    return Trace(
        row["complaint_id"],
        new.reporter,
        row["fingerprint"],
        row["category"],
        row["street"],
        row["received_at"],
        is_open=row["is_open"],
        sketch=unpack(row["sketch"]) if row["sketch"] else NOTHING,
        names=frozenset(name.upper() for name in names if name),
    )


async def add(tx: Tx, rows: Sequence[Row]) -> None:
    """Store new complaints.

    Raises:
        RacedError: Another instance has stored one of the pairs since `find_known`.
    """
    # One order of pairs for all instances: no deadlock.
    ordered = sorted(rows, key=lambda row: (row.origin or "", row.external_id or ""))
    status: str = await tx.conn.execute(_ADD, *zip(*ordered, strict=True))
    _all_stored(status, len(rows))


async def fill(tx: Tx, rows: Sequence[Row]) -> None:
    """Add what was understood to rows of complaints that were kept unread."""
    columns = list(zip(*sorted(rows), strict=True))
    await tx.conn.execute(_FILL, *(columns[index] for index in _FILLED))


async def name(tx: Tx, rows: Sequence[KeyRow]) -> None:
    """Let Idempotency-Keys lead to answers.

    Raises:
        RacedError: Another instance has stored one of the keys since `find_known`.
    """
    status: str = await tx.conn.execute(_NAME, *zip(*sorted(rows), strict=True), tx.now)
    _all_stored(status, len(rows))


def _all_stored(status: str, expected: int) -> None:
    if status != f"INSERT 0 {expected}":
        raise RacedError


async def forget_keys(db: Database) -> None:
    """Delete Idempotency-Keys that nobody will send again after a week."""
    await db.execute(_FORGET)


async def total(db: Database, origin: str | None) -> int:
    """Count the complaints received, all or of one origin."""
    count: int = await db.fetchval(_TOTAL, origin)
    return count
