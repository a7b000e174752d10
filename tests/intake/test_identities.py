"""Identities: revealed to those who must know, and written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.events import ComplaintReceived, Matter
from services.runtime.keys import Role
from tests.intake.callers import NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door

pytestmark = pytest.mark.postgres


async def _a_report(
    door: Door, changes: dict[str, Any] | None = None, **reporter: Any
) -> tuple[str, Matter]:
    """Report something; gives the complaint and what is told of it."""
    client = await door.client(Role.REPORTER)
    body = a_complaint(reporter=a_reporter(**reporter), **(changes or {}))
    complaint_id = (await client.post("/v1/complaints", json=body)).json()["complaint_id"]
    (fact,) = [e.data for e in await door.received() if str(e.complaintid) == complaint_id]
    assert isinstance(fact, ComplaintReceived)
    return complaint_id, fact.matter


async def _a_token(door: Door, **reporter: Any) -> str:
    _, matter = await _a_report(door, **reporter)
    assert matter.reporter is not None
    return matter.reporter


async def test_whoever_must_write_to_a_person_learns_who_it_is(door: Door) -> None:
    """The notifier knows only the token."""
    token = await _a_token(door)
    service = await door.client(Role.SERVICE)
    body = {"purpose": "send a notice"}
    answer = await service.post(f"/v1/identities/{token}/reveal", json=body)
    assert answer.json() == {
        "token": token,
        "name": NAME,
        "phone": f"+86{PHONE}",
        "email": None,
        "push": None,
        "do_not_call": False,
    }
    rows = await door.path.pool.fetch("SELECT * FROM identity.access")
    assert [(row["reporter"], row["purpose"], row["outcome"]) for row in rows] == [
        (token, "send a notice", "shown")
    ]


async def test_what_an_app_pushes_to_is_kept_with_the_number_and_nowhere_else(door: Door) -> None:
    """Without it the policy's `push` channel would reach nobody."""
    token = await _a_token(door, push="oLz-7f3a_example")
    service = await door.client(Role.SERVICE)
    answer = await service.post(f"/v1/identities/{token}/reveal", json={"purpose": "notice"})
    assert answer.json()["push"] == "oLz-7f3a_example"
    assert not [event for event in await door.received() if "oLz-7f3a" in event.model_dump_json()]
    body = a_complaint(reporter=a_reporter(push="two words"))
    refused = await (await door.client(Role.REPORTER)).post("/v1/complaints", json=body)
    assert refused.json()["errors"][0]["field"] == "reporter.push"


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


async def test_an_operator_who_harvests_the_vault_is_stopped(door: Door) -> None:
    """A stolen key must not be worth the whole city; services have no limit."""
    token = await _a_token(door)
    operator, service = await door.client(Role.OPERATOR), await door.client(Role.SERVICE)
    path, body = f"/v1/identities/{token}/reveal", {"purpose": "call back"}
    for _ in range(120):
        assert (await operator.post(path, json=body)).status_code == 200
    stopped = await operator.post(path, json=body)
    assert (stopped.status_code, stopped.json()["code"]) == (429, "too-many-reveals")
    assert 0 < int(stopped.headers["Retry-After"]) <= 3601
    assert PHONE not in stopped.text
    assert (await operator.post(path, json=body)).status_code == 429
    assert (await service.post(path, json=body)).status_code == 200
    count = "SELECT count(*) FROM identity.access WHERE outcome = 'refused'"
    assert await door.path.pool.fetchval(count) == 1  # However often it is tried.
    door.clock.advance(timedelta(hours=1, seconds=1))
    assert (await operator.post(path, json=body)).status_code == 200


async def test_a_purpose_is_one_line_without_anybody_in_it(door: Door) -> None:
    """The list of accesses is read by those who may not know identities."""
    token = await _a_token(door)
    operator = await door.client(Role.OPERATOR)
    path = f"/v1/identities/{token}/reveal"
    for purpose in ("a\nb", "a\u0000b", "x", "y" * 201):
        answer = await operator.post(path, json={"purpose": purpose})
        assert answer.status_code == 422, purpose
        assert answer.json()["errors"][0]["field"] == "purpose"
    await operator.post(path, json={"purpose": f"打电话给{PHONE}"})
    written = await door.path.pool.fetchval("SELECT purpose FROM identity.access")
    assert PHONE not in written


async def test_an_auditor_sees_who_looked_but_never_at_whom(door: Door) -> None:
    """Oversight needs no identities."""
    token = await _a_token(door)
    operator = await door.client(Role.OPERATOR)
    for purpose in ("first", "second"):
        await operator.post(f"/v1/identities/{token}/reveal", json={"purpose": purpose})
    auditor = await door.client(Role.AUDITOR)
    answer = await auditor.get("/v1/identities/accesses")
    assert [(row["position"], row["purpose"]) for row in answer.json()["items"]] == [
        (2, "second"),
        (1, "first"),
    ]
    for secret in (token, PHONE, NAME):
        assert secret not in answer.text
    earlier = await auditor.get("/v1/identities/accesses", params={"before": 2})
    assert [row["purpose"] for row in earlier.json()["items"]] == ["first"]
    assert (await operator.get("/v1/identities/accesses")).status_code == 403


