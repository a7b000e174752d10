"""Questions about whistles that the HTTP side asks. Reads only, no locks."""

from __future__ import annotations

from asyncio import gather
from typing import TYPE_CHECKING, Any

from services.tracker.adapters import sums

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.runtime.postgres import Database

Row = dict[str, Any]

_COLUMNS = """
    w.whistle_id, w.key, w.number, w.state, w.kind, w.raised_by, w.content, w.copies, w.policy,
    w.blown_at, w.lapses_at, w.result, w.closed_at, w.closed_because, w.judged_until
"""
# Each finds ids by an index that gives the newest first, and stops at the limit.
_ALL = "SELECT whistle_id FROM tracker.whistle WHERE whistle_id < $1"
_RAISED = f"{_ALL} AND raised_by = {{}}"
_CALLED = "SELECT whistle_id FROM tracker.summons WHERE whistle_id < $1 AND agency = {}"
_BOTH = f"{_CALLED} AND raised_by = {{}}"
_STATES = {
    None: "",
    "open": " AND {ended} IS NULL",
    "closed": " AND {ended} IS NOT NULL",
}
_NEWEST = " ORDER BY whistle_id DESC LIMIT $2"
_PAGE = f"""
    SELECT {_COLUMNS} FROM ({{ids}}) AS found JOIN tracker.whistle w USING (whistle_id)
    ORDER BY w.whistle_id DESC LIMIT $2
"""
_ONE = f"SELECT {_COLUMNS} FROM tracker.whistle w WHERE w.whistle_id = $1"
_SUMMONS = """
    SELECT * FROM tracker.summons WHERE whistle_id = ANY($1::uuid[]) ORDER BY whistle_id, position
"""
_HISTORY = """
    SELECT at, kind, detail, cause FROM tracker.whistle_history
    WHERE key = $1 AND whistle_id = $2 ORDER BY position
"""

# Of a period alone; `whistle_by_time`, `summons_by_time` and `work_order_led` give no other row.
_STREETS = """
    SELECT raised_by AS agency, count(*) AS whistles, count(*) FILTER (WHERE number > 1) AS repeats
    FROM tracker.whistle WHERE blown_at >= $1 AND blown_at < $2 GROUP BY 1
"""
_LED = """
    SELECT agency, count(*) AS orders FROM tracker.work_order
    WHERE role = 'lead' AND dispatched_at >= $1 AND dispatched_at < $2 GROUP BY 1
"""
_NO_SHOW = "(arrive_missed_at IS NOT NULL)"
_CALLS = f"""
    SELECT {{side}} AS agency, count(*) AS summoned,
        count(signed_at) AS sign_done,
        count(*) FILTER (WHERE sign_missed_at IS NOT NULL AND signed_at IS NOT NULL) AS sign_late,
        count(*) FILTER (WHERE sign_missed_at IS NOT NULL AND signed_at IS NULL) AS sign_undone,
        count(contacted_at) AS contact_done,
        count(*) FILTER (WHERE contact_missed_at IS NOT NULL AND contacted_at IS NOT NULL)
            AS contact_late,
        count(*) FILTER (WHERE contact_missed_at IS NOT NULL AND contacted_at IS NULL)
            AS contact_undone,
        count(arrived_at) AS arrive_done,
        count(*) FILTER (WHERE {_NO_SHOW} AND arrived_at IS NOT NULL) AS arrive_late,
        count(*) FILTER (WHERE {_NO_SHOW} AND arrived_at IS NULL) AS arrive_undone,
        count(*) FILTER (WHERE state = 'left') AS left_early,
        count(*) FILTER (WHERE {{judgement}} ->> 'grade' = 'good') AS good,
        count(*) FILTER (WHERE {{judgement}} ->> 'grade' = 'acceptable') AS acceptable,
        count(*) FILTER (WHERE {{judgement}} ->> 'grade' = 'poor') AS poor
    FROM tracker.summons WHERE blown_at >= $1 AND blown_at < $2 GROUP BY 1
"""
_OF_DEPARTMENTS = _CALLS.format(side="agency", judgement="verdict")
_OF_STREETS = _CALLS.format(side="raised_by", judgement="opinion")


class WhistleReading:
    """Answers from the tables as they stand."""

    def __init__(self, db: Database) -> None:
        """Read from the tracker's database."""
        self._db = db

    async def latest(
        self,
        before: UUID,
        limit: int,
        *,
        state: str | None = None,
        raised_by: str | None = None,
        target: str | None = None,
        party: str | None = None,
    ) -> list[Row]:
        """Find whistles with their summonses, the newest first.

        Args:
            before: Those that are older than this id.
            limit: How many at the most.
            state: `open` or `closed`.
            raised_by: Only those of a street.
            target: Only those that call a body.
            party: Only those that it raised or that call it; instead of the two others.
        """
        ids, args = _ids(state, raised_by, target, party)
        rows = await self._db.fetch(_PAGE.format(ids=ids), before, limit, *args)
        return await self._with_summonses([dict(row) for row in rows])

    async def one(self, whistle_id: UUID) -> Row | None:
        """Give a whistle with its summonses and its history."""
        row = await self._db.fetchrow(_ONE, whistle_id)
        if row is None:
            return None
        (found,) = await self._with_summonses([dict(row)])
        lines = await self._db.fetch(_HISTORY, row["key"], whistle_id)
        return {**found, "history": [dict(line) for line in lines]}

    async def _with_summonses(self, rows: list[Row]) -> list[Row]:
        found: dict[UUID, list[Row]] = {row["whistle_id"]: [] for row in rows}
        for call in await self._db.fetch(_SUMMONS, list(found)) if found else ():
            found[call["whistle_id"]].append(dict(call))
        return [{**row, "summons": found[row["whistle_id"]]} for row in rows]

    async def figures(self, begins: datetime, ends: datetime) -> dict[str, dict[str, Row]]:
        """Count the whistles blown in `[begins, ends)`, by street and by body called.

        Returns:
            By agency: `streets` (whistles, repeats), `led` (orders dispatched in the period),
            `calls` (of the bodies called) and `met` (the same counts, by the street that blew).
        """
        asked = {"streets": _STREETS, "led": sums.LED, "calls": _OF_DEPARTMENTS, "met": _OF_STREETS}
        found = await gather(*(self._db.fetch(sql, begins, ends) for sql in asked.values()))
        if not found[1]:  # No sums of this period are kept.
            found[1] = await self._db.fetch(_LED, begins, ends)
        return {
            name: {row["agency"]: dict(row) for row in rows}
            for name, rows in zip(asked, found, strict=True)
        }


def _ids(
    state: str | None, raised_by: str | None, target: str | None, party: str | None
) -> tuple[str, list[str]]:
    """Write what finds the ids, and its arguments from the third on."""
    of_whistle, of_call = (_STATES[state].format(ended=c) for c in ("closed_at", "ended_at"))
    if party is not None:
        raised = f"({_RAISED.format('$3')}{of_whistle}{_NEWEST})"
        return f"{raised} UNION ({_CALLED.format('$3')}{of_call}{_NEWEST})", [party]
    if target is not None and raised_by is not None:
        return f"{_BOTH.format('$3', '$4')}{of_call}{_NEWEST}", [target, raised_by]
    if target is not None:
        return f"{_CALLED.format('$3')}{of_call}{_NEWEST}", [target]
    if raised_by is not None:
        return f"{_RAISED.format('$3')}{of_whistle}{_NEWEST}", [raised_by]
    return f"{_ALL}{of_whistle}{_NEWEST}", []
