"""Whistles in PostgreSQL: the record, who may see each, and daily counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from services.events import WhistleRefused
from services.runtime import telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime
    from uuid import UUID

    import asyncpg

    from services.policy import Policy
    from services.router.decide.docket import Judged
    from services.router.decide.whistles import WhistleOutcome
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

_STORE = """
    INSERT INTO router.whistle
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::uuid[], $8::text[], $9::timestamptz[], $10::timestamptz[], $11::jsonb[], $12::jsonb[])
"""
_STORE_PARTIES = """
    INSERT INTO router.whistle_party
    SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::text[])
"""
_TALLY = """
    INSERT INTO router.whistle_tally AS t
    SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::int[])
    ON CONFLICT (day, raised_by, kind, reason) DO UPDATE
    SET whistles = t.whistles + excluded.whistles
"""
_ONE = "SELECT * FROM router.whistle WHERE whistle_id = $1"
_IS_PARTY = """
    SELECT EXISTS (SELECT FROM router.whistle_party
        WHERE agency = $1 AND judged_at = $2 AND whistle_id = $3)
"""
_LATEST = """
    SELECT * FROM router.whistle
    WHERE (judged_at, whistle_id) < ($1::timestamptz, $2::uuid)
    ORDER BY judged_at DESC, whistle_id DESC LIMIT $3
"""
_LATEST_OF = """
    SELECT w.* FROM (
        SELECT judged_at, whistle_id FROM router.whistle_party
        WHERE agency = $4 AND (judged_at, whistle_id) < ($1::timestamptz, $2::uuid)
        ORDER BY judged_at DESC, whistle_id DESC LIMIT $3
    ) AS mine JOIN router.whistle w USING (whistle_id)
    ORDER BY w.judged_at DESC, w.whistle_id DESC
"""
_COUNTS = """
    SELECT raised_by, kind, reason, sum(whistles)::int AS whistles FROM router.whistle_tally
    WHERE day BETWEEN $1 AND $2 AND ($3::text IS NULL OR raised_by = $3)
    GROUP BY raised_by, kind, reason ORDER BY raised_by, kind, reason
"""


async def store_whistles(tx: Tx, judged: Sequence[tuple[UUID, Judged]], policy: Policy) -> None:
    """Put whistles on record: three statements at the most for a batch.

    Args:
        tx: The transaction that tells of them.
        judged: Each with the key of its events.
        policy: The one in force; it says in which zone a day ends.
    """
    if not judged:
        return
    rows = [_row(key, one) for key, one in judged]
    await tx.conn.execute(_STORE, *zip(*rows, strict=True))
    parties = [
        (agency, one.judged_at, one.fact.whistle.whistle_id, part)
        for _, one in judged
        for agency, part in _parties(one.fact)
    ]
    await tx.conn.execute(_STORE_PARTIES, *zip(*parties, strict=True))
    counts = Counter(_counted(one, ZoneInfo(policy.city.time_zone)) for _, one in judged)
    # In one order: two routers that count the same could otherwise wait for each other for good.
    tally = [(*counted, counts[counted]) for counted in sorted(counts)]
    await tx.conn.execute(_TALLY, *zip(*tally, strict=True))
    known = policy.whistles.kinds if policy.whistles else {}
    for _, _, kind, reason, number in tally:
        named = kind if kind in known else "unknown"  # Anybody can write a word there.
        telemetry.WHISTLES.labels(named, reason or "routed").inc(number)


def _row(key: UUID, judged: Judged) -> tuple[Any, ...]:
    fact, whistle = judged.fact, judged.fact.whistle
    return (
        whistle.whistle_id,
        key,
        whistle.raised_by,
        whistle.kind,
        "refused" if isinstance(fact, WhistleRefused) else "routed",
        _reason(fact) or None,
        judged.cause,
        judged.policy,
        whistle.raised_at,
        judged.judged_at,
        whistle.model_dump(mode="json", exclude_none=True),
        fact.model_dump(mode="json", exclude={"whistle"}, exclude_none=True),
    )


def _parties(fact: WhistleOutcome) -> Iterator[tuple[str, str]]:
    """Give everybody a whistle has to do with, each once."""
    yield fact.whistle.raised_by, "raiser"
    if isinstance(fact, WhistleRefused):
        return
    named = (("target", fact.targets), ("assist", fact.assists), ("copy", fact.copies))
    yield from ((agency, part) for part, agencies in named for agency in agencies)


def _counted(judged: Judged, zone: ZoneInfo) -> tuple[date, str, str, str]:
    whistle = judged.fact.whistle
    day = judged.judged_at.astimezone(zone).date()
    return day, whistle.raised_by, whistle.kind, _reason(judged.fact)


def _reason(fact: WhistleOutcome) -> str:
    return fact.reason if isinstance(fact, WhistleRefused) else ""


class WhistleReader:
    """Reads whistles for people, outside transactions."""

    def __init__(self, db: Database) -> None:
        """Read from the router's schema."""
        self._db = db

    async def find(self, whistle_id: UUID, agency: str | None) -> asyncpg.Record | None:
        """Give a whistle; None if there is none, or none that this agency has to do with."""
        row = await self._db.fetchrow(_ONE, whistle_id)
        if row is None or agency is None:
            return row
        is_party = await self._db.fetchval(_IS_PARTY, agency, row["judged_at"], whistle_id)
        return row if is_party else None

    async def latest(
        self, agency: str | None, before: tuple[datetime, UUID], limit: int
    ) -> list[asyncpg.Record]:
        """List whistles, the newest first.

        Args:
            agency: Only those it raised or is called or told by; None: all.
            before: Judgement and id of the last one seen.
            limit: How many at the most.
        """
        if agency is None:
            return await self._db.fetch(_LATEST, *before, limit)
        return await self._db.fetch(_LATEST_OF, *before, limit, agency)

    async def counts(self, first: date, last: date, raised_by: str | None) -> list[asyncpg.Record]:
        """Count whistles by who raised them, kind and reason of refusal, empty where routed."""
        return await self._db.fetch(_COUNTS, first, last, raised_by)