async def test_a_look_that_cannot_be_written_down_shows_nothing(door: Door) -> None:
    """No record, no reveal: they are one transaction."""
    token = await _a_token(door)
    await door.path.pool.execute("ALTER TABLE identity.access RENAME TO gone")
    service = await door.client(Role.SERVICE)
    transport = httpx.ASGITransport(
        door.path.running["intake"].service.app, raise_app_exceptions=False
    )
    async with httpx.AsyncClient(
        transport=transport, base_url="http://intake", headers=service.headers
    ) as client:
        answer = await client.post(f"/v1/identities/{token}/reveal", json={"purpose": "call back"})
    assert answer.status_code == 500
    assert PHONE not in answer.text


async def test_the_token_of_a_secret_complaint_stands_for_nothing_else(door: Door) -> None:
    """保密: whoever sees two of a person's complaints must not see that they are one person's."""
    open_token = await _a_token(door)
    secret_token = await _a_token(door, is_secret=True)
    complaint_id, matter = await _a_report(door, is_secret=True)
    again = matter.reporter
    assert len({open_token, secret_token, again}) == 3
    service = await door.client(Role.SERVICE)
    body = {"purpose": "call-back", "complaint_id": complaint_id}
    answer = await service.post(f"/v1/identities/{again}/reveal", json=body)
    assert answer.json()["phone"] == f"+86{PHONE}"
    wrong = await service.post(f"/v1/identities/{secret_token}/reveal", json=body)
    assert wrong.status_code == 404
    alone = await service.post(f"/v1/identities/{again}/reveal", json={"purpose": "call-back"})
    assert alone.status_code == 404


async def test_a_secret_complaint_is_still_known_as_a_repeat(door: Door) -> None:
    """The door keeps the person's own token, inside."""
    first, _ = await _a_report(door)
    _, matter = await _a_report(door, is_secret=True)
    assert str(matter.repeat_of) == first


async def test_what_a_secret_complaint_may_repeat_is_not_told(door: Door) -> None:
    """It would go along with the order, and the agency may know who made the earlier one."""
    first, _ = await _a_report(door, {"category": "environment-waste", "text": "垃圾桶满了。"})
    _, shown = await _a_report(
        door, {"category": "environment-waste", "text": "有人往河里倒渣土。"}
    )
    assert (str(shown.repeat_of), shown.repeat_score) == (first, 0.6)
    other = {"category": "environment-waste", "text": "清运车每天半夜才来。"}
    _, veiled = await _a_report(door, other, is_secret=True)
    assert (veiled.repeat_of, veiled.repeat_score) == (None, None)


async def test_who_wants_to_be_let_alone_is_told_with_the_number(door: Door) -> None:
    """The notifier asks at the moment of sending, so a wish holds at once; so does its end."""
    token = await _a_token(door)
    operator, service = await door.client(Role.OPERATOR), await door.client(Role.SERVICE)
    for wish in (True, False):
        path = f"/v1/identities/{token}/preferences"
        assert (await operator.put(path, json={"do_not_call": wish})).status_code == 200
        answer = await service.post(f"/v1/identities/{token}/reveal", json={"purpose": "notice"})
        assert answer.json()["do_not_call"] is wish


async def test_of_a_person_and_their_secret_report_the_last_word_counts(door: Door) -> None:
    """A wish taken back on the person's own token must not live on under the report's."""
    own = await _a_token(door)
    complaint_id, matter = await _a_report(door, is_secret=True)
    operator, service = await door.client(Role.OPERATOR), await door.client(Role.SERVICE)
    about = {"complaint_id": complaint_id}

    async def wish(token: str | None, *, do_not_call: bool) -> bool:
        """Write a wish down a minute later; gives what holds for the secret report."""
        door.clock.advance(timedelta(minutes=1))
        body = {"do_not_call": do_not_call, **(about if token == matter.reporter else {})}
        path = f"/v1/identities/{token}/preferences"
        assert (await operator.put(path, json=body)).status_code == 200
        told = await service.post(
            f"/v1/identities/{matter.reporter}/reveal", json={"purpose": "notice", **about}
        )
        return told.json()["do_not_call"] is True

    assert await wish(matter.reporter, do_not_call=True)
    assert not await wish(own, do_not_call=False)
    assert await wish(own, do_not_call=True)
    assert not await wish(matter.reporter, do_not_call=False)


async def test_a_wish_is_written_down_by_operators_for_people_we_know(door: Door) -> None:
    """Neither for a token that stands for nobody, nor by the services themselves."""
    path, body = f"/v1/identities/p-{'0' * 30}/preferences", {"do_not_call": True}
    assert (await (await door.client(Role.OPERATOR)).put(path, json=body)).status_code == 404
    assert (await (await door.client(Role.SERVICE)).put(path, json=body)).status_code == 403
    assert await door.path.pool.fetchval("SELECT count(*) FROM identity.preference") == 0
