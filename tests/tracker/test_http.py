"""The tracker's HTTP side: who may see what, and pages that neither skip nor repeat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.events import AgencyAction, Place, Satisfaction
from services.runtime.ids import new_id
from services.runtime.keys import Role
from tests.builders import a_matter
from tests.tracker.stories import GOVERNMENT, STREET, WATER, held, prompt_policy
from tests.tracker.world import World, a_world, dispatch, get, resolve

pytestmark = pytest.mark.postgres


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    """A tracker that asks at once, so that verdicts need no waiting."""
    async with a_world(dsn, prompt_policy()) as world:
        yield world


# Who may see what.


async def test_an_agency_and_a_reporter_may_not_search_cases(world) -> None:
    """Cases hold other agencies' matters."""
    for path in ("/v1/cases", f"/v1/cases/{new_id()}", "/v1/totals"):
        for role, agency in ((Role.AGENCY, STREET), (Role.REPORTER, None)):
            status, problem = await get(world, path, role, agency)
            assert (status, problem["code"]) == (403, "wrong-role")
        status, problem = await get(world, path, None)
        assert (status, problem["code"]) == (401, "no-key")


async def test_an_agency_sees_its_own_orders_and_nobody_elses(world) -> None:
    """Neither by asking for them nor by not asking."""
    await dispatch(world, assists=(WATER,))
    await dispatch(world, GOVERNMENT)
    for agency in (STREET, WATER, GOVERNMENT):
        _, page = await get(world, "/v1/orders", Role.AGENCY, agency)
        assert [order["agency"] for order in page["items"]] == [agency]
    status, problem = await get(world, "/v1/orders", Role.AGENCY, STREET, agency=WATER)
    assert (status, problem["code"]) == (403, "not-your-orders")
    _, page = await get(world, "/v1/orders")
    assert len(page["items"]) == 3


async def test_nothing_that_is_shown_names_the_reporter(world) -> None:
    """The token leads to the person; nobody who reads cases needs it."""
    secret = a_matter(reporter="token-of-a-person", is_secret=True)
    key = await dispatch(world, matter=secret)
    await resolve(world, key)
    for path in (f"/v1/cases/{key}", "/v1/cases", "/v1/orders"):
        _, shown = await get(world, path)
        assert "token-of-a-person" not in str(shown)


# Searching.


FILTERS: list[tuple[dict[str, str], set[str]]] = [
    ({}, {"a", "b", "c"}),
    ({"state": "handling"}, {"a", "b"}),
    ({"state": "held"}, {"c"}),
    ({"agency": WATER}, {"b"}),
    ({"district": "990102"}, {"b"}),
    ({"category": "environment-waste"}, {"a"}),
    ({"number": "LZ-3"}, {"c"}),
    ({"state": "handling", "district": "990101"}, {"a"}),
    ({"state": "closed"}, set()),
]


async def test_cases_are_found_by_what_they_are(world) -> None:
    """Each filter alone and together."""
    west = a_matter(number="LZ-2", category="utilities-water", place=Place(district="990102"))
    names = {
        str(await dispatch(world)): "a",
        str(await dispatch(world, WATER, matter=west)): "b",
    }
    key = new_id()
    await world.say(key, held(matter=a_matter(number="LZ-3", place=Place())))
    names[str(key)] = "c"
    for filters, expected in FILTERS:
        _, page = await get(world, "/v1/cases", **filters)
        assert {names[case["complaint_id"]] for case in page["items"]} == expected, filters


