"""Complaints over HTTP, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.events import ComplaintReceived
from services.runtime.keys import Role
from tests.builders import NOON
from tests.intake.callers import NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door
from tests.intake.tracked import DUE_AT, closed, dispatched, opened

pytestmark = pytest.mark.postgres


async def _post(client: httpx.AsyncClient, body: dict[str, Any], key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post("/v1/complaints", json=body, headers=headers)


async def _taken(answer: Awaitable[httpx.Response]) -> UUID:
    response = await answer
    assert response.status_code == 202, response.text
    return UUID(response.json()["complaint_id"])


async def _repeats(door: Door) -> dict[UUID, UUID | None]:
    events = await door.received()
    facts = {event.complaintid: event.data for event in events}
    return {
        key: fact.matter.repeat_of
        for key, fact in facts.items()
        if isinstance(fact, ComplaintReceived)
    }


async def test_what_is_answered_202_is_told_once(door: Door) -> None:
    """The promise of the door."""
    client = await door.client(Role.REPORTER)
    answer = await _post(client, a_complaint(origin="app", external_id="7"))
    assert answer.status_code == 202
    (event,) = await door.received()
    assert isinstance(event.data, ComplaintReceived)
    assert str(event.complaintid) == answer.json()["complaint_id"]
    assert event.data.matter.number == answer.json()["number"] == "LZ-261124-000001"
    assert (event.data.origin, event.data.external_id) == ("app", "7")
    assert event.sequence == 1
    assert event.policy is not None
    assert answer.json()["status_url"].endswith(f"/v1/complaints/{event.complaintid}")


async def test_sixty_four_posts_with_one_key_make_one_complaint(door: Door) -> None:
    """An impatient program must not give a city sixty-four orders."""
    client = await door.client(Role.REPORTER)
    answers = await asyncio.gather(*(_post(client, a_complaint(), "k1") for _ in range(64)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert len(await door.received()) == 1


async def test_the_same_key_later_gives_the_same_answer_however_the_json_is_written(
    door: Door,
) -> None:
    """Another library may order the fields differently when it tries again."""
    client = await door.client(Role.REPORTER)
    first = await _post(client, a_complaint(), "k1")
    body = dict(reversed(a_complaint().items()))
    again = await _post(client, body, "k1")
    assert (again.status_code, again.json()) == (202, first.json())
    assert len(await door.received()) == 1


async def test_the_same_key_with_another_body_is_a_conflict(door: Door) -> None:
    """Taking one of the two would lose the other."""
    client = await door.client(Role.REPORTER)
    await _post(client, a_complaint(), "k1")
    answer = await _post(client, a_complaint(text="另一件事"), "k1")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "idempotency-conflict"


async def test_another_callers_equal_key_is_another_key(door: Door) -> None:
    """Two systems may both count from one."""
    first, second = await door.client(Role.REPORTER), await door.client(Role.REPORTER)
    await _post(first, a_complaint(), "1")
    await _post(second, a_complaint(), "1")
    assert len(await door.received()) == 2


async def test_a_record_of_another_system_comes_in_once(door: Door) -> None:
    """A resumed import doubles nothing, with or without keys."""
    client = await door.client(Role.SERVICE)
    record = a_complaint(origin="import:letters", external_id="7")
    first = await _post(client, record)
    assert (await _post(client, record, "k9")).json() == first.json()
    assert (await _post(client, a_complaint(text="别的"), "k9")).status_code == 409
    changed = await _post(client, record | {"text": "改过的"})
    assert (changed.status_code, changed.json()["code"]) == (409, "idempotency-conflict")
    assert len(await door.received()) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"place": {"district": "东区", "planet": "earth"}}, "place.planet"),
        ({"text": " "}, "text"),
        ({"text": "长" * 10_001}, "text"),
        ({"channel": "pigeon"}, "channel"),
        ({"category": "no-such-code"}, "category"),
        ({"place": {"district": "990199"}}, "place.district"),
        ({"received_at": "2026-11-24T12:00:00"}, "received_at"),
        ({"reporter": {"phone": "1" * 41}}, "reporter.phone"),
        ({"external_id": "7"}, "origin"),
    ],
)
async def test_a_wrong_field_is_named(door: Door, change: dict[str, Any], field: str) -> None:
    """Whoever writes a program against this should need no telephone call."""
    client = await door.client(Role.REPORTER)
    answer = await _post(client, a_complaint(**change))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid-request"
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert await door.received() == []


async def test_a_problem_never_repeats_what_the_caller_sent(door: Door) -> None:
    """Problems end in other people's logs."""
    client = await door.client(Role.REPORTER)
    body = a_complaint(reporter={"name": NAME * 40, "phone": PHONE * 5})
    answer = await _post(client, body)
    assert answer.status_code == 422
    assert NAME not in answer.text
    assert PHONE not in answer.text


