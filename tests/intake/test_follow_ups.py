"""Follow-ups over HTTP: facts, urges and withdrawals, each told once, and clear when refused."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from services.events import ComplaintSupplemented, ComplaintWithdrawn
from services.intake.http.bodies import ActionBody
from services.runtime.keys import Role
from tests.intake.callers import NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door
from tests.intake.tracked import closed, dispatched, opened

pytestmark = pytest.mark.postgres


async def _post(door: Door, **changes: Any) -> tuple[UUID, str]:
    client = await door.client(Role.REPORTER)
    answer = await client.post("/v1/complaints", json=a_complaint(**changes))
    return UUID(answer.json()["complaint_id"]), answer.json()["number"]


async def test_an_urge_sent_again_is_told_once(door: Door) -> None:
    """An answer that got lost must not make a citizen impatient twice."""
    complaint_id, _ = await _post(door)
    client = await door.client(Role.REPORTER)

    async def send(path: str, key: str, **body: Any) -> Any:
        return await client.post(
            f"/v1/complaints/{complaint_id}/{path}", json=body, headers={"Idempotency-Key": key}
        )

    urge = {"kind": "urge", "text": "请快一点"}
    answers = await asyncio.gather(*(send("supplements", "u1", **urge) for _ in range(8)))
    assert {(answer.status_code, answer.text) for answer in answers} == {
        (202, f'{{"complaint_id":"{complaint_id}"}}')
    }
    assert (await send("supplements", "u1", kind="urge", text="别的话")).status_code == 409
    assert (await send("withdrawal", "u1")).json()["code"] == "idempotency-conflict"
    assert (await send("supplements", "u2", **urge)).status_code == 202
    facts = [event.data for event in await door.received()]
    assert [type(fact) for fact in facts[1:]] == [ComplaintSupplemented] * 2
    status = (await client.get(f"/v1/complaints/{complaint_id}")).json()
    assert status["urged"] == 2
    assert [moment["what"] for moment in status["timeline"]] == ["received", "urged", "urged"]


async def test_a_withdrawal_sent_again_is_told_once(door: Door) -> None:
    """With a key and without."""
    complaint_id, _ = await _post(door)
    client = await door.client(Role.REPORTER)
    for headers in ({"Idempotency-Key": "w"}, {"Idempotency-Key": "w"}, {}):
        path = f"/v1/complaints/{complaint_id}/withdrawal"
        answer = await client.post(path, json={"reason": "已经解决"}, headers=headers)
        assert answer.status_code == 202
    facts = [event.data for event in await door.received()]
    assert facts[1:] == [ComplaintWithdrawn(reason="已经解决")]


async def test_further_words_are_masked_with_the_reporters_own_name(door: Door) -> None:
    """It lies in the vault; nobody is shown it, but it must not slip out beside it."""
    complaint_id, _ = await _post(door, reporter=a_reporter())
    client = await door.client(Role.REPORTER)
    path = f"/v1/complaints/{complaint_id}"
    await client.post(
        f"{path}/supplements", json={"kind": "facts", "text": f"我是{NAME}，{PHONE}，味道更大了"}
    )
    await client.post(f"{path}/withdrawal", json={"reason": f"{NAME}不再追究"})
    supplemented, withdrawn = (event.data for event in (await door.received())[1:])
    assert isinstance(supplemented, ComplaintSupplemented)
    assert isinstance(withdrawn, ComplaintWithdrawn)
    assert "味道更大了" in supplemented.text
    for text in (supplemented.text, withdrawn.reason or ""):
        assert NAME not in text
        assert PHONE not in text


async def test_what_is_over_says_what_to_do_in_both_languages(door: Door) -> None:
    """An app shows the detail to a citizen as it is."""
    complaint_id, _ = await _post(door)
    await door.track(complaint_id, opened(), dispatched(), closed())
    client = await door.client(Role.REPORTER)
    path = f"/v1/complaints/{complaint_id}/supplements"
    answer = await client.post(path, json={"kind": "facts", "text": "又来了"})
    assert (answer.status_code, answer.json()["code"]) == (409, "closed")
    assert "请重新提交" in answer.json()["detail"]
    assert "hand in a new one" in answer.json()["detail"]


async def test_a_diverted_complaint_takes_nothing_more(door: Door) -> None:
    """Nobody would read it: another way applies."""
    complaint_id, _ = await _post(door)
    await door.track(complaint_id, opened("diverted"))
    client = await door.client(Role.REPORTER)
    path = f"/v1/complaints/{complaint_id}"
    for way, body in (("supplements", {"kind": "urge", "text": "快"}), ("withdrawal", {})):
        answer = await client.post(f"{path}/{way}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "diverted")


async def test_a_repeat_leads_to_the_complaint_it_repeats(door: Door) -> None:
    """The citizen's words belong where somebody works on them."""
    body = {"reporter": a_reporter()}
    first, _ = await _post(door, **body)
    repeat, _ = await _post(door, **body)
    await door.track(repeat, opened("diverted"))
    client = await door.client(Role.REPORTER)
    answer = await client.post(
        f"/v1/complaints/{repeat}/supplements", json={"kind": "urge", "text": "快一点"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "repeat")
    assert answer.json()["repeat_of"] == str(first)


async def test_an_operator_finds_a_complaint_by_its_number(door: Door) -> None:
    """People quote it on the telephone; a stranger can't count through the numbers."""
    complaint_id, number = await _post(door)
    operator = await door.client(Role.OPERATOR)
    for written in (number, f" {number.lower()} "):
        answer = await operator.get("/v1/complaints", params={"number": written})
        assert (answer.status_code, answer.json()["complaint_id"]) == (200, str(complaint_id))
        assert answer.json()["status"] == "received"
    unknown = await operator.get("/v1/complaints", params={"number": "LZ-000000-000001"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no-such-complaint")
    assert (await operator.get("/v1/complaints")).status_code == 422
    stranger = await door.client(Role.REPORTER)
    assert (await stranger.get("/v1/complaints", params={"number": number})).status_code == 403


async def test_words_that_nobody_sees_are_refused_by_their_field(door: Door) -> None:
    """A caller must learn that nothing arrived; an agency's note of nothing is no reason."""
    complaint_id, _ = await _post(door)
    client = await door.client(Role.REPORTER)
    path = f"/v1/complaints/{complaint_id}/supplements"
    for answer in (
        await client.post(path, json={"kind": "facts", "text": "\u200b\ufeff"}),
        await client.post("/v1/complaints", json=a_complaint(text="\u200b \u2060")),
    ):
        assert answer.status_code == 422
        assert [fault["field"] for fault in answer.json()["errors"]] == ["text"]
    assert ActionBody.model_validate({"action": "resolve", "note": "\u200b"}).note == ""
    assert len(await door.received()) == 1
