"""What a reader remembers: offsets, sequences, parked events and dead letters, in SQL.

Everything here runs inside the transaction of the batch it belongs to.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.events import decode
from services.runtime import telemetry
from services.runtime.arrivals import Arrival
from services.runtime.bus import Outgoing, Partition, Record
from services.runtime.errors import FencedError
from services.runtime.ids import child_id, new_id
from services.runtime.outbox import pack_headers, unpack_headers
from services.runtime.transaction import OutboxRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg

    from services.runtime.apply import Turn
    from services.runtime.arrivals import DeadLetter
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: How long an event may wait for what comes before it, before a person is asked.
PARKED_MAX = timedelta(hours=24)

#: A parked event is tried again after a second, then ever later, up to a minute.
_RETRY_FIRST = timedelta(seconds=1)

_START_OFFSETS = """
    INSERT INTO consumed_offset (topic, partition, next_offset)
    SELECT topic, partition, 0 FROM unnest($1::text[], $2::int[]) AS a (topic, partition)
    ON CONFLICT DO NOTHING
"""
_OFFSETS = """
    SELECT topic, partition, next_offset FROM consumed_offset
    JOIN unnest($1::text[], $2::int[]) AS a (topic, partition) USING (topic, partition)
"""
_ADVANCE = """
    UPDATE consumed_offset c SET next_offset = a.next
    FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[])
        AS a (topic, partition, held, next)
    WHERE c.topic = a.topic AND c.partition = a.partition AND c.next_offset = a.held
"""
_SEEN = "SELECT key, source, last_sequence FROM consumed_sequence WHERE key = ANY($1::uuid[])"
_SET_SEEN = """
    WITH a AS (
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[])
            AS a (key, source, held, next)
    ), moved AS (
        UPDATE consumed_sequence c SET last_sequence = a.next FROM a
        WHERE a.held > 0 AND c.key = a.key AND c.source = a.source AND c.last_sequence = a.held
        RETURNING 1
    ), begun AS (
        INSERT INTO consumed_sequence (key, source, last_sequence)
        SELECT key, source, next FROM a WHERE held = 0
        ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT (SELECT count(*) FROM moved) + (SELECT count(*) FROM begun)
"""
_COLUMNS = 'key, source, sequence, topic, partition, "offset", body, headers'
_PARKED = f"SELECT {_COLUMNS}, parked_at, attempts FROM parked WHERE key = ANY($1::uuid[])"
_PARK = f"""
    INSERT INTO parked ({_COLUMNS}, reason, parked_at, retry_at, expires_at)
    SELECT a.*, $10::timestamptz, $11::timestamptz, $12::timestamptz
    FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::int[], $6::bigint[], $7::bytea[],
                $8::bytea[], $9::text[]) AS a
    ON CONFLICT (key, source, sequence) DO UPDATE SET reason = excluded.reason
"""
_UNPARK = """
    DELETE FROM parked p
    USING unnest($1::uuid[], $2::text[], $3::int[]) AS a (key, source, sequence)
    WHERE p.key = a.key AND p.source = a.source AND p.sequence = a.sequence
"""
_PUT_OFF = """
    UPDATE parked SET attempts = attempts + 1,
        retry_at = $2::timestamptz + interval '1 second' * least(60, 2 ^ least(attempts, 6))
    WHERE key = ANY($1::uuid[])
"""
_DUE_PARKED = """
    SELECT DISTINCT key FROM (
        SELECT key FROM parked WHERE retry_at <= $1 ORDER BY retry_at LIMIT 500
    ) AS due ORDER BY key
"""
_BURY = """
    INSERT INTO dead_letter (id, topic, partition, "offset", record_key, body, headers, key, source,
                             sequence, code, message, attempts, first_failed_at)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::bytea[], $6::bytea[],
        $7::bytea[], $8::uuid[], $9::text[], $10::int[], $11::text[], $12::text[], $13::int[],
        $14::timestamptz[])
    ON CONFLICT (topic, partition, "offset") DO UPDATE
    SET state = 'open', settled_at = NULL, attempts = dead_letter.attempts + 1,
        code = excluded.code, message = excluded.message
