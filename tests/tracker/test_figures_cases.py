"""Behind every figure stand the call-backs that it counts, and exactly those."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from services.events import Place
from services.runtime.keys import Role
from services.runtime.problems import Problem
from services.tracker.http.cursors import read_cursor, write_cursor
from tests.builders import NOON
from tests.tracker.graded import (
    ANSWERS,
    BRIDGE,
    TRANSPORT,
    exclude,
    graded_policy,
    verdict,
)
from tests.tracker.stories import STREET
from tests.tracker.world import World, a_world, get

pytestmark = pytest.mark.postgres

WEST = Place(district="990102", street="990102001")


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    """Two streets and a department, with every kind of ending, and three verdicts excluded."""
    async with a_world(dsn, graded_policy()) as world:
        for ending in (*ANSWERS, "pleased", "silent", "unreachable", "withdrawn"):
            await verdict(world, ending)
        for ending in ("unsolved", "ignored", "content"):
            await exclude(world, await verdict(world, ending, BRIDGE, place=WEST))
        await verdict(world, "pleased", BRIDGE, category="environment-stall", place=WEST)
        await verdict(world, "cross", TRANSPORT, category="traffic-bus", place=Place())
        yield world


async def every(world: World, role: Role = Role.AUDITOR, **params: Any) -> list[dict[str, Any]]:
    """All call-backs behind a figure, three at a time."""
    found: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        status, page = await get(world, "/v1/rates/cases", role, limit=3, **params, **more)
        assert status == 200, page
        found += page["items"]
        if page["next"] is None:
            return found
        more = {"cursor": page["next"]}


def counts_of(row: dict[str, Any]) -> dict[str, int]:
    """What a row says, under the names by which one looks behind it."""
    valid, shown = row["response"]["denominator"], row["exclusions"]
    contacted, solved = row["response"]["numerator"], row["resolution"]["numerator"]
    return {
        "valid": valid,
        "contacted": contacted,
        "not-contacted": valid - contacted,
        "solved": solved,
        "unsolved": valid - solved,
        "no-contact": shown["no_contact"],
        "no-answer": shown["no_answer"],
        "withdrawn": shown["withdrawn"],
        "excluded": sum(one["count"] for one in shown["officers"]),
    }


@pytest.mark.parametrize("by", ["agency", "district", "street", "category"])
async def test_the_cases_behind_a_figure_add_up_to_it(world, by) -> None:
    """Every number of every row, and of the total."""
    _, page = await get(world, "/v1/rates", None, by=by)
    assert len(page["rows"]) >= 2
    for row in page["rows"]:
        for verdict_, count in counts_of(row).items():
            found = await every(world, by=by, key=row["key"] or "", verdict=verdict_)
            assert len(found) == count, (row["key"], verdict_)
    for verdict_, count in counts_of(page["total"]).items():
        assert len(await every(world, by=by, verdict=verdict_)) == count, verdict_
    assert counts_of(page["total"])["excluded"] == 3


async def test_every_case_behind_the_satisfaction_is_found(world) -> None:
    """Satisfied + 0.9 x basically is the numerator."""
    _, page = await get(world, "/v1/rates", None)
    found = {
        name: len(await every(world, verdict=name))
        for name in ("satisfied", "basically", "dissatisfied", "valid")
    }
    pleased = found["satisfied"] + 0.9 * found["basically"]
    assert page["total"]["satisfaction"]["numerator"] == pytest.approx(pleased)
    assert sum(found.values()) == 2 * found["valid"]


async def test_pages_follow_without_repeating_or_skipping(world) -> None:
    """In the order in which citizens answered."""
    found = await every(world)
    assert len({one["callback_id"] for one in found}) == len(found) == 14
    assert [one["ended_at"] for one in found] == sorted(one["ended_at"] for one in found)


async def test_an_excluded_verdict_says_why_and_who_approved_it(world) -> None:
    """And what the citizen had said, which stays."""
    found = await every(world, by="agency", key=BRIDGE, verdict="excluded")
    first, *_ = unsolved = [one for one in found if not one["is_solved"]]
    assert (len(found), len(unsolved)) == (3, 2)
    assert first["exclusion"]["reason"] == "malicious"
    assert first["exclusion"]["approved_by"] == "supervisor-1"
    assert first["exclusion"]["note"] == "核实为虚假诉求"
    assert (first["scored"], first["district"]) == (BRIDGE, "990102")
    assert (first["is_solved"], first["satisfaction"]) == (False, "dissatisfied")
    assert first["number"].startswith("LZ-")


async def test_a_row_of_summed_up_categories_is_looked_behind_too(world) -> None:
    """With the level of the figure."""
    found = await every(world, by="category", level=1, key="environment", verdict="valid")
    assert {one["category"] for one in found} == {"environment-waste", "environment-stall"}
    assert len(await every(world, by="category", key="environment", verdict="valid")) == 0


async def test_filters_of_the_figure_hold_for_its_cases(world) -> None:
    """One street's work in one kind of matter."""
    found = await every(world, district="990102", category="environment-stall")
    assert [one["scored"] for one in found] == [BRIDGE]
    assert await every(world, month="2026-10") == []


async def test_an_agency_sees_the_cases_it_is_scored_for(world) -> None:
    """Its own, whatever it asks for; never another's."""
    status, page = await get(world, "/v1/rates/cases", Role.AGENCY, BRIDGE)
    assert status == 200
    assert {one["scored"] for one in page["items"]} == {BRIDGE}
    assert len(page["items"]) == 4
    status, page = await get(world, "/v1/rates/cases", Role.AGENCY, BRIDGE, key=STREET)
    assert (status, page["items"]) == (200, [])
    status, problem = await get(world, "/v1/rates/cases", Role.AGENCY, BRIDGE, agency=STREET)
    assert (status, problem["code"]) == (403, "not-your-cases")


NONSENSE: list[tuple[str, dict[str, Any]]] = [
    ("cursor", {"cursor": "bm90LWEtY3Vyc29y"}),
    ("cursor", {"cursor": "ÿ"}),
    ("verdict", {"verdict": "angry"}),
    ("limit", {"limit": 501}),
    ("level", {"level": 0}),
    ("by", {"by": "officer"}),
    ("month", {"month": "2026-13"}),
]


async def test_neither_the_public_nor_nonsense_gets_an_answer(dsn) -> None:
    """Figures are published, the cases behind them aren't; 422 and the field, never a 500."""
    async with a_world(dsn, graded_policy()) as world:
        for role, expected in ((None, (401, "no-key")), (Role.REPORTER, (403, "wrong-role"))):
            status, problem = await get(world, "/v1/rates/cases", role)
            assert (status, problem["code"]) == expected
        for field, params in NONSENSE:
            status, problem = await get(world, "/v1/rates/cases", Role.OPERATOR, **params)
            assert (status, problem["code"]) == (422, "invalid-request"), params
            assert field in [error["field"] for error in problem["errors"]], params


def test_a_cursor_without_a_time_zone_is_none_of_ours() -> None:
    """The database would read it in whatever zone it is in."""
    with pytest.raises(Problem):
        read_cursor(write_cursor(NOON.replace(tzinfo=None), UUID(int=0)))
    assert read_cursor(write_cursor(NOON, UUID(int=7))) == (NOON, UUID(int=7))
