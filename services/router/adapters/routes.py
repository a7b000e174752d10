"""The router's tables: routes by complaint, their history, triage and totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from services.events import Candidate, Matter
from services.router.decide import Decided, Route
from services.router.decide.record import outcome_of_fact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.router.decide.record import Returned
    from services.runtime.postgres import Database
    from services.runtime.step import Change
    from services.runtime.transaction import Tx

_LOCK = "SELECT * FROM router.route WHERE complaint_id = ANY($1::uuid[]) ORDER BY complaint_id"
_LOCK_ROUTES = f"{_LOCK} FOR UPDATE"
_LOCK_FREE_ROUTES = f"{_LOCK} FOR UPDATE SKIP LOCKED"
# Lists come as text: asyncpg would take a list of lists for a two-dimensional array.
_STORE_ROUTES = """
    INSERT INTO router.route
    SELECT complaint_id, source, matter, outcome, first_outcome, category, decided_by,
        decided_at, attempt, lead, excluded::jsonb, held_reason, candidates::jsonb,
        explanation, policy, decisions
    FROM unnest(
        $1::uuid[], $2::text[], $3::jsonb[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::timestamptz[], $9::int[], $10::text[], $11::text[], $12::text[], $13::text[],
        $14::text[], $15::text[], $16::int[]
    ) AS new (complaint_id, source, matter, outcome, first_outcome, category, decided_by,
        decided_at, attempt, lead, excluded, held_reason, candidates, explanation, policy,
        decisions)
    ON CONFLICT (complaint_id) DO UPDATE SET
        outcome = excluded.outcome, category = excluded.category,
        decided_by = excluded.decided_by, decided_at = excluded.decided_at,
        attempt = excluded.attempt, lead = excluded.lead, excluded = excluded.excluded,
        held_reason = excluded.held_reason, candidates = excluded.candidates,
        explanation = excluded.explanation, policy = excluded.policy,
        decisions = excluded.decisions
"""
# Only an answered complaint can be added to, so hardly any batch has one.
_STORE_ADDED = """
    UPDATE router.route SET added = new.added
    FROM unnest($1::uuid[], $2::text[]) AS new (complaint_id, added)
    WHERE route.complaint_id = new.complaint_id
"""
_STORE_HISTORY = """
    INSERT INTO router.route_attempt
    SELECT * FROM unnest(
        $1::uuid[], $2::int[], $3::int[], $4::text[], $5::uuid[], $6::uuid[], $7::text[],
        $8::timestamptz[], $9::text[], $10::jsonb[], $11::text[], $12::text[], $13::text[]
    )
"""
_ONE = "SELECT * FROM router.route WHERE complaint_id = $1"
_HISTORY = "SELECT * FROM router.route_attempt WHERE complaint_id = $1 ORDER BY number"
_HELD = """
    SELECT * FROM router.route
    WHERE outcome = 'held' AND (decided_at, complaint_id) > ($1::timestamptz, $2::uuid)
    ORDER BY decided_at, complaint_id LIMIT $3
"""
_TOTALS = """
    SELECT outcome, first_outcome, decided_by, count(*) AS complaints
    FROM router.route WHERE $1::text IS NULL OR source = $1
    GROUP BY outcome, first_outcome, decided_by
"""


class RouteTables:
    """Loads and stores routes, a batch at a time."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Route]:
        """Read and lock routes, in the order of the keys, without their history."""
        sql = _LOCK_FREE_ROUTES if skip_locked else _LOCK_ROUTES
        rows = await tx.conn.fetch(sql, sorted(keys))
        return {row["complaint_id"]: route_of(row) for row in rows}

    async def store(self, tx: Tx, changes: Sequence[Change[Route]]) -> None:
        """Write current outcomes and add what is new to the history: two statements."""
        if not changes:
            return
        rows = [_route_row(change.key, change.after) for change in changes]
        await tx.conn.execute(_STORE_ROUTES, *zip(*rows, strict=True))
        added = [
            (change.key, change.after.added)
            for change in changes
            if change.before is not None and change.after.added != change.before.added
        ]
        if added:
            await tx.conn.execute(_STORE_ADDED, *zip(*added, strict=True))
        history = [
            _history_row(change.key, decided)
            for change in changes
            for decided in change.after.unstored
        ]
        if history:
            await tx.conn.execute(_STORE_HISTORY, *zip(*history, strict=True))


class RouteReader:
    """Reads routes for people, outside transactions."""

    def __init__(self, db: Database) -> None:
        """Read from the router's schema."""
        self._db = db

    async def find(self, complaint_id: UUID) -> tuple[Route, list[asyncpg.Record]] | None:
        """Give a route and its whole history, oldest first; None if there is none."""
        row = await self._db.fetchrow(_ONE, complaint_id)
        if row is None:
            return None
        return route_of(row), await self._db.fetch(_HISTORY, complaint_id)

    async def held(self, after: tuple[datetime, UUID], limit: int) -> list[tuple[UUID, Route]]:
        """Give held complaints, those that have waited longest first.

        Args:
            after: Instant and complaint of the last one seen.
            limit: How many at the most.
        """
        rows = await self._db.fetch(_HELD, *after, limit)
        return [(row["complaint_id"], route_of(row)) for row in rows]

    async def totals(self, source: str | None) -> list[asyncpg.Record]:
        """Count complaints by outcome, first outcome and who decided."""
        return await self._db.fetch(_TOTALS, source)


def route_of(row: asyncpg.Record) -> Route:
    """Read a row of `router.route`."""
    return Route(
        matter=Matter.model_validate(row["matter"], extra="ignore"),
        source=row["source"],
        outcome=row["outcome"],
        first_outcome=row["first_outcome"],
        category=row["category"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        attempt=row["attempt"],
        lead=row["lead"],
        excluded=tuple(row["excluded"]),
        held_reason=row["held_reason"],
        candidates=tuple(
            Candidate.model_validate(one, extra="ignore") for one in row["candidates"]
        ),
        explanation=row["explanation"],
        policy=row["policy"],
        decisions=row["decisions"],
        added=row["added"],
    )


def _route_row(key: UUID, route: Route) -> tuple[Any, ...]:
    """Write a row, in the order of the table's columns."""
    return (
        key,
        route.source,
        route.matter.model_dump(mode="json", exclude_none=True),
        route.outcome,
        route.first_outcome,
        route.category,
        route.decided_by,
        route.decided_at,
        route.attempt,
        route.lead,
        _json(route.excluded),
        route.held_reason,
        _json([one.model_dump(exclude_none=True) for one in route.candidates]),
        route.explanation,
        route.policy,
        route.decisions,
    )


def _json(items: Sequence[Any]) -> str:
    return orjson.dumps(items).decode()


def _history_row(key: UUID, decided: Decided) -> tuple[Any, ...]:
    return (
        key,
        decided.number,
        decided.attempt,
        outcome_of_fact(decided.fact),
        decided.origin.event,
        decided.origin.operator,
        decided.policy,
        decided.decided_at,
        decided.explanation,
        decided.fact.model_dump(mode="json", exclude={"matter"}, exclude_none=True),
        *_return_columns(decided.because),
    )


def _return_columns(because: Returned | None) -> tuple[str | None, str | None, str | None]:
    if because is None:
        return None, None, None
    return because.agency, because.reason, because.suggests
