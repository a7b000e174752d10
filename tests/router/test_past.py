"""`GET /v1/routes`: past complaints, each once, as they came in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.events import Matter, OrderReturned, Place
from services.router.__main__ import RouterSettings, build
from services.runtime.clock import ManualClock
from services.runtime.keys import Role
from tests.builders import NOON, a_matter, a_received_event, an_event, as_outgoing
from tests.harness import Path, running
from tests.policies import a_policy

pytestmark = pytest.mark.postgres

EAST = Place(district="990101")
DAY = {"from": "2026-11-24T00:00:00Z", "to": "2026-11-25T00:00:00Z"}


@pytest.fixture
async def path(dsn: str) -> AsyncIterator[Path]:
    """The router alone."""
    clock = ManualClock(NOON)
    settings = {"router": RouterSettings()}
    async with running(dsn, clock, a_policy(), {"router": build}, settings) as path:
        yield path


async def receive(path: Path, **matter: Any) -> UUID:
    event = a_received_event(**matter)
    await path.bus.publisher().publish([as_outgoing(event, "complaints.received")])
    await path.settle()
    return event.complaintid


async def test_a_past_complaint_has_matter_first_decision_and_what_became_of_it(
    path: Path,
) -> None:
    """The first decision stays the first, whatever came later."""
    key = await receive(path, text="家里停水了", place=EAST)
    path.clock.advance(timedelta(days=2))
    fact = OrderReturned(order_id=UUID(int=9), agency="water-company", attempt=1, reason="x")
    returned = as_outgoing(an_event(fact, key, source="tracker"), "complaints.tracked")
    await path.bus.publisher().publish([returned])
    await path.settle()
    async with await path.client("router", Role.SUPERVISOR) as client:
        page = (await client.get("/v1/routes", params=DAY)).json()
    (item,) = page["items"]
    assert (item["complaint_id"], item["policy"]) == (str(key), a_policy().hash)
    assert (item["outcome"], item["decision"]["lead"]) == ("routed", "water-company")
    assert Matter.model_validate(item["matter"]) == a_matter(text="家里停水了", place=EAST)
    assert item["now"] == {
        "outcome": "routed",
        "attempt": 2,
        "lead": "government-990101",
        "decided_by": "fallback",
    }
    assert page["next"] is None


async def test_pages_neither_skip_nor_repeat(path: Path) -> None:
    """Also where many were decided at one instant, and where the span ends in between."""
    keys = []
    for number in range(7):
        path.clock.advance(timedelta(hours=number % 2))
        keys.append(str(await receive(path, text="家里停水了", place=EAST)))
    path.clock.advance(timedelta(days=1))
    await receive(path, text="家里停水了", place=EAST)
    seen: list[str] = []
    after: dict[str, str] = {}
    async with await path.client("router", Role.AUDITOR) as client:
        for _ in range(4):
            page = (await client.get("/v1/routes", params={**DAY, "limit": "2", **after})).json()
            seen += [item["complaint_id"] for item in page["items"]]
            after = {"after": page["next"]}
    assert after["after"] is None
    assert sorted(seen) == sorted(keys)


async def test_pages_are_read_from_an_index(path: Path) -> None:
    """What is stored may grow; a page costs the same."""
    plan = await path.running["router"].db.fetch(
        "EXPLAIN SELECT complaint_id FROM router.route_attempt WHERE number = 1"
        " AND (decided_at, complaint_id) > ('2026-01-01', gen_random_uuid())"
        " AND decided_at < '2026-12-01' ORDER BY decided_at, complaint_id LIMIT 10"
    )
    assert any("route_attempt_first" in row[0] for row in plan), plan


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": DAY["to"], "to": DAY["from"]}, "to"),
        ({"from": "2026-11-24T00:00:00", "to": DAY["to"]}, "from"),
        ({**DAY, "after": "bm9uc2Vuc2U="}, "after"),
        ({**DAY, "limit": "501"}, "limit"),
        ({"from": DAY["from"]}, "to"),
    ],
)
async def test_a_wrong_question_names_its_field(
    path: Path, params: dict[str, str], field: str
) -> None:
    """An empty page would look like the end."""
    async with await path.client("router", Role.SUPERVISOR) as client:
        response = await client.get("/v1/routes", params=params)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (None, 401),
        (Role.REPORTER, 403),
        (Role.AGENCY, 403),
        (Role.OPERATOR, 403),
        (Role.SERVICE, 200),
    ],
)
async def test_who_judges_policies_reads_them_all(
    path: Path, role: Role | None, status: int
) -> None:
    """An operator sees complaints one at a time."""
    agency = "city-housing" if role is Role.AGENCY else None
    async with await path.client("router", role, agency) as client:
        assert (await client.get("/v1/routes", params=DAY)).status_code == status
