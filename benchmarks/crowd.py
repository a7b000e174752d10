"""A city's history in bulk: stories lived once by the real tracker, then copied in SQL.

Every table that holds rows of the model case is copied, whichever those are: ids are made anew,
instants moved, agencies, places and categories spread over the city. So a copied case has all
that a lived one has, and a new column of the tracker's needs no change here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    import asyncpg

    from services.policy import Policy

#: Rows of one statement: small enough for a progress bar, large enough to be quick.
CHUNK = 10_000

_TABLES = """
    SELECT c.table_name, c.column_name, c.data_type,
        bool_or(c.column_name IN ('complaint_id', 'key') AND c.data_type = 'uuid')
            OVER (PARTITION BY c.table_name) AS is_ours
    FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'tracker' AND t.table_type = 'BASE TABLE' AND is_generated = 'NEVER'
    ORDER BY c.table_name, c.ordinal_position
"""
#: The n-th complaint's id: ordered by time, as a UUID of version 7 is.
_KEY = """(lpad(to_hex((extract(epoch FROM n.at) * 1000)::bigint), 12, '0') || '7'
    || substr(md5(n.n::text), 1, 3) || '8' || substr(md5(n.n::text), 5, 15))::uuid"""
_NUMBERS = """
    (SELECT n, $2::timestamptz + n * $3::interval AS at FROM generate_series($4::int, $5::int) n
     OFFSET 0) AS n
"""
_INDEXES = """
    SELECT format('%I.%I', schemaname, indexname) AS name, indexdef AS definition
    FROM pg_indexes JOIN pg_class i ON i.relname = indexname
    JOIN pg_index x ON x.indexrelid = i.oid
    WHERE schemaname = 'tracker' AND NOT x.indisunique AND i.relnamespace = 'tracker'::regnamespace
"""


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies of one model case.

    Attributes:
        model: Its complaint.
        opened_at: When it was opened.
        first: Number of the first copy; no two copies of a database have the same.
        count: How many.
        begins_at: When number 0 was opened.
        every: How much later each next one.
    """

    model: UUID
    opened_at: datetime
    first: int
    count: int
    begins_at: datetime
    every: timedelta


class Crowd:
    """Copies model cases in a database."""

    def __init__(self, pool: asyncpg.Pool, policy: Policy) -> None:
        """Copy over two connections at a time."""
        self._pool = pool
        streets = sorted(code for code in policy.agencies if code.startswith("street-"))
        places = [code.removeprefix("street-") for code in streets]
        bodies = sorted(policy.agencies.keys() - set(streets))
        # The street has three matters of five, some body of the city the others.
        agency = f"""CASE WHEN {_dice(1)} < 0.6 THEN {_one_of(streets, _dice(2))}
            ELSE {_one_of(bodies, _dice(3))} END"""
        self._spread = {
            "agency": agency,
            "lead": agency,
            "scored": agency,
            "district": _one_of([code[:6] for code in places], _dice(2)),
            "street": _one_of(places, _dice(2)),
            # Few kinds are most of what people call for: of 400, ten are a sixth.
            "category": _one_of(sorted(policy.categories), f"{_dice(4)} ^ 2"),
        }

    async def copy(self, copies: Sequence[Copies], advance: Callable[[int], None]) -> None:
        """Copy; `advance` learns how many cases have been written since."""
        work: asyncio.Queue[tuple[Copies, int]] = asyncio.Queue()
        for one in copies:
            for first in range(one.first, one.first + one.count, CHUNK):
                work.put_nowait((one, first))
        statements = {one: await self._statements(one) for one in copies}

        async def write() -> None:
            while not work.empty():
                one, first = work.get_nowait()
                last = min(first + CHUNK, one.first + one.count) - 1
                async with self._pool.acquire() as conn, conn.transaction():
                    await conn.execute("SET LOCAL synchronous_commit = off")
                    # No triggers: the sums are made from the rows afterwards.
                    await conn.execute("SET LOCAL session_replication_role = replica")
                    for sql in statements[one]:
                        arguments = one.model, one.begins_at, one.every, first, last, one.opened_at
                        await conn.execute(sql, *arguments)
                advance(last - first + 1)

        await asyncio.gather(write(), write())

    async def _statements(self, one: Copies) -> list[str]:
        columns: dict[str, list[tuple[str, str]]] = {}
        for row in await self._pool.fetch(_TABLES):
            if row["is_ours"]:
                columns.setdefault(row["table_name"], []).append((row[1], row[2]))
        found = []
        for table, its in columns.items():
            key = next(name for name, _ in its if name in ("complaint_id", "key"))
            if table in ("outbox", "parked", "dead_letter"):
                continue
            held = f"SELECT count(*) FROM tracker.{table} WHERE {key} = $1"
            if await self._pool.fetchval(held, one.model):
                found.append(self._statement(table, key, its))
        return found

    def _statement(self, table: str, key: str, columns: list[tuple[str, str]]) -> str:
        names = ", ".join(f'"{name}"' for name, _ in columns)
        values = ", ".join(self._value(name, kind, key) for name, kind in columns)
        # `$6` must have a type even where a table has no instant.
        return f"""
            INSERT INTO tracker.{table} ({names}) SELECT {values} FROM {_NUMBERS}
            CROSS JOIN (SELECT *, $6::timestamptz AS opened FROM tracker.{table}
                        WHERE {key} = $1 OFFSET 0) AS m
            ORDER BY n.n
        """

    def _value(self, name: str, kind: str, key: str) -> str:
        column = f'm."{name}"'
        if name == key:
            return _KEY
        if kind == "uuid":
            made = f"md5({column}::text || n.n)::uuid"
            return f"CASE WHEN {column} = $1 THEN {_KEY} ELSE {made} END"
        if kind.startswith("timestamp"):
            return f"{column} + (n.at - m.opened)"
        if name == "number":
            return "'LZ-' || n.n"
        if name in self._spread:
            return f"CASE WHEN {column} IS NOT NULL THEN {self._spread[name]} END"
        return column

    async def without_indexes(self) -> list[str]:
        """Drop what only makes reading quick; returns how to make it again."""
        rows = await self._pool.fetch(_INDEXES)
        for row in rows:
            await self._pool.execute(f"DROP INDEX {row['name']}")
        return [row["definition"] for row in rows]

    async def with_indexes(self, definitions: Sequence[str]) -> None:
        """Make indexes again, and let PostgreSQL count what there is."""
        left = list(definitions)

        async def make() -> None:
            async with self._pool.acquire() as conn:
                await conn.execute("SET maintenance_work_mem = '256MB'")
                while left:
                    await conn.execute(left.pop())

        await asyncio.gather(make(), make())
        await self._pool.execute("VACUUM (ANALYZE)")
        await self._pool.execute("CHECKPOINT")


def _dice(number: int) -> str:
    """SQL for a number in 0..1 that the copy's number gives: another one for each `number`."""
    return f"((hashint8extended(n.n, {number}) & 1073741823) / 1073741824::float8)"


def _one_of(values: Sequence[str], at: str) -> str:
    """SQL that chooses one; codes come from the policy and hold no quote."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"(ARRAY[{listed}])[1 + floor({len(values)} * {at})::int]"
