"""Notices end to end: told once, by the right channel, and no number anywhere."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from services.notifier.adapters import notices
from services.notifier.decide.notices import DELAYS
from tests.builders import as_outgoing
from tests.notifier.conftest import open_door
from tests.notifier.receivers import a_receiver, answer
from tests.notifier.stories import COMPLAINT, REPORTER
from tests.notifier.telling import (
    NUMBER,
    a_reopening,
    a_telling_policy,
    an_extension,
    an_opening,
)
from tests.policies import a_policy

pytestmark = pytest.mark.postgres

PHONE = "+8613800138000"


def known(**changes):
    """The vault's answer."""
    return answer(200, orjson.dumps({"token": REPORTER, "phone": PHONE} | changes))


@pytest.fixture
async def vault():
    async with a_receiver(known()) as receiver:
        yield receiver


@pytest.fixture
async def gateway():
    async with a_receiver() as receiver:
        yield receiver


def settings(vault, gateway=None):
    url = {"sms_gateway_url": gateway.url} if gateway else {}
    return {"intake_url": vault.url.removesuffix("/in"), **url}


@pytest.fixture
async def door(dsn, tmp_path, vault, gateway):
    policy = a_telling_policy()
    async with open_door(dsn, tmp_path, policy, **settings(vault, gateway)) as opened:
        yield opened


def facts(door):
    return [event.data.model_dump(mode="json", exclude_none=True) for event in door.told()]


def texts(gateway):
    return [request.event["text"] for request in gateway.requests]


async def rows(door):
    db = door.path.running["notifier"].db
    return await db.fetch("SELECT * FROM notice ORDER BY planned_at, notice")


async def test_acceptance_is_told_and_the_vault_knows_why(door, vault, gateway):
    """The purpose is stated; the reference is the notice's own id."""
    await door.track(an_opening())
    (asked,) = vault.requests
    assert asked.event == {"purpose": "notice", "complaint_id": str(COMPLAINT)}
    (row,) = await rows(door)
    (sent,) = gateway.requests
    reference = str(row["notice_id"])
    assert sent.event == {"to": PHONE, "text": f"已受理{NUMBER}", "reference": reference}
    assert facts(door) == [
        {"notice_id": reference, "notice": "accepted", "occurrence": 1, "channel": "sms"}
    ]


async def test_a_city_without_a_text_tells_nothing(dsn, tmp_path, vault, gateway):
    """Each notice is the city's choice."""
    async with open_door(dsn, tmp_path, a_policy(), **settings(vault, gateway)) as door:
        await door.track(an_opening(), a_reopening())
        assert gateway.requests == []
        assert await rows(door) == []


async def test_an_anonymous_person_is_not_looked_for(door, vault):
    """There is nobody to tell, and nothing to say about it."""
    await door.track(an_opening(reporter=None), a_reopening())
    assert vault.requests == []
    assert await rows(door) == []


async def test_a_second_reopening_is_told_and_a_replayed_event_is_not(door, gateway):
    """The occurrence is counted from the events, each of which counts once."""
    _, first = await door.track(an_opening(), a_reopening())
    await door.track(a_reopening(3))
    assert [f["occurrence"] for f in facts(door)] == [1, 1, 2]
    db = door.path.running["notifier"].db
    assert await db.fetchval("SELECT told FROM complaint") == {"accepted": 1, "reopened": 2}
    again = as_outgoing(first, "complaints.tracked")
    await door.path.bus.publisher().publish([again])
    await door.settle()
    assert texts(gateway) == [f"已受理{NUMBER}", f"{NUMBER}重新办理", f"{NUMBER}重新办理"]


async def test_the_number_is_nowhere_but_in_the_message(door, gateway):
    """Neither our tables nor our events hold it, nor the finished words."""
    await door.track(an_opening(), an_extension())
    assert len(gateway.requests) == 2
    db = door.path.running["notifier"].db
    for table in await db.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'notifier'"
    ):
        found = await db.fetch(f"SELECT t::text AS row FROM {table['table_name']} t")
        assert not [row for row in found if "13800138000" in row["row"] or "已受理" in row["row"]]
    told = door.path.bus.records("complaints.notified")
    assert not [record for record in told if b"13800138000" in record.body]


async def test_a_failed_gateway_is_tried_again_under_the_same_reference(door, gateway):
    """So a gateway that did send it can tell."""
    gateway.scripts = [answer(503), answer(503)]
    await door.track(an_opening())
    for delay in DELAYS[:2]:
        assert facts(door) == []
        door.clock.advance(delay)
        await door.settle()
    assert len({request.event["reference"] for request in gateway.requests}) == 1
    assert [f["channel"] for f in facts(door)] == ["sms"]


async def test_the_schedule_ends(door, gateway):
    """After the last attempt it is said that nobody was told."""
    gateway.default = answer(503)
    await door.track(an_opening())
    for delay in DELAYS:
        door.clock.advance(delay)
        await door.settle()
    door.clock.advance(timedelta(days=1))
    await door.settle()
    assert len(gateway.requests) == len(DELAYS) + 1
    assert [(f["reason"], f["channel"]) for f in facts(door)] == [("failed", "sms")]


async def test_who_cannot_or_must_not_be_reached_is_let_alone(door, vault, gateway):
    """It is said once, and not tried again."""
    for number, script in enumerate(
        (answer(404), known(phone=None), known(do_not_call=True)), start=1
    ):
        vault.scripts = [script]
        await door.track(an_opening(), complaint_id=UUID(int=number))
        assert len(vault.requests) == number
    assert gateway.requests == []
    assert [f["reason"] for f in facts(door)] == ["no-contact", "no-contact", "do-not-call"]


async def test_a_silent_vault_costs_no_attempt_until_the_news_is_stale(door, vault, gateway):
    """Old news would only confuse; the policy says how old."""
    vault.default = answer(503)
    await door.track(an_opening())
    door.clock.advance(timedelta(hours=1))
    await door.settle()
    (row,) = await rows(door)
    assert (row["state"], row["attempts"]) == ("pending", 0)
    asked = len(vault.requests)
    door.clock.advance(timedelta(days=3))
    await door.settle()
    assert [f["reason"] for f in facts(door)] == ["too-late"]
    assert (len(vault.requests), gateway.requests) == (asked, [])


async def test_without_a_gateway_notices_go_to_a_file(dsn, tmp_path, vault):
    """For trying out, without the number."""
    async with open_door(dsn, tmp_path, a_telling_policy(), **settings(vault)) as door:
        await door.track(an_opening(language="en"))
        assert [f["channel"] for f in facts(door)] == ["log"]
    line = (tmp_path / "callbacks.ndjson").read_bytes()
    assert b"13800138000" not in line
    assert orjson.loads(line)["text"] == f"Accepted {NUMBER}"


async def test_finished_notices_are_forgotten_and_still_counted(door):
    """Rows go after their time; the next occurrence is the next all the same."""
    await door.track(an_opening(), a_reopening())
    db = door.path.running["notifier"].db
    assert await notices.forget_before(db, door.clock.now() + timedelta(seconds=1)) == 2
    await door.track(a_reopening(3))
    assert [row["occurrence"] for row in await rows(door)] == [2]