"""


async def start_offsets(db: Database, partitions: Sequence[Partition]) -> dict[Partition, int]:
    """Say where to read on, making a beginning for partitions never read."""
    columns = [p.topic for p in partitions], [p.number for p in partitions]
    await db.execute(_START_OFFSETS, *columns)
    return {Partition(t, n): at for t, n, at in await db.fetch(_OFFSETS, *columns)}


async def advance(tx: Tx, held: Mapping[Partition, int], to: Mapping[Partition, int]) -> None:
    """Move the offsets, comparing and setting.

    Raises:
        FencedError: Another instance moved one meanwhile; this batch isn't ours.
    """
    names = sorted(to)
    done = await tx.conn.execute(
        _ADVANCE,
        [p.topic for p in names],
        [p.number for p in names],
        [held[p] for p in names],
        [to[p] for p in names],
    )
    if done != f"UPDATE {len(names)}":
        raise FencedError("another instance has moved the offset")


async def seen(tx: Tx, keys: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    """Give the last numbers applied, per complaint and writer."""
    return {(k, source): n for k, source, n in await tx.conn.fetch(_SEEN, keys)}


async def set_seen(
    tx: Tx, before: Mapping[tuple[UUID, str], int], after: Mapping[tuple[UUID, str], int]
) -> None:
    """Record the last numbers applied, comparing and setting.

    Raises:
        FencedError: Somebody else applied an event of the same history meanwhile.
    """
    moved = sorted(name for name, last in after.items() if before.get(name, 0) != last)
    if not moved:
        return
    done = await tx.conn.fetchval(
        _SET_SEEN,
        [key for key, _ in moved],
        [source for _, source in moved],
        [before.get(name, 0) for name in moved],
        [after[name] for name in moved],
    )
    if done != len(moved):
        raise FencedError("another instance has applied the same event")


async def parked(tx: Tx, keys: Sequence[UUID]) -> list[Arrival]:
    """Give what waits for these complaints."""
    return [_arrival(row) for row in await tx.conn.fetch(_PARKED, keys)]


def _arrival(row: asyncpg.Record) -> Arrival:
    record = Record(
        Partition(row["topic"], row["partition"]),
        row["offset"],
        str(row["key"]).encode(),
        row["body"],
        unpack_headers(row["headers"]),
    )
    return Arrival(record, decode(row["body"]), row["parked_at"], row["attempts"])


async def park(tx: Tx, arrivals: Mapping[Turn, Arrival], reasons: Mapping[Turn, str]) -> None:
    """Set aside what came too early."""
    turns = sorted(turn for turn, arrival in arrivals.items() if arrival.parked_at is None)
    if not turns:
        return
    records = [arrivals[turn].record for turn in turns]
    for turn in turns:
        telemetry.PARKED.labels(reasons[turn]).inc()
    await tx.conn.execute(
        _PARK,
        *([turn[i] for turn in turns] for i in range(3)),
        [r.partition.topic for r in records],
        [r.partition.number for r in records],
        [r.offset for r in records],
        [r.body for r in records],
        [pack_headers(r.headers) for r in records],
        [reasons[turn] for turn in turns],
        tx.now,
        tx.now + _RETRY_FIRST,
        tx.now + PARKED_MAX,
    )


async def unpark(tx: Tx, turns: Sequence[Turn]) -> None:
    """Forget what has had its turn."""
    if turns:
        await tx.conn.execute(_UNPARK, *([turn[i] for turn in turns] for i in range(3)))


async def due_parked(tx: Tx) -> list[UUID]:
    """Name complaints whose parked events should be tried again, 500 events at the most."""
    return [row["key"] for row in await tx.conn.fetch(_DUE_PARKED, tx.now)]


async def put_off(tx: Tx, keys: Sequence[UUID]) -> None:
    """Try what still waits again later, each time twice as much later."""
    await tx.conn.execute(_PUT_OFF, keys, tx.now)


async def bury(tx: Tx, letters: Sequence[DeadLetter], consumer: str) -> None:
    """Keep what was given up, and tell it on the consumer's dead-letter topic."""
    if not letters:
        return
    ids = [_letter_id(letter, consumer) for letter in letters]
    columns = [_columns(letter, tx) for letter in letters]
    await tx.conn.execute(_BURY, ids, *(list(column) for column in zip(*columns, strict=True)))
    for letter in letters:
        telemetry.DEAD_LETTERS.labels(letter.record.partition.topic, letter.code).inc()
        tx.send_raw(_telling(letter, consumer, tx))


def _letter_id(letter: DeadLetter, consumer: str) -> UUID:
    topic, number = letter.record.partition
    return child_id(UUID(int=0), f"{consumer}/{topic}/{number}/{letter.record.offset}")


def _columns(letter: DeadLetter, tx: Tx) -> tuple[object, ...]:
    record, event = letter.record, letter.event
    return (
        record.partition.topic,
        record.partition.number,
        record.offset,
        record.key,
        record.body,
        pack_headers(record.headers),
        event.complaintid if event else None,
        event.source if event else None,
        event.sequence if event else None,
        letter.code,
        _storable(letter.message),
        letter.attempts,
        tx.now,
    )


def _storable(message: str) -> str:
    """PostgreSQL's text has no NUL, and a message may quote anything."""
    return message.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:2000]


def _telling(letter: DeadLetter, consumer: str, tx: Tx) -> OutboxRow:
    record = letter.record
    why = {
        "dlq.topic": record.partition.topic,
        "dlq.partition": str(record.partition.number),
        "dlq.offset": str(record.offset),
        "dlq.consumer": consumer,
        "dlq.error.code": letter.code,
        "dlq.error.message": _storable(letter.message),
        "dlq.attempts": str(letter.attempts),
        "dlq.first_failed_at": tx.now.isoformat(),
    }
    headers = (*record.headers, *((name, value.encode()) for name, value in why.items()))
    outgoing = Outgoing(f"{consumer}.dead-letters", record.key or b"", record.body, headers)
    return OutboxRow(new_id(), outgoing, 0)
