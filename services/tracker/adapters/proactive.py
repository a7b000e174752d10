"""Loading and storing proactive cases, and what the HTTP side asks about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import orjson

from services.events import Proactive
from services.tracker.adapters.filters import where_of
from services.tracker.adapters.tables import FIXED, Column, Table
from services.tracker.decide.proactive import ProactiveCase, ProactiveState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg

    from services.runtime.postgres import Database
    from services.runtime.step import Change
    from services.runtime.transaction import Tx
    from services.tracker.adapters.figures import Asked, Row
    from services.tracker.decide.case import Note


class _Line(NamedTuple):
    """A line of history and its place."""

    case: ProactiveCase
    position: int
    note: Note


_CASES: Table[ProactiveCase] = Table(
    "tracker.proactive",
    ("proactive_id",),
    (
        Column("proactive_id", "uuid", lambda c: c.proactive_id),
        Column("state", "text", lambda c: c.state),
        Column("owner", "text", lambda c: c.content.owner, FIXED),
        Column("cause", "text", lambda c: c.content.cause, FIXED),
        Column("category", "text", lambda c: c.content.category, FIXED),
        Column("district", "text", lambda c: c.content.place.district, FIXED),
        Column("street", "text", lambda c: c.content.place.street, FIXED),
        Column("content", "jsonb", lambda c: c.content.model_dump_json(exclude_none=True), FIXED),
        Column("complaints", "jsonb", lambda c: orjson.dumps(c.complaints).decode()),
        Column("opened_by", "text", lambda c: c.opened_by, FIXED),
        Column("opened_at", "timestamptz", lambda c: c.opened_at, FIXED),
        Column("planned_at", "timestamptz", lambda c: c.content.planned_at, FIXED),
        Column("overdue_at", "timestamptz", lambda c: c.overdue_at),
        Column("ended_at", "timestamptz", lambda c: c.ended_at),
        Column("is_on_time", "boolean", lambda c: c.is_on_time),
        Column("bonus", "int", lambda c: c.bonus),
        Column("history_length", "int", lambda c: c.history_length),
    ),
)
_LINES: Table[_Line] = Table(
    "tracker.proactive_history",
    ("proactive_id", "position"),
    (
        Column("proactive_id", "uuid", lambda r: r.case.proactive_id),
        Column("position", "int", lambda r: r.position),
        Column("at", "timestamptz", lambda r: r.note.at, FIXED),
        Column("kind", "text", lambda r: r.note.kind, FIXED),
        Column("detail", "jsonb", lambda r: orjson.dumps(r.note.detail).decode(), FIXED),
        Column("cause", "uuid", lambda r: r.note.cause, FIXED),
    ),
)

_LOCK = """
    SELECT * FROM tracker.proactive WHERE proactive_id = ANY($1::uuid[])
    ORDER BY proactive_id FOR UPDATE
"""
_LOCK_FREE = f"{_LOCK} SKIP LOCKED"

_PAGE = "SELECT * FROM tracker.proactive WHERE true"
_FILTERS = {
    "owner": "owner = {0}",
    "open": "ended_at IS NULL",
    "closed": "state = 'closed'",
    "cancelled": "state = 'cancelled'",
    "after": "(opened_at, proactive_id) < ({0}, {1})",
}
_NEWEST_FIRST = " ORDER BY opened_at DESC, proactive_id DESC"
_ONE = "SELECT * FROM tracker.proactive WHERE proactive_id = $1"
_HISTORY = """
    SELECT at, kind, detail, cause FROM tracker.proactive_history
    WHERE proactive_id = $1 ORDER BY position
"""
_LINKED = """
    SELECT complaint_id, number, state, category, district, street, lead, closed_as
    FROM tracker.case WHERE complaint_id = ANY($1::uuid[])
"""
_BONUS_KEYS = {
    "agency": "owner",
    "district": "district",
    "street": "street",
    "category": "category",
}
# `proactive_closed` gives the closed ones of a period and no other row.
_BONUSES = """
    SELECT owner AS key, count(*)::int AS cases, sum(bonus)::int AS granted
    FROM tracker.proactive
    WHERE state = 'closed' AND ended_at >= $1 AND ended_at < $2 AND ({asked}) GROUP BY 1
"""


class ProactiveTables:
    """The proactive cases of schema `tracker`."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, ProactiveCase]:
        """Read and lock proactive cases, in one statement; none without keys.

        Args:
            tx: The transaction.
            keys: Ids that may be of proactive cases.
            skip_locked: Leave out what another transaction holds.
        """
        if not keys:
            return {}
        rows = await tx.conn.fetch(_LOCK_FREE if skip_locked else _LOCK, sorted(keys))
        return {row["proactive_id"]: _a_case(row) for row in rows}

    async def store(self, tx: Tx, changes: Sequence[Change[ProactiveCase]]) -> None:
        """Write what changed: one statement for each table."""
        if not changes:
            return
        cases = [change.after for change in changes]
        await _CASES.insert(tx.conn, cases)
        if lines := [line for case in cases for line in _new_lines(case)]:
            await _LINES.insert(tx.conn, lines)


class ProactiveReading:
    """Answers from the tables as they stand. Reads only, no locks."""

    def __init__(self, db: Database) -> None:
        """Read from the tracker's database."""
        self._db = db

    async def latest(self, filters: Mapping[str, tuple[object, ...]], limit: int) -> list[Row]:
        """Find proactive cases, the newest first.

        Args:
            filters: Any of `owner`; one of the states, without a value; and `after`, the opening
                and id of the last one of the page before.
            limit: How many at the most.
        """
        where, args = where_of(_FILTERS, filters)
        sql = f"{_PAGE}{where}{_NEWEST_FIRST} LIMIT ${len(args) + 1}"
        return [dict(row) for row in await self._db.fetch(sql, *args, limit)]

    async def one(self, proactive_id: UUID) -> Row | None:
        """Give a proactive case with its history and what is known of linked complaints."""
        row = await self._db.fetchrow(_ONE, proactive_id)
        if row is None:
            return None
        lines = await self._db.fetch(_HISTORY, proactive_id)
        links = [UUID(one) for one in row["complaints"]]
        known = {c["complaint_id"]: dict(c) for c in await self._db.fetch(_LINKED, links)}
        linked = [known.get(one, {"complaint_id": one}) for one in links]
        return {**row, "history": [dict(line) for line in lines], "linked": linked}

    async def bonuses(self, asked: Asked) -> list[Row]:
        """Count the proactive cases closed in a period, and their points, by owner."""
        args: list[object] = [asked.begins, asked.ends]
        condition = asked.condition(_BONUS_KEYS, args)
        rows = await self._db.fetch(_BONUSES.format(asked=condition), *args)
        return [dict(row) for row in rows]


def _new_lines(case: ProactiveCase) -> list[_Line]:
    first = case.history_length - len(case.notes) + 1
    return [_Line(case, position, note) for position, note in enumerate(case.notes, first)]


def _a_case(row: asyncpg.Record) -> ProactiveCase:
    return ProactiveCase(
        proactive_id=row["proactive_id"],
        state=ProactiveState(row["state"]),
        content=Proactive.model_validate(row["content"]),
        complaints=tuple(UUID(one) for one in row["complaints"]),
        opened_by=row["opened_by"],
        opened_at=row["opened_at"],
        overdue_at=row["overdue_at"],
        ended_at=row["ended_at"],
        is_on_time=row["is_on_time"],
        bonus=row["bonus"],
        history_length=row["history_length"],
    )
