"""Keeping the sums of the assessment months; `sums` reads them.

Every change of a counted row notes in its own transaction what it adds (migration 0011). A round
takes notes away and adds them to the sums in one transaction, so whatever dies, a sum and the
notes that wait are together what the tables say. Any number of trackers may run it: one at a time
does the work.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.runtime import telemetry
from services.runtime.errors import is_transient
from services.tracker.adapters.counts import COUNTED, ORDERS_COUNTED
from services.tracker.decide.months import months_around

if TYPE_CHECKING:
    from datetime import datetime

    from services.runtime.clock import Clock
    from services.runtime.policies import PolicyStore
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: How many months before the present one are kept. Older ones are counted row by row.
MONTHS_BEFORE = 12
#: Notes of one transaction.
_NOTES_MAX = 20_000
#: A figure adds the notes that wait, so this is not how old it is, only how many it reads.
_EVERY_S = 1.0

log = telemetry.get_logger()

_ENDED = {"ended": "true", **COUNTED}
_DISPATCHED = {name: how for name, how in ORDERS_COUNTED.items() if name != "open"} | {
    "led": "role = 'lead'"
}
_NAMES = (*_ENDED, *_DISPATCHED)
_PLACE = "agency, district, street, category"
_COUNTS = ", ".join(_NAMES)
# One round at a time, and no month is made while another folds. Any number will do.
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('tracker.tally'))"
# What `one` adds, given by period and by each of its groups.
_ADD = f"""
    spread AS (
        SELECT p.period_id, g.part, g.key, one.category, {", ".join(f"one.{n}" for n in _NAMES)}
        FROM one JOIN tracker.tally_period p ON one.at >= p.begins_at AND one.at < p.ends_at
        CROSS JOIN LATERAL (VALUES ('agency', one.agency), ('district', one.district),
            ('street', one.street), ('category', one.category)) AS g (part, key)
        WHERE $1::int IS NULL OR p.period_id = $1
    ), mixed AS (
        INSERT INTO tracker.tally_mix AS m (period_id, part, key, category, valid)
        SELECT period_id, part, key, category, sum(valid) FROM spread
        WHERE part <> 'category' GROUP BY 1, 2, 3, 4 HAVING sum(valid) <> 0 ORDER BY 1, 2, 3, 4
        ON CONFLICT (period_id, part, key, category) DO UPDATE SET valid = m.valid + excluded.valid
    )
    INSERT INTO tracker.tally AS t (period_id, part, key, {_COUNTS})
    SELECT period_id, part, key, {", ".join(f"sum({n})" for n in _NAMES)} FROM spread
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (period_id, part, key)
        DO UPDATE SET {", ".join(f"{n} = t.{n} + excluded.{n}" for n in _NAMES)}
"""
_FOLD = f"""
    WITH one AS (
        DELETE FROM tracker.tally_change WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM tracker.tally_change LIMIT {_NOTES_MAX}))
        RETURNING *
    ), {_ADD}
"""
_WAITING = "SELECT count(*) FROM (SELECT FROM tracker.tally_change LIMIT $1) AS notes"


def _rows(table: str, at: str, agency: str, conditions: dict[str, str]) -> str:
    places = ", ".join(f"coalesce({name}, '')" for name in ("district", "street", "category"))
    ones = ", ".join(
        f"CASE WHEN {conditions[name]} THEN 1 ELSE 0 END" if name in conditions else "0"
        for name in _NAMES
    )
    return f"""
        SELECT {at} AS at, coalesce({agency}, '') AS agency, {places}, {ones}
        FROM {table} WHERE {at} >= $2 AND {at} < $3
    """


# The rows as this statement sees them, less the notes it sees: those are folded later.
_MAKE = f"""
    WITH one (at, {_PLACE}, {_COUNTS}) AS (
        {_rows("tracker.callback", "ended_at", "scored", _ENDED)}
        UNION ALL {_rows("tracker.work_order", "dispatched_at", "agency", _DISPATCHED)}
        UNION ALL SELECT at, {_PLACE}, {", ".join(f"-{n}" for n in _NAMES)}
        FROM tracker.tally_change WHERE at >= $2 AND at < $3
    ), {_ADD}
"""
_KEEP = """
    INSERT INTO tracker.tally_period (begins_at, ends_at) VALUES ($1, $2)
    ON CONFLICT DO NOTHING RETURNING period_id
"""
# A month fills at once. Until the planner knows, it compares every cell with every kind.
_KNOW = "ANALYZE tracker.tally, tracker.tally_mix"
_KEPT = "SELECT begins_at, ends_at FROM tracker.tally_period"
# Their sums go with them.
_DROP = """
    DELETE FROM tracker.tally_period
    WHERE (begins_at, ends_at) NOT IN (SELECT * FROM unnest($1::timestamptz[], $2::timestamptz[]))
"""


class Tallies:
    """The sums of schema `tracker`."""

    def __init__(self, db: Database, policies: PolicyStore, clock: Clock) -> None:
        """Keep the months of the policy in force."""
        self._db = db
        self._policies = policies
        self._clock = clock

    async def run(self) -> None:
        """Go round until cancelled, busily while notes wait."""
        while True:
            busy = False
            try:
                busy = await self.round() >= _NOTES_MAX
            except Exception as error:
                if not is_transient(error):
                    log.exception("tally-failed")
            await asyncio.sleep(0 if busy else _EVERY_S)

    async def round(self) -> int:
        """Fold what waits, then see to it that the months are those of the policy.

        Returns:
            How many notes were folded at the most; 0 also where another tracker is at it.
        """
        folded = await self._fold()
        if folded < _NOTES_MAX:
            await self._keep_months()
        return folded

    async def _fold(self) -> int:
        waiting: int = await self._db.fetchval(_WAITING, _NOTES_MAX)
        if not waiting:
            return 0
        async with self._db.transaction() as tx:
            if not await tx.conn.fetchval(_LOCK):
                return 0
            await tx.conn.execute(_FOLD, None)
        return waiting

    async def _keep_months(self) -> None:
        """Make the sums of months that are missing, each in its own transaction."""
        policy = self._policies.current
        zone = ZoneInfo(policy.city.time_zone)
        wanted = months_around(
            self._clock.now(), policy.scoring.month_starts_on, zone, MONTHS_BEFORE
        )
        kept = {(row["begins_at"], row["ends_at"]) for row in await self._db.fetch(_KEPT)}
        for begins, ends in wanted:
            if (begins, ends) not in kept:
                async with self._db.transaction() as tx:
                    await _make(tx, begins, ends)
        if kept - set(wanted):
            async with self._db.transaction() as tx:
                if await tx.conn.fetchval(_LOCK):
                    await tx.conn.execute(_DROP, *zip(*wanted, strict=True))


async def _make(tx: Tx, begins: datetime, ends: datetime) -> None:
    if not await tx.conn.fetchval(_LOCK):
        return
    period_id = await tx.conn.fetchval(_KEEP, begins, ends)
    if period_id is not None:
        await tx.conn.execute(_MAKE, period_id, begins, ends, timeout=600)
        await tx.conn.execute(_KNOW)
