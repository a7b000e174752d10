"""Loading and storing whistles, a batch at a time.

The lock of a key is its case's row; a key without a case, such as a whistle's that is linked to
no complaint, is locked by its first whistle's row.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.events import TimelineStep
from services.events import Whistle as Content
from services.tracker.adapters.whistle_columns import CALLS, LINES, WHISTLES, CallRow, LineRow
from services.tracker.decide.whistle import (
    Call,
    CallState,
    Judgement,
    Watch,
    Whistle,
    WhistleState,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    import asyncpg

    from services.runtime.step import Change
    from services.runtime.transaction import Tx

_WHISTLES = """
    SELECT * FROM tracker.whistle WHERE key = ANY($1::uuid[]) ORDER BY key, number
"""
# Whoever waited for the first row of a key sees the others as the last holder left them.
_LOCK = f"{_WHISTLES} FOR UPDATE"
# A case that is locked elsewhere looks as if there were none: its whistles aren't ours, either.
_LOCK_FREE = """
    SELECT w.key FROM tracker.whistle w WHERE w.key = ANY($1::uuid[]) AND w.number = 1
        AND NOT EXISTS (SELECT FROM tracker.case c WHERE c.complaint_id = w.key)
    ORDER BY w.key FOR UPDATE SKIP LOCKED
"""
# Read after the locks are held.
_CALLS = """
    SELECT * FROM tracker.summons WHERE key = ANY($1::uuid[]) ORDER BY whistle_id, position
"""


class WhistleTables:
    """The whistles of schema `tracker`."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], held: Collection[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, tuple[Whistle, ...]]:
        """Read and lock the whistles of keys, in the order in which they were blown.

        One statement; a second where any key has whistles, and with `skip_locked` another
        where a key has no case.

        Args:
            tx: The transaction.
            keys: Complaints, or whistles that are linked to none.
            held: Those of them whose case is locked already.
            skip_locked: Leave out what another transaction holds.
        """
        if skip_locked:
            rows = await self._free(tx, keys, held)
        else:
            rows = await tx.conn.fetch(_LOCK, sorted(keys))
        if not rows:
            return {}
        calls: dict[UUID, list[Call]] = defaultdict(list)
        for row in await tx.conn.fetch(_CALLS, sorted({row["key"] for row in rows})):
            calls[row["whistle_id"]].append(_call(row))
        found: dict[UUID, list[Whistle]] = defaultdict(list)
        for row in rows:
            found[row["key"]].append(_whistle(row, tuple(calls[row["whistle_id"]])))
        return {key: tuple(whistles) for key, whistles in found.items()}

    @staticmethod
    async def _free(
        tx: Tx, keys: Sequence[UUID], held: Collection[UUID]
    ) -> Sequence[asyncpg.Record]:
        mine = list(held)
        if alone := sorted(set(keys) - set(held)):
            mine += [row["key"] for row in await tx.conn.fetch(_LOCK_FREE, alone)]
        rows: Sequence[asyncpg.Record] = await tx.conn.fetch(_WHISTLES, sorted(mine))
        return rows

    async def store(self, tx: Tx, changes: Sequence[Change[Whistle]]) -> None:
        """Write what changed: at most one statement for each table."""
        if not changes:
            return
        whistles = [change.after for change in changes]
        await WHISTLES.insert(tx.conn, whistles)
        if calls := [row for change in changes for row in _changed_calls(change)]:
            await CALLS.insert(tx.conn, calls)
        if lines := [row for whistle in whistles for row in _new_lines(whistle)]:
            await LINES.insert(tx.conn, lines)


def _changed_calls(change: Change[Whistle]) -> list[CallRow]:
    before = change.before.calls if change.before else ()
    return [
        CallRow(change.after, position, call)
        for position, call in enumerate(change.after.calls, 1)
        if call not in before
    ]


def _new_lines(whistle: Whistle) -> list[LineRow]:
    first = whistle.history_length - len(whistle.notes) + 1
    return [LineRow(whistle, position, note) for position, note in enumerate(whistle.notes, first)]


def _whistle(row: asyncpg.Record, calls: tuple[Call, ...]) -> Whistle:
    return Whistle(
        whistle_id=row["whistle_id"],
        key=row["key"],
        number=row["number"],
        state=WhistleState(row["state"]),
        content=Content.model_validate(row["content"]),
        policy=row["policy"],
        blown_at=row["blown_at"],
        lapses_at=row["lapses_at"],
        copies=tuple(row["copies"]),
        calls=calls,
        result=row["result"],
        closed_at=row["closed_at"],
        closed_because=row["closed_because"],
        judged_until=row["judged_until"],
        history_length=row["history_length"],
    )


def _call(row: asyncpg.Record) -> Call:
    return Call(
        agency=row["agency"],
        state=CallState(row["state"]),
        sign=Watch(row["sign_due_at"], row["signed_at"], row["sign_missed_at"]),
        contact=Watch(row["contact_due_at"], row["contacted_at"], row["contact_missed_at"]),
        arrive=Watch(row["arrive_due_at"], row["arrived_at"], row["arrive_missed_at"]),
        timeline=tuple(TimelineStep.model_validate(step) for step in row["timeline"]),
        left_at=row["left_at"],
        result=row["result"],
        ended_at=row["ended_at"],
        verdict=_judgement(row["verdict"]),
        opinion=_judgement(row["opinion"]),
    )


def _judgement(told: dict[str, Any] | None) -> Judgement | None:
    if told is None:
        return None
    return Judgement(told["grade"], told["note"], datetime.fromisoformat(told["judged_at"]))
