"""What is kept when many call at once is told once, in order, and holds nothing up."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.events import (
    Attribute,
    Channel,
    ComplaintReceived,
    ComplaintSupplemented,
    Nature,
    Urgency,
)
from services.intake.decide.acceptance import Request
from services.intake.decide.written import read, write
from services.intake.handle import Reader
from services.intake.http.taking import UNREAD_MAX
from services.runtime.keys import Role
from tests.intake.callers import NAME, PHONE, a_complaint, a_reporter
from tests.intake.conftest import Door
from tests.policies import a_policy

FULL = Request(
    channel=Channel.PHONE,
    text="楼下的垃圾桶三天没有人清。",
    title="垃圾",
    nature=Nature.HELP,
    category="utilities-water",
    urgency=Urgency.URGENT,
    language="zh",
    received_at=datetime(2026, 11, 24, 4, 0, tzinfo=UTC),
    district="990101",
    street="990101001",
    community="990101001001",
    address="柳树社区3号楼",
    longitude=116.4,
    latitude=39.9,
    name=NAME,
    phone=PHONE,
    push="device-7f3a",
    is_secret=True,
    origin="app",
    external_id="A-1",
    media_urls=("https://example.org/a.jpg",),
    attributes=(Attribute(code="floor", values=("3",)),),
)


def test_a_request_is_the_same_after_it_was_written() -> None:
    """Whatever a caller said must be understood later as it would have been at once."""
    said = {one.name: getattr(FULL, one.name) for one in fields(FULL)}
    unsaid = [name for name, value in said.items() if value in (None, ()) and name != "email"]
    assert unsaid == []
    assert read(write(FULL)) == FULL
    bare = Request(Channel.WEB, "路灯坏了。")
    assert read(write(bare)) == bare


pytestmark = pytest.mark.postgres


def _reader(door: Door) -> Reader:
    found = door.path.running["intake"].service.app.state.reader
    assert isinstance(found, Reader)
    return found


def _crowd(door: Door) -> None:
    """Make the door believe that somebody's words wait: until they are read, it keeps first."""
    _reader(door).kept(1, is_bulk=False)


