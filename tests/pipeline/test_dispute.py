"""A dispute from end to end, over HTTP and Kafka, as two agencies and an operator live it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.events import (
    CallbackDue,
    ComplaintHeld,
    OrderDispatched,
    OrderReturnRefused,
)
from services.runtime.keys import Role, add_key
from tests.pipeline.installation import Installation, installation

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

#: Whom the catalogue of Haikou names for category 29, and who organises what nobody else does.
OFFICE, DISTRICT = "commerce-administration", "government-460106"
_WITHIN_S = 60.0


class Dispute:
    """One complaint, and what everybody does about it."""

    def __init__(self, one: Installation, complaint_id: str, keys: dict[str, str]) -> None:
        self.one = one
        self.complaint_id = complaint_id
        self._keys = keys
        self._operator = {"authorization": f"Bearer {keys['operator']}"}

    async def until(self, path: str, service: str, is_so: Callable[[Any], bool]) -> Any:
        """Ask a service until its answer is as expected."""
        async with asyncio.timeout(_WITHIN_S):
            while True:
                found = await self.one.ask(service, path)
                if is_so(found):
                    return found
                await asyncio.sleep(0.1)

    async def order_of(self, agency: str, *, count: int) -> str:
        """Wait for the case's newest order, its `count`th, which must be this agency's."""
        path = f"/v1/cases/{self.complaint_id}"
        case = await self.until(path, "tracker", lambda case: len(case["orders"]) == count)
        order = case["orders"][-1]
        assert (order["agency"], order["ended_at"]) == (agency, None)
        return str(order["order_id"])

    async def act(self, agency: str, order_id: str, action: str, **more: str) -> None:
        """Let an agency report on an order; intake hears of a new one a moment later."""
        url = f"{self.one.stack.services['intake']}/v1/orders/{order_id}/actions"
        headers = {"authorization": f"Bearer {self._keys[agency]}"}
        body = {"action": action, "note": "不属于我单位职责", **more}
        async with asyncio.timeout(_WITHIN_S):
            while True:
                answer = await self.one.client.post(url, json=body, headers=headers)
                if answer.status_code != httpx.codes.NOT_FOUND:
                    break
                await asyncio.sleep(0.1)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text

    async def triage(self) -> list[Any]:
        """See what waits for a person."""
        url = f"{self.one.stack.services['router']}/v1/triage"
        answer = await self.one.client.get(url, headers=self._operator)
        answer.raise_for_status()
        items: list[Any] = answer.json()["items"]
        return items

    async def designate(self, lead: str, consulted: list[str]) -> httpx.Response:
        """Decide as the hotline's operator, after the consultation."""
        url = f"{self.one.stack.services['router']}/v1/triage/{self.complaint_id}"
        body = {"lead": lead, "consulted": consulted, "reason": "会商认定消费纠纷由市级部门办理"}
        return await self.one.client.post(url, json=body, headers=self._operator)


async def _begun(one: Installation) -> Dispute:
    pool = await asyncpg.create_pool(one.stack.dsn, min_size=1, max_size=1)
    keys = {
        "operator": (await add_key(pool, "operator", Role.OPERATOR))[0],
        OFFICE: (await add_key(pool, OFFICE, Role.AGENCY, OFFICE))[0],
        DISTRICT: (await add_key(pool, DISTRICT, Role.AGENCY, DISTRICT))[0],
    }
    await pool.close()
    answer = await one.client.post(
        f"{one.stack.services['intake']}/v1/complaints",
        json={
            "channel": "phone",
            "text": "办的卡不给退，商家一直推脱",
            "category": "29",
            "place": {"district": "460106"},
        },
    )
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return Dispute(one, answer.json()["complaint_id"], keys)


async def test_two_agencies_that_name_each_other_are_heard_and_one_is_designated(
    tmp_path: Path,
) -> None:
    """Dispatch, return, re-route, return, consultation, designation, forbidden return, resolve."""
    async with installation(tmp_path, {}) as one:
        dispute = await _begun(one)
        first = await dispute.order_of(OFFICE, count=1)
        await dispute.act(OFFICE, first, "return", suggests=DISTRICT)
        second = await dispute.order_of(DISTRICT, count=2)
        await dispute.act(DISTRICT, second, "return", suggests=OFFICE)

        # They name each other: a person must decide, and whoever had it first goes on.
        await dispute.order_of(OFFICE, count=3)
        (item,) = await dispute.triage()
        assert item["complaint_id"] == dispute.complaint_id
        assert (item["reason"], item["excluded"]) == ("ping-pong", [OFFICE, DISTRICT])
        answer = await dispute.designate(OFFICE, [OFFICE, DISTRICT])
        assert answer.status_code == httpx.codes.OK, answer.text

        designated = await dispute.order_of(OFFICE, count=4)
        await dispute.act(OFFICE, designated, "return")
        await dispute.act(OFFICE, designated, "resolve", note="已组织调解，商家退款")
        case = await dispute.until(
            f"/v1/cases/{dispute.complaint_id}",
            "tracker",
            lambda case: case["state"] == "resolved",
        )
        events = [
            event
            for event in await one.history(10)
            if str(event.complaintid) == dispute.complaint_id
        ]
        assert await dispute.triage() == []
    facts = [event.data for event in events]
    dispatched = [fact for fact in facts if isinstance(fact, OrderDispatched)]
    assert sorted((fact.agency, fact.tenure) for fact in dispatched) == [
        (OFFICE, "designated"),
        (OFFICE, "meanwhile"),
        (OFFICE, "ordinary"),
        (DISTRICT, "ordinary"),
    ]
    assert len({fact.due_at for fact in dispatched}) == 1  # The citizen was promised one day.
    (hold,) = [fact for fact in facts if isinstance(fact, ComplaintHeld)]
    assert hold.handles_meanwhile == OFFICE
    (refused,) = [fact for fact in facts if isinstance(fact, OrderReturnRefused)]
    assert (refused.agency, refused.refused_as) == (OFFICE, "designated")
    assert [type(fact) for fact in facts].count(CallbackDue) <= 1
    assert case["lead"] == OFFICE