async def test_what_is_no_json_or_too_big_is_refused(door: Door) -> None:
    """Limits on everything."""
    client = await door.client(Role.REPORTER)
    assert (await client.post("/v1/complaints", content=b"{")).status_code == 422
    assert (await client.post("/v1/complaints", content=b"[1]")).status_code == 422
    big = await client.post("/v1/complaints", content=b" " * 100_001)
    assert (big.status_code, big.json()["code"]) == (413, "too-big")


@pytest.mark.parametrize("role", [Role.AGENCY, Role.AUDITOR, Role.SUPERVISOR, None])
async def test_only_those_who_report_may_report(door: Door, role: Role | None) -> None:
    """An agency that could write complaints could write its own praise."""
    client = await door.client(role, "water-company" if role is Role.AGENCY else None)
    assert (await _post(client, a_complaint())).status_code == (403 if role else 401)


async def test_a_batch_reports_each_row_by_itself(door: Door) -> None:
    """A bad row of a file is reported and skipped, never fatal."""
    client = await door.client(Role.SERVICE)
    good = a_complaint(origin="import:letters", external_id="1")
    items = [good, a_complaint(text=""), "no object", good, good | {"text": "改过的"}, good]
    answer = await client.post("/v1/complaints/batch", json={"items": items})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["index"] for result in results] == list(range(6))
    assert [result["status"] for result in results] == [202, 422, 422, 202, 409, 202]
    assert [result["is_new"] for result in results] == [True, False, False, False, False, False]
    assert results[1]["problem"]["errors"][0]["field"] == "text"
    assert len({results[i]["complaint_id"] for i in (0, 3, 5)}) == 1
    assert len(await door.received()) == 1


async def test_a_batch_has_a_limit_and_is_not_for_reporters(door: Door) -> None:
    """A web site hands in what people write, one by one."""
    service, reporter = await door.client(Role.SERVICE), await door.client(Role.REPORTER)
    too_many = {"items": [a_complaint()] * 501}
    assert (await service.post("/v1/complaints/batch", json=too_many)).status_code == 422
    other = await service.post("/v1/complaints/batch", json={"items": [], "more": 1})
    assert other.json()["errors"][0]["field"] == "more"
    few = {"items": [a_complaint()]}
    assert (await reporter.post("/v1/complaints/batch", json=few)).status_code == 403


async def test_many_different_complaints_at_once_all_come_in(door: Door) -> None:
    """One transaction of many, and every caller gets their own number."""
    client = await door.client(Role.REPORTER)
    answers = await asyncio.gather(
        *(_post(client, a_complaint(text=f"第{n}件事", reporter=a_reporter())) for n in range(300))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["number"] for answer in answers}) == 300
    assert len(await door.received()) == 300


async def test_the_same_words_of_the_same_person_are_a_repeat(door: Door) -> None:
    """Also if both calls come in with one transaction."""
    client = await door.client(Role.REPORTER)
    body = a_complaint(reporter=a_reporter())
    first = await _taken(_post(client, body))
    both = await asyncio.gather(_taken(_post(client, body)), _taken(_post(client, body)))
    other = await _taken(_post(client, a_complaint(reporter=a_reporter(phone="19000009999"))))
    repeats = await _repeats(door)
    assert repeats == {first: None, both[0]: first, both[1]: first, other: None}