async def _post_file(door: Door, *items: dict[str, Any]) -> list[dict[str, Any]]:
    client = await door.client(Role.SERVICE)
    answer = await client.post("/v1/complaints/batch", json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def _unread(dsn: str) -> int:
    conn = await asyncpg.connect(dsn)
    try:
        count: int = await conn.fetchval("SELECT count(*) FROM intake.unread")
    finally:
        await conn.close()
    return count


async def test_a_crowd_is_answered_first_and_told_of_later_each_once(door: Door, dsn: str) -> None:
    """The number that a caller writes down is the one that the office sees."""
    client = await door.client(Role.OPERATOR)
    _crowd(door)
    bodies = [
        a_complaint(text=f"第{number}个路口的红绿灯不亮。", reporter=a_reporter())
        for number in range(60)
    ]
    answers = await asyncio.gather(*(client.post("/v1/complaints", json=body) for body in bodies))
    assert {answer.status_code for answer in answers} == {202}
    numbers = {answer.json()["complaint_id"]: answer.json()["number"] for answer in answers}
    assert len(set(numbers.values())) == 60
    assert await _unread(dsn) == 60
    told = {
        str(event.complaintid): event.data.matter.number
        for event in await door.received()
        if isinstance(event.data, ComplaintReceived)
    }
    assert told == numbers
    assert await _unread(dsn) == 0


async def test_the_same_key_in_a_crowd_is_the_same_complaint(door: Door) -> None:
    """Impatient callers try again just when many call."""
    client = await door.client(Role.OPERATOR)
    _crowd(door)

    async def post(number: int) -> str:
        answer = await client.post(
            "/v1/complaints",
            json=a_complaint(text=f"第{number}号楼停水。"),
            headers={"Idempotency-Key": f"water-{number}"},
        )
        assert answer.status_code == 202
        return str(answer.json()["complaint_id"])

    first = await asyncio.gather(*(post(number % 30) for number in range(90)))
    again = await asyncio.gather(*(post(number) for number in range(30)))
    assert len(set(first)) == 30
    assert set(again) == set(first)
    assert len(await door.received()) == 30


async def test_who_speaks_is_not_readable_while_it_waits(door: Door, dsn: str) -> None:
    """A copy of the database must not tell who called, not even for a second."""
    await _post_file(door, a_complaint(reporter=a_reporter(), origin="old", external_id="1"))
    conn = await asyncpg.connect(dsn)
    try:
        sealed = await conn.fetchval("SELECT sealed FROM intake.unread")
    finally:
        await conn.close()
    assert sealed is not None
    assert NAME.encode() not in sealed
    assert PHONE.encode() not in sealed


async def test_what_is_added_to_an_unread_complaint_is_told_after_it(door: Door) -> None:
    """Readers must never hear of a supplement to something they don't know."""
    (result,) = await _post_file(door, a_complaint(origin="old", external_id="1"))
    client = await door.client(Role.REPORTER)
    answer = await client.post(
        f"/v1/complaints/{result['complaint_id']}/supplements",
        json={"kind": "facts", "text": "是二单元门口的垃圾桶。"},
    )
    assert answer.status_code == 202
    told = [(event.sequence, type(event.data)) for event in await door.received()]
    assert told == [(1, ComplaintReceived), (2, ComplaintSupplemented)]


async def test_a_code_that_a_new_policy_lacks_holds_up_nobody(door: Door) -> None:
    """The words were accepted; a change of rules in between is ours to bear."""
    await _post_file(
        door, a_complaint(category="utilities-water", origin="old", external_id="1", place={})
    )
    door.path.running["intake"].policies._current = a_policy(  # what a publish changes
        categories="code,name,standard\nfire,消防,emergency\n",
        catalogue="rules = []\n",
        open311=None,
    )
    (event,) = await door.received()
    assert isinstance(event.data, ComplaintReceived)
    assert event.data.matter.category is None
    assert event.data.matter.text == a_complaint()["text"]


async def test_one_that_cannot_be_read_waits_and_the_others_are_told(door: Door, dsn: str) -> None:
    """A damaged row must not stop a city's complaints, nor be thrown away."""
    results = await _post_file(
        door, *(a_complaint(text=f"{n}号井盖坏了", origin="old", external_id=str(n)) for n in "123")
    )
    damaged = UUID(results[1]["complaint_id"])
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(
            "UPDATE intake.unread SET sealed = $2 WHERE complaint_id = $1", damaged, bytes(40)
        )
        told = {event.complaintid for event in await door.received()}
        assert told == {UUID(one["complaint_id"]) for one in results} - {damaged}
        left = await conn.fetch("SELECT complaint_id, attempts FROM intake.unread")
        assert [tuple(row) for row in left] == [(damaged, 1)]
    finally:
        await conn.close()


async def test_people_are_read_before_files(door: Door) -> None:
    """An import of a year's records must not delay the call about a gas leak."""
    items = [
        a_complaint(text=f"{n}号路灯不亮", origin="old", external_id=str(n)) for n in range(40)
    ]
    await _post_file(door, *items)
    client = await door.client(Role.OPERATOR)
    _crowd(door)
    bodies = [a_complaint(text=f"{n}号楼水管爆裂") for n in range(30)]
    await asyncio.gather(*(client.post("/v1/complaints", json=body) for body in bodies))
    assert await _reader(door).read(30) == 30
    await door.path.running["intake"].outbox.tell_waiting()
    texts = [event.data.matter.text for event in door.path.events("complaints.received")]
    assert sorted(texts) == sorted(body["text"] for body in bodies)


async def test_a_file_waits_while_too_much_is_unread(door: Door) -> None:
    """What is unread has no order and no clock: it must be read before more comes."""
    _reader(door).kept(UNREAD_MAX, is_bulk=True)
    client = await door.client(Role.SERVICE)
    items = [a_complaint(origin="old", external_id="1")]
    answer = await client.post("/v1/complaints/batch", json={"items": items})
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) > 0
    assert (await client.post("/v1/complaints", json=a_complaint())).status_code == 202
