"""Notices that wait: for a night's end, for a digest, after a crash; and who may look at them."""

from __future__ import annotations

import signal
from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from services.events import CaseClosed
from services.notifier.decide import LEASE, Telling
from services.notifier.handle.teller import record, take
from services.runtime.keys import Role
from tests.notifier import dying_telling
from tests.notifier.conftest import open_door
from tests.notifier.killing import run
from tests.notifier.mailbox import a_mailbox
from tests.notifier.receivers import a_receiver, answer
from tests.notifier.stories import COMPLAINT, REPORTER, a_dispatch
from tests.notifier.telling import NUMBER, a_reopening, a_telling_policy, an_opening

pytestmark = pytest.mark.postgres

OTHER = UUID("019ab3c4-5d6e-7f80-9123-00000000000f")
#: It is noon in the city when a test begins.
QUIET = """
digest = "10m"

[quiet]
from = "11:00"
to = "13:00"
exempt = ["diverted"]
"""
DIGEST = 'digest = "10m"\n'


@pytest.fixture
async def vault():
    known = answer(200, orjson.dumps({"token": REPORTER, "phone": "+8613800138000"}))
    async with a_receiver(known) as receiver:
        yield receiver


@pytest.fixture
async def gateway():
    async with a_receiver() as receiver:
        yield receiver


def opened(dsn, tmp_path, vault, gateway, channels=None):
    settings = {
        "intake_url": vault.url.removesuffix("/in"),
        "sms_gateway_url": gateway.url,
    }
    return open_door(dsn, tmp_path, a_telling_policy(channels), **settings)


def texts(gateway):
    return [request.event["text"] for request in gateway.requests]


async def test_a_night_is_let_pass_and_an_emergency_is_told(dsn, tmp_path, vault, gateway):
    """What waited for the night's end is one message then."""
    async with opened(dsn, tmp_path, vault, gateway, QUIET) as door:
        await door.track(an_opening(), a_reopening())
        await door.track(CaseClosed(reason="diverted", reply="已转119"))
        door.clock.advance(timedelta(minutes=30))
        await door.settle()
        assert texts(gateway) == [f"{NUMBER}转办：已转119"]
        door.clock.advance(timedelta(minutes=30))
        await door.settle()
        assert texts(gateway)[1:] == [f"已受理{NUMBER}\n{NUMBER}重新办理"]
        assert door.facts() == ["NoticeSent"] * 3


async def test_a_digest_gathers_what_one_person_is_told(dsn, tmp_path, vault, gateway):
    """Two complaints of one person, one message; somebody else gets their own."""
    async with opened(dsn, tmp_path, vault, gateway, DIGEST) as door:
        await door.track(an_opening())
        door.clock.advance(timedelta(minutes=5))
        await door.track(an_opening(number="LZ-2"), complaint_id=OTHER)
        await door.track(
            an_opening(number="LZ-3", reporter="p-" + "b2" * 15), complaint_id=UUID(int=9)
        )
        assert texts(gateway) == []
        door.clock.advance(timedelta(minutes=5))
        await door.settle()
        assert texts(gateway) == [f"已受理{NUMBER}\n已受理LZ-2"]
        door.clock.advance(timedelta(minutes=5))
        await door.settle()
        assert texts(gateway)[1:] == ["已受理LZ-3"]
        assert [str(e.complaintid) for e in door.told()][:2] == [str(COMPLAINT), str(OTHER)]


async def test_a_digest_that_failed_stays_the_same_message(dsn, tmp_path, vault, gateway):
    """Other words under the same reference would be dropped by a gateway that knows it."""
    gateway.scripts = [answer(503)]
    async with opened(dsn, tmp_path, vault, gateway, DIGEST) as door:
        await door.track(an_opening(), a_reopening())
        door.clock.advance(timedelta(minutes=10))
        await door.settle()
        await door.track(a_reopening(3))
        door.clock.advance(timedelta(minutes=1))
        await door.settle()
        first, second = gateway.requests
        assert first.event == second.event
        door.clock.advance(timedelta(minutes=10))
        await door.settle()
        assert texts(gateway)[2:] == [f"{NUMBER}重新办理"]


