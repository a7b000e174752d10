"""Sums that are kept say what the rows say, whatever happens to the rows and in which order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.keys import Role
from services.runtime.migrate import migrate
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.tracker.adapters import sums
from services.tracker.adapters.figures import Asked, FigureReading, GroupBy
from services.tracker.adapters.tallies import MONTHS_BEFORE, Tallies
from tests.builders import NOON
from tests.policies import SLA, a_policy
from tests.tracker.graded import exclude, graded_policy, verdict
from tests.tracker.world import World, a_world, dispatch, get

pytestmark = pytest.mark.postgres

KINDS: tuple[GroupBy, ...] = ("agency", "district", "street", "category")
#: Statements of a history; each meets one row drawn by chance, or adds one.
_ADD_ORDER = """
    INSERT INTO tracker.work_order (complaint_id, order_id, position, agency, role, round, attempt,
        standard, scored, category, district, street, state, dispatched_at, at_risk_at, due_at,
        is_provisional, timeline)
    VALUES ($1, $1, 1, $2, $3, 1, 1, 'x', 'x', $4, $5, $6, 'dispatched', $7, $7, $7, false, '[]')
"""
_ADD_CALLBACK = """
    INSERT INTO tracker.callback (complaint_id, callback_id, order_id, round, agency, scored,
        category, district, street, answer, state, resolved_at, lapses_at)
    VALUES ($1, $1, $1, 1, 'x', $2, $3, $4, $5, '', 'asked', $6, $6)
"""
_ONE_ORDER = "order_id = (SELECT order_id FROM tracker.work_order ORDER BY random() LIMIT 1)"
_ONE_CALLBACK = "callback_id = (SELECT callback_id FROM tracker.callback ORDER BY random() LIMIT 1)"
_CHANGES = (
    *(
        f"UPDATE tracker.work_order SET {change} WHERE {_ONE_ORDER}"
        for change in (
            "state = 'resolved', ended_at = $1, is_on_time = true",
            "state = 'resolved', ended_at = $1, is_on_time = false, breached_at = $1",
            "state = 'returned', ended_at = $1, is_on_time = NULL",
            "state = 'signed', signed_at = $1",
            "breached_at = $1",
        )
    ),
    *(
        f"UPDATE tracker.callback SET {change} WHERE {_ONE_CALLBACK}"
        for change in (
            "state = 'answered', ended_at = $1, is_solved = true, satisfaction = 'satisfied'",
            "state = 'answered', ended_at = $1, is_contacted = true, satisfaction = 'basically'",
            "state = 'lapsed', ended_at = $1, lapse_reason = 'no-answer'",
            "state = 'lapsed', ended_at = $1, lapse_reason = 'no-contact'",
            "state = 'lapsed', ended_at = $1, lapse_reason = 'not-sampled'",
            "state = 'dropped', ended_at = $1",
            "excluded_because = 'malicious', excluded_by = 'anna', excluded_at = $1",
            "category = 'r', asked_at = $1",
        )
    ),
    f"DELETE FROM tracker.callback WHERE {_ONE_CALLBACK} AND ended_at < $1",
    f"DELETE FROM tracker.work_order WHERE {_ONE_ORDER} AND dispatched_at < $1",
)


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    """The tracker's tables, empty."""
    await migrate(dsn, "tracker")
    found = await Database.connect(dsn, "tracker", clock=ManualClock(NOON), size=4)
    yield found
    await found.close()


def the_tallies(db: Database, starts_on: int = 19) -> Tallies:
    """Sums of the tiny city's months."""
    policy = a_policy(sla=SLA.replace("month_starts_on = 19", f"month_starts_on = {starts_on}"))
    return Tallies(db, PolicyStore.fixed(policy), ManualClock(NOON))


async def _live(db: Database, dice: random.Random, steps: int, at_once: int = 3) -> None:
    """Let orders and call-backs come, change and go, some of it undone."""
    for _ in range(steps):
        with suppress(ConnectionAbortedError):
            async with db.transaction() as tx:
                for _ in range(dice.randint(1, at_once)):
                    await _happen(tx.conn, dice)
                _perhaps_die(dice)


def _perhaps_die(dice: random.Random) -> None:
    if dice.random() < 0.1:
        raise ConnectionAbortedError


