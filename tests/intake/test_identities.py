"""Identities: revealed to those who must know, and written down."""

from __future__ import annotations

import pytest

from services.events import ComplaintReceived
from services.runtime.keys import Role
from tests.intake.callers import NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door

pytestmark = pytest.mark.postgres


async def _a_token(door: Door, **reporter: str) -> str:
    client = await door.client(Role.REPORTER)
    await client.post("/v1/complaints", json=a_complaint(reporter=a_reporter(**reporter)))
    fact = (await door.received())[-1].data
    assert isinstance(fact, ComplaintReceived)
    assert fact.matter.reporter is not None
    return fact.matter.reporter


async def test_whoever_must_write_to_a_person_learns_who_it_is(door: Door) -> None:
    """The notifier knows only the token."""
    token = await _a_token(door)
    service = await door.client(Role.SERVICE)
    body = {"purpose": "send a notice"}
    answer = await service.post(f"/v1/identities/{token}/reveal", json=body)
    assert answer.json() == {"token": token, "name": NAME, "phone": f"+86{PHONE}"}
    rows = await door.path.pool.fetch("SELECT * FROM identity.access")
    assert [(row["reporter"], row["purpose"], row["outcome"]) for row in rows] == [
        (token, "send a notice", "shown")
    ]


async def test_the_latest_name_counts(door: Door) -> None:
    """The token is of the number; names are corrected from call to call."""
    token = await _a_token(door)
    assert await _a_token(door, name="白大树") == token
    operator = await door.client(Role.OPERATOR)
    answer = await operator.post(f"/v1/identities/{token}/reveal", json={"purpose": "call back"})
    assert answer.json()["name"] in {NAME, "白大树"}


async def test_a_token_that_stands_for_nobody_is_written_down_too(door: Door) -> None:
    """Somebody may be trying tokens."""
    operator = await door.client(Role.OPERATOR)
    path = f"/v1/identities/p-{'0' * 30}/reveal"
    assert (await operator.post(path, json={"purpose": "call back"})).status_code == 404
    assert (await operator.post(path, json={})).status_code == 422
    outcomes = await door.path.pool.fetch("SELECT outcome FROM identity.access")
    assert [row["outcome"] for row in outcomes] == ["nothing"]


@pytest.mark.parametrize("role", [Role.AGENCY, Role.REPORTER, Role.AUDITOR, Role.SUPERVISOR])
async def test_nobody_else_may_ask(door: Door, role: Role) -> None:
    """An auditor reads everything but identities."""
    client = await door.client(role, "water-company" if role is Role.AGENCY else None)
    path = f"/v1/identities/p-{'0' * 30}/reveal"
    assert (await client.post(path, json={"purpose": "curious"})).status_code == 403