async def test_who_dies_after_sending_sends_under_the_same_reference(dsn, tmp_path, vault, gateway):
    """At least once to the gateway, exactly once in our rows."""
    async with opened(dsn, tmp_path, vault, gateway) as door:
        await door.publish(an_opening())
        await door.path.settle()
        db, policy = door.path.running["notifier"].db, a_telling_policy()
        async with db.transaction() as tx:
            (message,) = await take(tx, policy, 10)
        await door.settle()
        assert gateway.requests == []  # Its lease still holds.
        door.clock.advance(LEASE)
        await door.settle()
        assert [r.event["reference"] for r in gateway.requests] == [str(message.message_id)]
        for telling in (Telling("sent", "sms"), Telling("failed", "sms")):
            async with db.transaction() as tx:
                await record(tx, message, telling, policy.hash)
        await door.settle()
        assert door.facts() == ["NoticeSent"]


async def test_a_killed_notifier_tells_again_under_the_same_reference(
    dsn, tmp_path, vault, gateway
):
    """Killed between the gateway's 200 and our row: a gateway can drop the second."""
    told = (dsn, vault.url.removesuffix("/in"), gateway.url, str(tmp_path))
    status = await run(dying_telling.main, "after_notice_sent_before_record", *told)
    assert status == -signal.SIGKILL
    assert len(gateway.requests) == 1
    async with opened(dsn, tmp_path, vault, gateway) as door:
        door.clock.advance(LEASE)
        await door.settle()
        assert len({request.event["reference"] for request in gateway.requests}) == 1
        assert len(gateway.requests) == 2
        assert door.facts() == ["NoticeSent"]


async def test_a_late_failure_is_not_recorded_over_another_attempt(dsn, tmp_path, vault, gateway):
    """Whose lease has run out has no say, except that the person was told."""
    gateway.default = answer(503)
    async with opened(dsn, tmp_path, vault, gateway) as door:
        await door.publish(an_opening())
        await door.path.settle()
        db, policy = door.path.running["notifier"].db, a_telling_policy()
        async with db.transaction() as tx:
            (message,) = await take(tx, policy, 10)
        door.clock.advance(LEASE)
        await door.settle()
        async with db.transaction() as tx:
            await record(tx, message, Telling("no-contact"), policy.hash)
        assert await db.fetchval("SELECT state FROM notice") == "pending"
        async with db.transaction() as tx:
            await record(tx, message, Telling("sent", "sms"), policy.hash)
        await door.settle()
        assert door.facts() == ["NoticeSent"]


async def test_operators_see_what_was_told_and_not_to_whom(dsn, tmp_path, vault, gateway):
    """By complaint and state, page by page; agencies see none of it."""
    async with opened(dsn, tmp_path, vault, gateway) as door:
        await door.track(an_opening(), a_reopening())
        client = await door.client(Role.OPERATOR)
        query = {"complaint_id": str(COMPLAINT), "state": "sent"}
        items = (await client.get("/v1/notices", params=query)).json()["items"]
        assert {item["notice"] for item in items} == {"accepted", "reopened"}
        assert REPORTER not in str(items)
        query |= {"before": items[0]["planned_at"], "before_id": items[0]["notice_id"]}
        rest = (await client.get("/v1/notices", params=query)).json()["items"]
        assert [item["notice_id"] for item in rest] == [items[1]["notice_id"]]
        other = {"complaint_id": str(OTHER)}
        assert (await client.get("/v1/notices", params=other)).json() == {"items": []}
        agency = await door.client(Role.AGENCY, "street-990101001")
        assert (await agency.get("/v1/notices")).status_code == 403


async def test_operators_get_mail_when_an_endpoint_is_switched_off(dsn, tmp_path):
    """Written down with the switching off, so a mail server that is away loses nothing."""
    with a_mailbox() as mailbox:
        mailbox.refuses = True
        settings = {
            "smtp_host": "127.0.0.1",
            "smtp_port": mailbox.port,
            "smtp_security": "none",
            "smtp_from": "hotline@city.example",
            "operators_email": "operators@city.example",
        }
        async with open_door(dsn, tmp_path, **settings) as door, a_receiver(answer(410)) as gone:
            endpoint = await door.add_endpoint(gone.url, agency="street-990101001")
            await door.track(a_dispatch())
            assert await door.parts.alarm.work() == 0
            mailbox.refuses = False
            assert await door.parts.alarm.work() == 0  # Not before its time.
            door.clock.advance(timedelta(minutes=5))
            assert await door.parts.alarm.work() == 1
            assert await door.parts.alarm.work() == 0
    (message,) = mailbox.messages
    assert mailbox.recipients == ["operators@city.example"]
    assert endpoint["endpoint_id"] in message.get_content()
