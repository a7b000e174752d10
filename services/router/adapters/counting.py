"""Counts whether first dispatches stood, in the transaction that decides.

Daily counts, so that asking costs the same however much is stored; and one row for each
complaint that was dispatched, so that a count can be followed to its cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from services.events import ComplaintAnswered, ComplaintDiverted, ComplaintRouted
from services.router.decide.record import outcome_of_fact
from services.router.decide.standing import standing
from services.runtime import telemetry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    import asyncpg

    from services.policy import Policy
    from services.router.decide.record import Decided, Route
    from services.router.decide.standing import Fall, How, Standing
    from services.runtime.step import Change
    from services.runtime.transaction import Tx

# Everything in one statement, the counts in one order: two routers that count the same at the
# same time could otherwise wait for each other for good. Lanes keep them from waiting at all,
# as far as their connections' numbers differ.
_TALLY = """
    WITH dispatched AS (
        INSERT INTO router.first_dispatch
        SELECT * FROM unnest(
            $1::uuid[], $2::date[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::timestamptz[], $9::text[], $10::timestamptz[], $11::int[], $12::boolean[])
        ON CONFLICT (complaint_id) DO NOTHING
        RETURNING day, decided_by, rule, agency, category, fell, upheld
    ), moved AS (
        UPDATE router.first_dispatch AS f
        SET fell = coalesce(old.fell, new.fell), fell_at = coalesce(old.fell_at, new.fell_at),
            fell_number = coalesce(old.fell_number, new.fell_number),
            upheld = coalesce(old.fell, new.fell) IS NOT NULL
                AND coalesce(old.agency = new.settled_on, old.upheld)
        FROM unnest($13::uuid[], $14::text[], $15::timestamptz[], $16::int[], $17::text[])
            AS new (complaint_id, fell, fell_at, fell_number, settled_on)
        JOIN router.first_dispatch AS old USING (complaint_id)
        WHERE f.complaint_id = new.complaint_id
        RETURNING f.day, f.decided_by, f.rule, f.agency, f.category,
            CASE WHEN old.fell IS NULL THEN f.fell END AS fell, f.upheld::int - old.upheld::int
    ), delta AS (
        SELECT day, decided_by, rule, agency, category, sum(dispatched)::int AS dispatched,
            (count(*) FILTER (WHERE said = 'returned'))::int AS returned,
            (count(*) FILTER (WHERE said = 'reassigned'))::int AS reassigned,
            sum(upheld)::int AS upheld,
            (count(*) FILTER (WHERE said = 'answered'))::int AS answered,
            (count(*) FILTER (WHERE said = 'diverted'))::int AS diverted,
            (count(*) FILTER (WHERE said = 'held'))::int AS held
        FROM (
            SELECT day, decided_by, rule, agency, category, fell, upheld::int, 1 FROM dispatched
            UNION ALL SELECT *, 0 FROM moved
            UNION ALL SELECT day, decided_by, rule, '', category, outcome, 0, 0
                FROM unnest($18::date[], $19::text[], $20::text[], $21::text[], $22::text[])
                    AS other (day, decided_by, rule, category, outcome)
        ) AS happened (day, decided_by, rule, agency, category, said, upheld, dispatched)
        GROUP BY day, decided_by, rule, agency, category
    ), counted AS (
        INSERT INTO router.dispatch_tally AS t
        SELECT day, pg_backend_pid() % 16, decided_by, rule, agency, category, dispatched,
            returned, reassigned, upheld, answered, diverted, held
        FROM delta ORDER BY day, decided_by, rule, agency, category
        ON CONFLICT (day, decided_by, rule, agency, category, lane) DO UPDATE SET
            dispatched = t.dispatched + excluded.dispatched,
            returned = t.returned + excluded.returned,
            reassigned = t.reassigned + excluded.reassigned,
            upheld = t.upheld + excluded.upheld,
            answered = t.answered + excluded.answered,
            diverted = t.diverted + excluded.diverted,
            held = t.held + excluded.held
    )
    SELECT decided_by, agency, sum(dispatched)::int AS dispatched, sum(returned)::int AS returned,
        sum(reassigned)::int AS reassigned
    FROM delta WHERE agency <> '' GROUP BY decided_by, agency
"""


async def tally(tx: Tx, changes: Sequence[Change[Route]], policy: Policy) -> None:
    """Count what changes say about first dispatches: one statement for a batch.

    Args:
        tx: The transaction that stores the changes; it has locked their routes already.
        changes: Each with what is new in `after.unstored`.
        policy: The one in force; it says in which zone a day ends, and what kind an agency is.
    """
    zone = ZoneInfo(policy.city.time_zone)
    dispatched, moved, others = [], [], []
    for change in changes:
        found = standing(change.before, change.after)
        if found.first is not None:
            others.append(_other_row(found.first, zone))
        if found.dispatch is not None:
            dispatched.append(_dispatch_row(change.key, found.dispatch, found, zone))
        # Of a dispatch that is new nothing is stored yet that this could change.
        if found.fall is not None or found.settled_on is not None:
            moved.append((change.key, *_fall_columns(found.fall), found.settled_on))
    if not dispatched and not moved and not others:
        return
    columns = (*_columns(dispatched, 12), *_columns(moved, 5), *_columns(others, 5))
    for row in await tx.conn.fetch(_TALLY, *columns):
        _measure(row, policy)


def _measure(row: asyncpg.Record, policy: Policy) -> None:
    """Put counts where Prometheus sees them: by kind of agency, for agencies are too many."""
    agency = policy.agencies.get(row["agency"])
    labels = (row["decided_by"], agency.kind.value if agency is not None else "unknown")
    telemetry.FIRST_DISPATCHES.labels(*labels).inc(row["dispatched"])
    for how in ("returned", "reassigned"):
        telemetry.FIRST_DISPATCHES_FALLEN.labels(*labels, how).inc(row[how])


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _dispatch_row(key: UUID, decided: Decided, found: Standing, zone: ZoneInfo) -> tuple[Any, ...]:
    by, rule = _decider(decided)
    lead = decided.fact.lead if isinstance(decided.fact, ComplaintRouted) else ""
    category = decided.fact.matter.category or ""
    dispatch = (by, rule, lead, category, decided.policy, decided.decided_at)
    return (key, _day(decided, zone), *dispatch, *_fall_columns(found.fall), found.is_upheld)


def _fall_columns(fall: Fall | None) -> tuple[How, datetime, int] | tuple[None, None, None]:
    return (fall.how, fall.at, fall.number) if fall is not None else (None, None, None)


def _other_row(decided: Decided, zone: ZoneInfo) -> tuple[Any, ...]:
    by, rule = _decider(decided)
    category, outcome = decided.fact.matter.category or "", outcome_of_fact(decided.fact)
    return (_day(decided, zone), by, rule, category, outcome)


def _decider(decided: Decided) -> tuple[str, str]:
    """Name who decided, and the rule or answer; a hold was decided by nobody."""
    match decided.fact:
        case ComplaintRouted() | ComplaintDiverted() as fact:
            return fact.decided_by, fact.rule or ""
        case ComplaintAnswered() as fact:
            return fact.decided_by, fact.entry or ""
        case _:
            return "", ""


def _day(decided: Decided, zone: ZoneInfo) -> date:
    return decided.decided_at.astimezone(zone).date()
