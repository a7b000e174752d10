"""Marks in PostgreSQL, each with the record of who did what to it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from services.router.decide.marks import Mark, Shown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.router.decide.marks import Act
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

_SHOWN = """
    SELECT complaint_id, matter ->> 'reporter' AS reporter,
        coalesce((matter ->> 'is_secret')::boolean, false) AS is_secret
    FROM router.route WHERE complaint_id = ANY($1::uuid[])
"""
_ADD = """
    INSERT INTO router.mark (mark_id, reporter, complaint_ids, reason, set_at, set_by, until)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (mark_id) DO NOTHING RETURNING true
"""
_LOCK = "SELECT * FROM router.mark WHERE mark_id = $1 FOR UPDATE"
_CHANGE = """
    UPDATE router.mark SET appealed_at = $2, lifted_at = $3, lifted_by = $4 WHERE mark_id = $1
"""
_RECORD = """
    INSERT INTO router.mark_act
    SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6
    FROM router.mark_act WHERE mark_id = $1
"""
_PAGE = """
    SELECT * FROM router.mark
    WHERE $1::timestamptz IS NULL OR (set_at, mark_id) < ($1::timestamptz, $2::uuid)
    ORDER BY set_at DESC, mark_id DESC LIMIT $3
"""
_ACTS = "SELECT * FROM router.mark_act WHERE mark_id = ANY($1::uuid[]) ORDER BY mark_id, number"
# Somebody's marks are few, as each ends and a person sets it.
_OF_REPORTERS = "SELECT * FROM router.mark WHERE reporter = ANY($1::text[]) AND until > $2"


class MarkTables:
    """Writes marks, inside a transaction."""

    async def shown(self, tx: Tx, complaint_ids: Collection[UUID]) -> dict[UUID, Shown]:
        """Read what shows it; complaints that the router doesn't know are left out."""
        rows = await tx.conn.fetch(_SHOWN, list(complaint_ids))
        return {row["complaint_id"]: Shown(row["reporter"], row["is_secret"]) for row in rows}

    async def add(self, tx: Tx, made: Mark, act: Act, name: str) -> None:
        """Store a mark; one that is there already stays as it is.

        Args:
            tx: The transaction.
            made: The mark.
            act: That it was set.
            name: Of the person's key.
        """
        columns = (made.reason, made.set_at, made.set_by, made.until)
        ids = list(made.complaint_ids)
        if await tx.conn.fetchval(_ADD, made.mark_id, made.reporter, ids, *columns):
            await self._record(tx, made.mark_id, act, name)

    async def lock(self, tx: Tx, mark_id: UUID) -> Mark | None:
        """Read a mark and keep others from changing it meanwhile."""
        row = await tx.conn.fetchrow(_LOCK, mark_id)
        return _mark(row) if row else None

    async def change(self, tx: Tx, changed: Mark, act: Act, name: str) -> None:
        """Store what was done to a mark, and who did it."""
        how = (changed.appealed_at, changed.lifted_at, changed.lifted_by)
        await tx.conn.execute(_CHANGE, changed.mark_id, *how)
        await self._record(tx, changed.mark_id, act, name)

    async def _record(self, tx: Tx, mark_id: UUID, act: Act, name: str) -> None:
        await tx.conn.execute(_RECORD, mark_id, act.act, act.at, act.by, name, act.words)


class MarkReader:
    """Reads marks for people, outside transactions."""

    def __init__(self, db: Database) -> None:
        """Read from the router's schema."""
        self._db = db

    async def page(
        self, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[tuple[Mark, list[asyncpg.Record]]]:
        """Give marks with their records, the newest first.

        Args:
            before: Instant and id of the last one seen; None for the first page.
            limit: How many at the most.
        """
        at, mark_id = before or (None, None)
        marks = [_mark(row) for row in await self._db.fetch(_PAGE, at, mark_id, limit)]
        return await self._with_acts(marks)

    async def one(self, mark_id: UUID) -> tuple[Mark, list[asyncpg.Record]] | None:
        """Give one mark with its record."""
        row = await self._db.fetchrow("SELECT * FROM router.mark WHERE mark_id = $1", mark_id)
        return (await self._with_acts([_mark(row)]))[0] if row else None

    async def _with_acts(self, marks: Sequence[Mark]) -> list[tuple[Mark, list[asyncpg.Record]]]:
        acts: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
        for row in await self._db.fetch(_ACTS, [mark.mark_id for mark in marks]):
            acts[row["mark_id"]].append(row)
        return [(mark, acts[mark.mark_id]) for mark in marks]

    async def of(self, reporters: Collection[str | None], since: datetime) -> dict[str, list[Mark]]:
        """Give the marks of reporters that end after an instant, lifted ones too."""
        tokens = sorted({token for token in reporters if token is not None})
        found: dict[str, list[Mark]] = defaultdict(list)
        if tokens:
            for row in await self._db.fetch(_OF_REPORTERS, tokens, since):
                found[row["reporter"]].append(_mark(row))
        return found

    async def now(self) -> datetime:
        """The instant by the database's clock, or a test's by its own."""
        instant: datetime = await self._db.fetchval("SELECT coalesce($1, now())", self._db.instant)
        return instant


def _mark(row: asyncpg.Record) -> Mark:
    return Mark(**{name: row[name] for name in Mark.__slots__} | _ids(row))


def _ids(row: asyncpg.Record) -> dict[str, tuple[UUID, ...]]:
    return {"complaint_ids": tuple(row["complaint_ids"])}
