"""What the database counts is what a plain loop counts, whatever the verdicts are."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.migrate import migrate
from services.runtime.postgres import Database
from services.tracker.adapters.figures import Asked, FigureReading, GroupBy
from tests.builders import NOON

pytestmark = pytest.mark.postgres

COLUMNS = {"agency": "scored", "district": "district", "street": "street", "category": "category"}
PLEASING = ("contacted", "solved", "satisfied", "basically")
#: In the order of the statement's arguments.
FIELDS = (
    *("scored", "category", "district", "street", "state", "ended_at", "is_contacted"),
    *("is_solved", "satisfaction", "lapse_reason", "excluded_because"),
)
_INSERT = """
    INSERT INTO tracker.callback (complaint_id, callback_id, order_id, round, agency, scored,
        category, district, street, answer, state, resolved_at, lapses_at, ended_at, is_contacted,
        is_solved, satisfaction, lapse_reason, excluded_because, excluded_by)
    VALUES ($1, $1, $1, 1, 'x', $2, $3, $4, $5, '', $6, $7, $7, $7, $8, $9, $10, $11, $12, 'anna')
"""


def drawn(dice: random.Random) -> dict[str, Any]:
    """A call-back that ended somehow, in the period or just outside it."""
    state = dice.choice(["answered"] * 8 + ["lapsed", "dropped"])
    is_answered = state == "answered"
    return {
        "scored": dice.choice(["a", "a", "a", "b", "c"]),
        "category": dice.choice(["p", "p", "q", "r", None]),
        "district": dice.choice(["d", "e", None]),
        "street": dice.choice(["s", "t", "u", None]),
        "state": state,
        "ended_at": NOON + timedelta(hours=dice.randrange(-2, 26)),
        "is_contacted": dice.random() < 0.9 if is_answered else None,
        "is_solved": dice.random() < 0.6 if is_answered else None,
        "satisfaction": dice.choice(["satisfied", "basically", "dissatisfied"])
        if is_answered
        else None,
        "lapse_reason": dice.choice(["no-contact", "no-answer"]) if state == "lapsed" else None,
        "excluded_because": "malicious" if is_answered and dice.random() < 0.2 else None,
    }


def counts(row: dict[str, Any]) -> Counter[str]:
    """What one call-back adds to each count."""
    valid = row["state"] == "answered" and row["excluded_because"] is None
    return Counter(
        valid=valid,
        contacted=valid and bool(row["is_contacted"]),
        solved=valid and bool(row["is_solved"]),
        satisfied=valid and row["satisfaction"] == "satisfied",
        basically=valid and row["satisfaction"] == "basically",
        no_contact=row["lapse_reason"] == "no-contact",
        no_answer=row["lapse_reason"] == "no-answer",
        withdrawn=row["state"] == "dropped",
    )


def total(rows: list[dict[str, Any]]) -> Counter[str]:
    """All of them, counted."""
    summed: Counter[str] = Counter()
    for row in rows:
        summed.update(counts(row))
    return summed


def expected(mine: list[dict[str, Any]], own: list[dict[str, Any]], city: list[dict[str, Any]]):
    """The counts at the city's rates, verdict by verdict, and how many are compared."""
    found = dict.fromkeys((*PLEASING, "others"), 0.0)
    for row in mine:
        if counts(row)["valid"]:
            alike = total([one for one in city if one["category"] == row["category"]])
            same = total([one for one in own if one["category"] == row["category"]])
            for name in PLEASING:
                found[name] += alike[name] / alike["valid"]
            found["others"] += 1 - same["valid"] / alike["valid"]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_database_counts_what_a_plain_loop_counts(dsn, seed) -> None:
    """Counts, expectations and who is compared with whom; whole city and a part."""
    dice = random.Random(seed)
    held = [drawn(dice) for _ in range(150)]
    await migrate(dsn, "tracker")
    db = await Database.connect(dsn, "tracker", clock=ManualClock(NOON), size=1)
    try:
        async with db.transaction() as tx:
            rows = [(new_id(), *(row[name] for name in FIELDS)) for row in held]
            await tx.conn.executemany(_INSERT, rows)
        await _compare(FigureReading(db), held)
    finally:
        await db.close()


async def _compare(reading: FigureReading, held: list[dict[str, Any]]) -> None:
    ends = NOON + timedelta(hours=24)
    city = [row for row in held if NOON <= row["ended_at"] < ends]
    kinds: tuple[GroupBy, ...] = ("agency", "district", "street", "category")
    parts: tuple[dict[str, Any], ...] = ({}, {"district": "d"}, {"categories": ("p", "q")})
    for by in kinds:
        for part in parts:
            rows = await reading.verdicts(Asked(NOON, ends, **part), by)
            asked = [row for row in city if _fits(row, part)]
            assert {row["key"] for row in rows} == {row[COLUMNS[by]] for row in asked}
            for row in rows:
                own = [one for one in city if one[COLUMNS[by]] == row["key"]]
                mine = [one for one in asked if one[COLUMNS[by]] == row["key"]]
                summed = total(mine)
                assert {name: row[name] for name in summed} == summed
                if by != "category" and summed["valid"]:
                    fair = expected(mine, own, city)
                    told = {name: row[f"expected_{name}"] for name in PLEASING}
                    assert told | {"others": row["others"]} == pytest.approx(fair)
                    whole = total(city)
                    assert {name: row[f"city_{name}"] for name in whole} == whole


def _fits(row: dict[str, Any], part: dict[str, Any]) -> bool:
    return row["district"] == part.get("district", row["district"]) and (
        "categories" not in part or row["category"] in part["categories"]
    )