async def test_the_same_spot_is_a_repeat_only_while_it_is_open(door: Door) -> None:
    """After a case is closed, a new heap of waste is a new complaint."""
    client = await door.client(Role.REPORTER)

    def body(text: str) -> dict[str, Any]:
        return a_complaint(text=text, category="environment-waste", reporter=a_reporter())

    first = await _taken(_post(client, body("垃圾没人清")))
    second = await _taken(_post(client, body("还是没人清垃圾")))
    assert (await _repeats(door))[second] == first
    for earlier in (first, second):
        await door.track(earlier, opened(), closed("confirmed"))
    third = await _taken(_post(client, body("又有垃圾了")))
    assert (await _repeats(door))[third] is None


async def test_after_a_withdrawal_the_same_words_are_a_new_complaint(door: Door) -> None:
    """Who withdrew and calls again wants something done."""
    client = await door.client(Role.REPORTER)
    body = a_complaint(reporter=a_reporter())
    first = await _taken(_post(client, body))
    await client.post(f"/v1/complaints/{first}/withdrawal", json={})
    door.clock.advance(timedelta(minutes=5))
    again = await _taken(_post(client, body))
    assert (await _repeats(door))[again] is None


async def test_anybody_with_the_id_sees_the_status_and_nothing_else(door: Door) -> None:
    """The id can't be guessed; and even so nothing of the person shows."""
    client, anybody = await door.client(Role.REPORTER), await door.client(None)
    body = a_complaint(text=f"{NAME}说垃圾没人清", reporter=a_reporter())
    found = await _taken(_post(client, body))
    await door.track(found, opened(), dispatched())
    answer = await anybody.get(f"/v1/complaints/{found}", params={"lang": "en"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "dispatched"
    assert answer.json()["expected_at"] == DUE_AT.isoformat()
    assert [moment["what"] for moment in answer.json()["timeline"]] == [
        "received",
        "opened",
        "dispatched",
    ]
    assert answer.json()["timeline"][-1]["text"] == "Passed on to 河街街道办事处"
    assert "垃圾" not in answer.text
    assert "p-" not in answer.text
    assert (await anybody.get(f"/v1/complaints/{UUID(int=1)}")).status_code == 404


async def test_follow_ups_are_told_in_order(door: Door) -> None:
    """The tracker relies on a gap-free sequence."""
    client = await door.client(Role.REPORTER)
    found = await _taken(_post(client, a_complaint()))
    path = f"/v1/complaints/{found}"
    facts = {"kind": "facts", "text": f"我的电话是{PHONE}"}
    assert (await client.post(f"{path}/supplements", json=facts)).status_code == 202
    urge = {"kind": "urge", "text": "请快一点"}
    assert (await client.post(f"{path}/supplements", json=urge)).status_code == 202
    for _ in range(2):
        assert (await client.post(f"{path}/withdrawal", json={})).status_code == 202
    late = await client.post(f"{path}/supplements", json=facts)
    assert (late.status_code, late.json()["code"]) == (409, "withdrawn")
    events = await door.received()
    assert [event.sequence for event in events] == [1, 2, 3, 4]
    assert [type(event.data).__name__ for event in events] == [
        "ComplaintReceived",
        "ComplaintSupplemented",
        "ComplaintSupplemented",
        "ComplaintWithdrawn",
    ]
    assert PHONE not in repr(events)


async def test_totals_count_what_was_received_by_origin(door: Door) -> None:
    """Whoever sends a file can check that all of it is here."""
    client = await door.client(Role.SERVICE)
    for number in range(3):
        await _post(client, a_complaint(origin="import:a", external_id=str(number)))
    await _post(client, a_complaint())
    assert (await client.get("/v1/totals")).json()["received"] == 4
    by_origin = await client.get("/v1/totals", params={"origin": "import:a"})
    assert by_origin.json() == {"origin": "import:a", "received": 3}


async def test_an_older_file_is_numbered_today_but_dated_then(door: Door) -> None:
    """The clock of a case starts when it is dispatched, the record keeps when it was said."""
    client = await door.client(Role.SERVICE)
    await _post(client, a_complaint(received_at=(NOON - timedelta(days=900)).isoformat()))
    (event,) = await door.received()
    assert isinstance(event.data, ComplaintReceived)
    assert event.data.matter.received_at == NOON - timedelta(days=900)
    assert event.data.matter.number.startswith("LZ-261124-")
