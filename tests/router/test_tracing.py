"""`GET /v1/routes/{id}`: any decision explained under the policy that made it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.events import OrderReturned, Place
from services.policy import load
from services.router.__main__ import RouterSettings, build
from services.runtime import policies
from services.runtime.clock import ManualClock
from services.runtime.keys import KeyRing, Role
from services.runtime.policies import PolicyStore
from services.runtime.service import Context
from tests.builders import NOON, a_received_event, an_event, as_outgoing
from tests.harness import Path, running
from tests.policies import CATALOGUE, a_policy, policy_files

pytestmark = pytest.mark.postgres

EAST = Place(district="990101")
MOVED = CATALOGUE.replace('lead = "water-company"', 'lead = "city-housing"').replace(
    'expect = "water-company"', 'expect = "city-housing"'
)


@pytest.fixture
async def path(dsn: str) -> AsyncIterator[Path]:
    """The router alone."""
    clock = ManualClock(NOON)
    settings = {"router": RouterSettings()}
    async with running(dsn, clock, a_policy(), {"router": build}, settings) as path:
        yield path


async def a_returned_complaint(path: Path) -> UUID:
    """Water, which the company has returned."""
    event = a_received_event(text="家里停水了", place=EAST)
    await path.bus.publisher().publish([as_outgoing(event, "complaints.received")])
    await path.settle()
    fact = OrderReturned(
        order_id=UUID(int=9), agency="water-company", attempt=1, reason="小区自建管网"
    )
    returned = an_event(fact, event.complaintid, source="tracker")
    await path.bus.publisher().publish([as_outgoing(returned, "complaints.tracked")])
    await path.settle()
    return event.complaintid


async def ask(path: Path, key: UUID, **params: str) -> httpx.Response:
    async with await path.client("router", Role.OPERATOR) as client:
        response: httpx.Response = await client.get(f"/v1/routes/{key}", params=params)
        return response


def verdict(route: dict[str, Any], rule: str) -> str:
    (trial,) = [one for one in route["trace"]["rules"] if one["rule"] == rule]
    return str(trial["verdict"])


async def test_the_last_decision_is_explained_unless_another_is_asked_for(path: Path) -> None:
    """Of each: every rule with its verdict, and that it would come out the same today."""
    key = await a_returned_complaint(path)
    last = (await ask(path, key)).json()
    assert (last["traced"]["number"], last["traced"]["agrees"]) == (2, True)
    assert verdict(last, "water-to-company") == "returned"
    first = (await ask(path, key, decision="1")).json()
    assert (first["traced"]["number"], first["traced"]["agrees"]) == (1, True)
    assert verdict(first, "water-to-company") == "chosen"
    assert len(first["trace"]["rules"]) == first["trace"]["rules_total"] == 5


async def test_the_history_says_why_an_agency_returned_it(path: Path) -> None:
    """In the agency's own words, beside the decision that followed."""
    key = await a_returned_complaint(path)
    first, second = (await ask(path, key)).json()["attempts"]
    assert (first["returned_by"], first["return_reason"]) == (None, None)
    assert (second["returned_by"], second["return_reason"]) == ("water-company", "小区自建管网")


async def test_a_past_decision_is_explained_by_the_policy_of_its_day(path: Path) -> None:
    """The rule has moved since; the explanation hasn't."""
    key = await a_returned_complaint(path)
    for files in (policy_files(), policy_files(catalogue=MOVED)):
        await policies.publish(path.pool, files, actor="test")
    store = PolicyStore(path.pool)
    await store.refresh()
    assert store.current.hash == load(policy_files(catalogue=MOVED)).hash
    router = path.running["router"]
    app = build(Context(RouterSettings(), router.db, store, path.clock)).app
    app.state.keys = KeyRing(path.pool)
    headers = {"Authorization": f"Bearer {await path.key(Role.AUDITOR)}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://router", headers=headers
    ) as client:
        route = (await client.get(f"/v1/routes/{key}", params={"decision": "1"})).json()
    assert route["traced"] == {"number": 1, "policy": a_policy().hash, "agrees": True}
    (chosen,) = [one for one in route["trace"]["rules"] if one["verdict"] == "chosen"]
    assert chosen["lead"] == "water-company"


async def test_a_bundle_that_is_gone_explains_nothing_and_hides_nothing(path: Path) -> None:
    """The record itself stays."""
    key = await a_returned_complaint(path)
    await path.pool.execute("UPDATE router.route_attempt SET policy = 'feedfeedfeedfeed'")
    route = (await ask(path, key)).json()
    assert (route["traced"], route["trace"]) == (None, None)
    assert [one["policy"] for one in route["attempts"]] == ["feedfeedfeedfeed"] * 2


async def test_a_decision_that_differs_from_its_record_is_said_to(path: Path) -> None:
    """A trace that explains something else must not look like the reason."""
    key = await a_returned_complaint(path)
    await path.pool.execute(
        """UPDATE router.route_attempt SET decision = decision || '{"lead": "city-transport"}'"""
    )
    assert (await ask(path, key, decision="1")).json()["traced"]["agrees"] is False


@pytest.mark.parametrize("number", ["0", "3"])
async def test_a_decision_that_is_none_is_refused(path: Path, number: str) -> None:
    """Rather than explained by another one."""
    response = await ask(path, await a_returned_complaint(path), decision=number)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["decision"]