async def test_pages_neither_skip_nor_repeat(world) -> None:
    """Whatever the page's size, also when several are due at the same instant."""
    for _ in range(5):
        await dispatch(world)
    for path in ("/v1/cases", "/v1/orders"):
        seen, cursor = [], {}
        while True:
            _, page = await get(world, path, limit=2, **cursor)
            seen += [item.get("order_id", item["complaint_id"]) for item in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert len(seen) == len(set(seen)) == 5


async def test_cases_come_newest_first(world) -> None:
    """What an operator has just been told about is on top."""
    keys = [str(await dispatch(world)) for _ in range(3)]
    _, page = await get(world, "/v1/cases")
    assert [case["complaint_id"] for case in page["items"]] == keys[::-1]


async def test_orders_are_found_open_and_overdue(world) -> None:
    """What an agency looks at first thing in the morning."""
    done, late = await dispatch(world), await dispatch(world)
    await resolve(world, done)
    await world.wait(timedelta(days=7, seconds=1))
    fresh = await dispatch(world)

    async def found(state: str) -> list[str]:
        _, page = await get(world, "/v1/orders", state=state)
        return [order["complaint_id"] for order in page["items"]]

    assert await found("open") == [str(late), str(fresh)]
    assert await found("dispatched") == [str(late), str(fresh)]
    assert await found("overdue") == [str(late)]
    assert await found("resolved") == [str(done)]


NONSENSE: list[tuple[str, str, dict[str, Any]]] = [
    ("/v1/orders", "cursor", {"cursor": "bm90LWEtY3Vyc29y"}),
    ("/v1/orders", "cursor", {"cursor": "ÿ"}),
    ("/v1/cases", "cursor", {"cursor": "x"}),
    ("/v1/cases", "limit", {"limit": 0}),
    ("/v1/rates", "month", {"month": "2026-13"}),
    ("/v1/rates", "month", {"month": "0001-01"}),
    ("/v1/rates", "month", {"from": "2026-01-01"}),
    ("/v1/rates", "from", {"from": "0001-01-01", "to": "2026-01-01"}),
    ("/v1/rates", "to", {"from": "2026-01-02", "to": "2026-01-01"}),
    ("/v1/rates", "to", {"from": "2026-01-02", "to": "9999-12-31"}),
]


async def test_what_makes_no_sense_is_refused_by_name(world) -> None:
    """422 and the field; never a 500."""
    for path, field, params in NONSENSE:
        status, problem = await get(world, path, **params)
        assert (status, problem["code"]) == (422, "invalid-request"), params
        assert field in [error["field"] for error in problem["errors"]]


# One case.


async def test_a_case_is_shown_with_its_clocks_explained_and_its_history(world) -> None:
    """One page answers "why is it due then, and what happened?"."""
    matter = a_matter(title="暖气不热", category="housing-deed")
    key = await dispatch(world, matter=matter, standard="complex", assists=(WATER,))
    await world.say(key, world.report(key, AgencyAction.SIGN))
    status, case = await get(world, f"/v1/cases/{key}")
    assert status == 200
    assert (case["title"], case["nature"], case["policy"]) == (
        "暖气不热",
        "help",
        prompt_policy().hash,
    )
    lead, assist = case["orders"]
    assert (lead["role"], assist["role"]) == ("lead", "assist")
    steps = lead["timeline"]
    assert steps[0]["starts_at"] == lead["dispatched_at"]
    assert steps[-1]["ends_at"] == lead["due_at"] == case["due_at"]
    assert steps[0]["why"] == "派单当日(2026-11-24)不计入"
    kinds = [line["kind"] for line in case["history"]]
    assert kinds == [
        "CaseOpened",
        "OrderDispatched",
        "OrderDispatched",
        "OrderSigned",
        "OrderActionReported",  # What the agency wrote when it signed.
    ]


async def test_a_case_shows_every_verdict(world) -> None:
    """The first round's bad one too, after the second closed it."""
    key = await dispatch(world)
    await resolve(world, key)
    await world.say(key, world.answer(key, satisfaction=Satisfaction.DISSATISFIED))
    await resolve(world, key)
    await world.say(key, world.answer(key))
    _, case = await get(world, f"/v1/cases/{key}", Role.AUDITOR)
    assert [c["satisfaction"] for c in case["callbacks"]] == ["dissatisfied", "satisfied"]
    assert (case["state"], case["closed_as"], case["round"]) == ("closed", "confirmed", 2)


async def test_a_case_that_is_not_there_is_a_404(world) -> None:
    """With a code that a program may depend on."""
    status, problem = await get(world, f"/v1/cases/{new_id()}")
    assert (status, problem["code"]) == (404, "no-such-case")