async def _happen(conn: Any, dice: random.Random) -> None:
    at = NOON + timedelta(days=dice.randrange(-40, 25))
    agency, street = dice.choice("ab"), dice.choice(["s", "t", None])
    category, district = dice.choice(["p", "q", None]), dice.choice(["d", None])
    match dice.randrange(5):
        case 0:
            role = dice.choice(["lead", "assist"])
            await conn.execute(_ADD_ORDER, new_id(), agency, role, category, district, street, at)
        case 1:
            await conn.execute(_ADD_CALLBACK, new_id(), agency, category, district, street, at)
        case _:
            await conn.execute("SELECT setseed($1)", dice.random())  # For which row it hits.
            await conn.execute(dice.choice(_CHANGES), at)


async def _compare(db: Database) -> int:
    """Compare the sums of every month with a recount; returns how much they count."""
    reading, counted = FigureReading(db), 0
    periods = [tuple(row) for row in await db.fetch("SELECT begins_at, ends_at FROM tally_period")]
    assert len(periods) == MONTHS_BEFORE + 2
    statements = [
        *((by, sums.VERDICTS[by]) for by in KINDS),
        *((by, sums.KEPT[by]) for by in KINDS),
    ]
    kept = {
        (number, period): [dict(row) for row in await db.fetch(sql, *period)]
        for number, (_, sql) in enumerate(statements)
        for period in periods
    }
    await db.execute("DELETE FROM tally_period")  # From now on rows are counted.
    for (number, period), rows in kept.items():
        ask = reading.verdicts if number < len(KINDS) else reading.kept
        recount = {row["key"]: row for row in await ask(Asked(*period), statements[number][0])}
        assert {row["key"] for row in rows} == recount.keys()
        for row in rows:
            assert row == pytest.approx(recount[row["key"]])
        counted += sum(row.get("valid", 0) + row.get("dispatched", 0) for row in rows)
    return counted


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_sums_say_what_a_recount_says(db, seed) -> None:
    """Made in the middle of a history; notes folded now and then, and some still waiting."""
    dice, tallies = random.Random(seed), the_tallies(db)
    for steps in (40, 60, 60, 20):
        await _live(db, dice, steps)
        if steps != 20:
            await tallies.round()
    assert await db.fetchval("SELECT count(*) FROM tally_change") > 0
    assert await _compare(db) > 20


async def test_trackers_that_write_and_fold_at_once_count_everything_once(db) -> None:
    """Three write while two fold and make the months."""

    async def fold() -> None:
        tallies = the_tallies(db)
        for _ in range(30):
            await tallies.round()

    await asyncio.gather(
        fold(), fold(), *(_live(db, random.Random(n), 60, at_once=1) for n in range(3))
    )
    await the_tallies(db).round()
    assert await db.fetchval("SELECT count(*) FROM tally_change") == 0
    assert await _compare(db) > 20


async def test_when_the_policy_moves_the_month_the_sums_move_with_it(db) -> None:
    """Those of the old months go, the new ones are counted from the rows."""
    await _live(db, random.Random(4), 60)
    await the_tallies(db, 19).round()
    await the_tallies(db, 1).round()
    starts = await db.fetch(
        "SELECT DISTINCT extract(day FROM ends_at + '8 h')::int FROM tally_period"
    )
    assert [row[0] for row in starts] == [1]
    assert await db.fetchval("SELECT count(DISTINCT period_id) FROM tally") <= MONTHS_BEFORE + 2
    assert await _compare(db) > 10


async def _everything(world: World) -> list[Any]:
    asked = [("/v1/rates", {"by": by}) for by in KINDS]
    asked += [("/v1/rates", {"by": "agency", "district": "990101"}), ("/v1/whistle-rates", {})]
    return [await get(world, path, Role.OPERATOR, **params) for path, params in asked]


async def test_answers_are_the_same_with_and_without_sums(dsn) -> None:
    """Rates and whistle rates, while notes wait and when they are folded."""
    policy = graded_policy()
    async with a_world(dsn, policy) as world:
        await verdict(world, "pleased")
        before_sums = await _everything(world)
        db = world.path.running["tracker"].db
        tallies = Tallies(db, PolicyStore.fixed(policy), world.clock)
        await tallies.round()
        assert await _everything(world) == before_sums
        for answer in ("cross", "silent", "content", "withdrawn"):
            await verdict(world, answer, category=None if answer == "cross" else "environment")
        await exclude(world, await verdict(world, "unsolved"))
        await dispatch(world)
        waiting = await _everything(world)
        await tallies.round()
        folded = await _everything(world)
        await db.execute("DELETE FROM tally_period")
        assert waiting == folded == await _everything(world)
        assert waiting[0][1]["total"]["response"]["denominator"] == 3
