"""Agencies: they act on their own orders, and learn whom to contact for a purpose."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from services.events import OrderActionReported, OrderReturned
from services.runtime.keys import Role
from tests.intake.callers import ADDRESS, NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door
from tests.intake.tracked import AGENCY, ORDER, OTHER_AGENCY, dispatched, opened

pytestmark = pytest.mark.postgres

ACTIONS = f"/v1/orders/{ORDER}/actions"


async def _a_dispatched_complaint(door: Door, **reporter: Any) -> UUID:
    client = await door.client(Role.REPORTER)
    body = a_complaint(
        reporter=a_reporter(**reporter), place={"street": "河街街道", "address": ADDRESS}
    )
    answer = await client.post("/v1/complaints", json=body)
    complaint_id = UUID(answer.json()["complaint_id"])
    await door.track(complaint_id, opened(), dispatched())
    return complaint_id


async def _accesses(door: Door) -> list[tuple[str, str, str]]:
    rows = await door.path.pool.fetch(
        "SELECT agency, purpose, outcome FROM identity.access ORDER BY accessed_at, access_id"
    )
    return [tuple(row) for row in rows]


async def test_an_agencys_action_is_told_under_its_own_name(door: Door) -> None:
    """The agency is the key's, never one named in the request."""
    complaint_id = await _a_dispatched_complaint(door)
    agency = await door.client(Role.AGENCY, AGENCY)
    answer = await agency.post(ACTIONS, json={"action": "resolve", "note": f"已联系{PHONE}"})
    assert answer.status_code == 202
    event = (await door.received())[-1]
    assert str(event.id) == answer.json()["event_id"]
    assert event.complaintid == complaint_id
    assert isinstance(event.data, OrderActionReported)
    assert (event.data.agency, event.data.note) == (AGENCY, "已联系[电话]")


async def test_an_agency_cannot_act_on_anothers_order(door: Door) -> None:
    """And can't tell it from one that doesn't exist."""
    await _a_dispatched_complaint(door)
    other = await door.client(Role.AGENCY, OTHER_AGENCY)
    anothers = await other.post(ACTIONS, json={"action": "sign"})
    unknown = await other.post(f"/v1/orders/{UUID(int=1)}/actions", json={"action": "sign"})
    assert anothers.status_code == unknown.status_code == 404
    assert anothers.json() == unknown.json()
    assert anothers.json()["code"] == "no-such-order"
    assert anothers.headers["retry-after"] == unknown.headers["retry-after"] == "1"
    assert len(await door.received()) == 1


@pytest.mark.parametrize("action", ["return", "resolve"])
async def test_a_return_and_an_answer_need_words(door: Door, action: str) -> None:
    """The citizen and the router must learn why."""
    await _a_dispatched_complaint(door)
    agency = await door.client(Role.AGENCY, AGENCY)
    for note in (None, "  "):
        answer = await agency.post(ACTIONS, json={"action": action, "note": note})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "note"


async def test_an_action_with_a_key_is_told_once(door: Door) -> None:
    """Agencies' systems try again, too; and reuse their keys by mistake."""
    await _a_dispatched_complaint(door)
    agency = await door.client(Role.AGENCY, AGENCY)

    async def act(**body: Any) -> Any:
        return await agency.post(ACTIONS, json=body, headers={"Idempotency-Key": "a"})

    answers = await asyncio.gather(*(act(action="sign") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert (await act(action="progress", note="在办")).status_code == 409
    assert len(await door.received()) == 2


async def test_only_agencies_act_on_orders(door: Door) -> None:
    """Not even an operator signs for an agency."""
    await _a_dispatched_complaint(door)
    for role in (Role.OPERATOR, Role.SERVICE, Role.REPORTER):
        client = await door.client(role)
        assert (await client.post(ACTIONS, json={"action": "sign"})).status_code == 403


async def test_the_agency_that_has_the_order_learns_whom_to_contact(door: Door) -> None:
    """It must call the person, and that it asked is written down."""
    complaint_id = await _a_dispatched_complaint(door, email="tree@linzhou.example")
    agency = await door.client(Role.AGENCY, AGENCY)
    path = f"/v1/complaints/{complaint_id}/contact"
    assert (await agency.get(path)).status_code == 422
    answer = await agency.get(path, params={"purpose": "回电核实"})
    assert answer.status_code == 200
    assert answer.json() == {
        "complaint_id": str(complaint_id),
        "name": NAME,
        "phone": f"+86{PHONE}",
        "email": "tree@linzhou.example",
        "address": ADDRESS,
    }
    assert answer.headers["cache-control"] == "no-store"
    assert await _accesses(door) == [(AGENCY, "回电核实", "shown")]


async def test_nobody_else_learns_whom_to_contact_and_the_attempt_is_kept(door: Door) -> None:
    """Curiosity leaves a trace, also when it gets nothing."""
    complaint_id = await _a_dispatched_complaint(door)
    other = await door.client(Role.AGENCY, OTHER_AGENCY)
    path = f"/v1/complaints/{complaint_id}/contact"
    answer = await other.get(path, params={"purpose": "好奇"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-complaint")
    assert NAME not in answer.text
    assert await _accesses(door) == [(OTHER_AGENCY, "好奇", "refused")]


async def test_an_agency_that_returned_the_order_has_no_more_right(door: Door) -> None:
    """It said that the matter isn't theirs."""
    complaint_id = await _a_dispatched_complaint(door)
    returned = OrderReturned(order_id=ORDER, agency=AGENCY, attempt=1, reason="不归我管")
    await door.track(complaint_id, returned)
    agency = await door.client(Role.AGENCY, AGENCY)
    path = f"/v1/complaints/{complaint_id}/contact"
    assert (await agency.get(path, params={"purpose": "回电核实"})).status_code == 404


async def test_a_secret_reporter_is_not_shown_to_the_agency(door: Door) -> None:
    """保密: never pass a report to the reported unit."""
    complaint_id = await _a_dispatched_complaint(door, is_secret=True)
    agency = await door.client(Role.AGENCY, AGENCY)
    path = f"/v1/complaints/{complaint_id}/contact"
    answer = await agency.get(path, params={"purpose": "回电核实"})
    assert (answer.status_code, answer.json()["code"]) == (403, "secret")
    assert PHONE not in answer.text
    assert await _accesses(door) == [(AGENCY, "回电核实", "refused")]
