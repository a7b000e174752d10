"""Calls over HTTP: a transcript comes in once, its number goes into the vault."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.events import Channel, ComplaintReceived
from services.runtime.keys import Role
from tests.builders import NOON
from tests.intake.callers import NAME, PHONE
from tests.intake.conftest import Door

pytestmark = pytest.mark.postgres


def a_call(**changes: Any) -> dict[str, Any]:
    """A finished call, unless changed."""
    call: dict[str, Any] = {
        "call_id": "c-2026-0001",
        "origin": "call-centre",
        "started_at": "2026-11-24T11:50:00+08:00",
        "ended_at": "2026-11-24T11:53:20+08:00",
        "caller_number": PHONE,
        "caller_name": NAME,
        "segments": [
            {"speaker": "operator", "text": "您好，请讲。", "start_ms": 0, "end_ms": 1400},
            {"speaker": "caller", "text": f"我叫{NAME}，楼下垃圾没人清。", "confidence": 0.91},
            {"speaker": "caller", "text": f"打这个电话找我{PHONE}。"},
        ],
        "place": {"district": "东区", "street": "河街街道"},
    }
    return call | changes


async def _fact(door: Door) -> ComplaintReceived:
    (event,) = await door.received()
    assert isinstance(event.data, ComplaintReceived)
    return event.data


async def test_a_call_becomes_a_complaint_with_masked_words_and_a_sealed_number(door: Door) -> None:
    """What was said goes to the agency, who said it doesn't."""
    client = await door.client(Role.SERVICE)
    answer = await client.post("/v1/calls", json=a_call())
    assert answer.status_code == 202, answer.text
    assert answer.json()["segments_cut"] == 0
    fact = await _fact(door)
    assert fact.matter.channel is Channel.PHONE
    assert (fact.origin, fact.external_id) == ("call-centre", "c-2026-0001")
    assert fact.matter.received_at == NOON - timedelta(minutes=10)
    assert "垃圾没人清" in fact.matter.text
    assert "您好" not in fact.matter.text
    assert PHONE not in fact.model_dump_json()
    assert NAME not in fact.model_dump_json()
    operator = await door.client(Role.OPERATOR)
    path = f"/v1/identities/{fact.matter.reporter}/reveal"
    shown = await operator.post(path, json={"purpose": "call back"})
    assert (shown.json()["name"], shown.json()["phone"]) == (NAME, f"+86{PHONE}")


async def test_the_same_call_again_is_the_same_complaint_and_another_body_a_conflict(
    door: Door,
) -> None:
    """A telephone system that got no answer sends again; it sends a call when it is over."""
    client = await door.client(Role.SERVICE)
    first = await client.post("/v1/calls", json=a_call())
    assert (await client.post("/v1/calls", json=a_call())).json() == first.json()
    grown = await client.post("/v1/calls", json=a_call(notes="要求尽快清运"))
    assert (grown.status_code, grown.json()["code"]) == (409, "idempotency-conflict")
    assert len(await door.received()) == 1


async def test_notes_lead_and_an_emergency_in_the_callers_words_still_counts(door: Door) -> None:
    """The summary may not mention what the caller shouted."""
    client = await door.client(Role.OPERATOR)
    turns = [{"speaker": "caller", "text": "有人被困在电梯里！"}]
    await client.post("/v1/calls", json=a_call(notes="小区电梯故障", segments=turns))
    fact = await _fact(door)
    assert fact.matter.text.startswith("小区电梯故障\n来电人原话：")
    assert fact.matter.urgency == "emergency"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"segments": [{"speaker": "caller", "text": "……"}]}, "segments"),
    ({"segments": []}, "segments"),
    ({"segments": [{"speaker": "robot", "text": "a"}]}, "segments.0.speaker"),
    ({"call_id": "编号"}, "call_id"),
    ({"started_at": "2026-11-24T11:50:00"}, "started_at"),
    ({"started_at": "2026-11-25T11:50:00+08:00", "ended_at": None}, "received_at"),
    ({"ended_at": "2026-11-24T11:00:00+08:00"}, "body"),
    ({"is_final": True}, "is_final"),
    ({"origin": None}, "origin"),
]


async def test_a_wrong_field_of_a_call_is_named(door: Door) -> None:
    """A call without a word is nobody's complaint, and a program must learn what is wrong."""
    client = await door.client(Role.SERVICE)
    for change, field in WRONG:
        answer: httpx.Response = await client.post("/v1/calls", json=a_call(**change))
        assert answer.status_code == 422
        assert field in [error["field"] for error in answer.json()["errors"]]
    assert await door.received() == []


async def test_only_those_who_take_calls_may_hand_them_in(door: Door) -> None:
    """As with any complaint."""
    for role, status in ((Role.AGENCY, 403), (Role.AUDITOR, 403), (None, 401)):
        client = await door.client(role, "water-company" if role is Role.AGENCY else None)
        answer = await client.post("/v1/calls", json=a_call())
        assert answer.status_code == status
