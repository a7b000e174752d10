"""Call-backs end to end: vault, gateway, policy's words, signed links, and no number anywhere."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from services.events import CaseClosed, OrderResolved
from services.notifier.adapters import callbacks
from services.notifier.decide import Sending
from services.notifier.handle.caller import words
from services.runtime.tokens import CallbackTicket, read_callback
from tests.builders import NOON
from tests.notifier.asking import a_callback
from tests.notifier.conftest import open_door
from tests.notifier.receivers import a_receiver, answer
from tests.notifier.stories import CALLBACK, COMPLAINT, ORDER, REPORTER, a_callback_due, a_dispatch
from tests.policies import a_policy

pytestmark = pytest.mark.postgres

PHONE = "+8613800138000"
SECRET = b"callback_secret".ljust(32, b"-")


def known(phone: str | None = PHONE):
    """The vault's answer."""
    return answer(200, orjson.dumps({"token": REPORTER, "name": "x", "phone": phone}))


@pytest.fixture
async def vault():
    async with a_receiver(known()) as receiver:
        yield receiver


@pytest.fixture
async def gateway():
    async with a_receiver() as receiver:
        yield receiver


@pytest.fixture
async def door(dsn, tmp_path, vault, gateway):
    settings = {
        "intake_url": vault.url.removesuffix("/in"),
        "sms_gateway_url": gateway.url,
    }
    async with open_door(dsn, tmp_path, **settings) as opened:
        yield opened


def facts(door):
    return [event.data.model_dump(mode="json", exclude_none=True) for event in door.told()]


async def test_the_person_gets_a_link_that_only_they_can_use(door, vault, gateway):
    """One tap answers; the link names neither the person nor the matter."""
    await door.track(a_callback_due())
    (asked,) = vault.requests
    assert asked.path == f"/v1/identities/{REPORTER}/reveal"
    assert asked.headers["authorization"] == "Bearer whk_service"
    assert asked.event == {"purpose": "call-back", "complaint_id": str(COMPLAINT)}
    (sent,) = gateway.requests
    assert sent.event["to"] == PHONE
    assert sent.event["reference"] == f"{CALLBACK}-1"
    (token,) = re.findall(r"https://city\.example/v1/callbacks/([\w-]+)", sent.event["text"])
    lapses_at = NOON + timedelta(days=5)
    assert read_callback(SECRET, token, NOON) == CallbackTicket(COMPLAINT, CALLBACK, lapses_at)
    assert read_callback(SECRET, token, lapses_at) is None
    assert [(f["attempt"], f["outcome"], f["channel"]) for f in facts(door)] == [(1, "sent", "sms")]


async def test_the_number_is_nowhere_but_in_the_message(door, gateway):
    """Not in our tables, not in our events: it is looked up and forgotten."""
    await door.track(a_dispatch(), a_callback_due())
    assert len(gateway.requests) == 1
    db = door.path.running["notifier"].db
    for table in await db.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'notifier'"
    ):
        rows = await db.fetch(f"SELECT t::text AS row FROM {table['table_name']} t")
        assert not [row for row in rows if "13800138000" in row["row"]]
    assert not [
        r for topic in ("complaints.notified", "notifier.dead-letters")
        for r in door.path.bus.records(topic)
        if b"13800138000" in r.body
    ]  # fmt: skip


async def test_attempts_follow_the_policys_spacing_and_number(door, gateway):
    """The policy says how often somebody may be asked; then the time runs out."""
    rules = a_policy().callback
    await door.track(a_callback_due())
    for _ in range(rules.attempts_max + 1):
        door.clock.advance(rules.spacing.elapsed)
        await door.settle()
    assert [r.event["reference"] for r in gateway.requests] == [
        f"{CALLBACK}-{n}" for n in range(1, rules.attempts_max + 1)
    ]
    door.clock.advance(timedelta(days=5))
    await door.settle()
    assert facts(door)[-1] == {"callback_id": str(CALLBACK), "reason": "no-answer"}
    assert len(gateway.requests) == rules.attempts_max


async def test_a_failed_gateway_is_a_failed_attempt(door, gateway):
    """It counts, it is told, and the next one comes as planned."""
    gateway.scripts = [answer(503)]
    await door.track(a_callback_due())
    assert [f["outcome"] for f in facts(door)] == ["failed"]
    door.clock.advance(a_policy().callback.spacing.elapsed)
    await door.settle()
    assert [f["outcome"] for f in facts(door)] == ["failed", "sent"]


async def test_a_silent_vault_postpones_without_costing_an_attempt(door, vault, gateway):
    """Intake restarts; the person is asked half a minute later."""
    vault.scripts = [answer(503)]
    await door.track(a_callback_due())
    assert gateway.requests == []
    assert facts(door) == []
    door.clock.advance(timedelta(seconds=31))
    await door.settle()
    assert [f["attempt"] for f in facts(door)] == [1]


async def test_nobody_to_reach_lapses_at_once(door, vault, gateway):
    """No number, no waiting: the case goes on without an answer."""
    for number, script in enumerate((answer(404), known(None)), start=1):
        vault.scripts = [script]
        key = UUID(int=number)
        await door.track(a_callback_due(callback_id=key), complaint_id=key)
        assert len(facts(door)) == 2 * number
    assert gateway.requests == []
    assert [f.get("outcome") or f["reason"] for f in facts(door)] == ["no-contact"] * 4
    db = door.path.running["notifier"].db
    assert await db.fetchval("SELECT count(*) FROM deadline") == 0


async def test_an_anonymous_reporter_is_never_looked_up(door, vault):
    """There is nobody to look up."""
    await door.track(a_callback_due(reporter=None))
    assert vault.requests == []
    assert door.facts() == ["CallbackAttempted", "CallbackLapsed"]


async def test_a_closed_case_asks_no_more(door, gateway):
    """The answer came in through intake; the notifier learns it from the tracker."""
    await door.track(
        OrderResolved(order_id=ORDER, agency="street-990101001", answer="好了", is_on_time=True),
        a_callback_due(),
    )
    await door.track(CaseClosed(reason="confirmed"))
    door.clock.advance(timedelta(days=6))
    await door.settle()
    assert len(gateway.requests) == 1
    assert door.facts() == ["CallbackAttempted"]


async def test_an_attempt_recorded_twice_counts_once(door, gateway):
    """A lease that ran out while the gateway was slow must not make two attempts of one."""
    await door.publish(a_callback_due())
    await door.path.settle()
    db, caller = door.path.running["notifier"].db, door.parts.caller
    async with db.transaction() as tx:
        (claimed,) = await callbacks.claim(tx, 10)
    for _ in range(2):
        async with db.transaction() as tx:
            await caller._record(tx, [(claimed, Sending("sent", "sms"))])
    await door.path.settle()
    assert [f["attempt"] for f in facts(door)] == [1]


async def test_without_a_gateway_messages_go_to_a_file(dsn, tmp_path, vault):
    """So a demonstration can follow the link; even there the number stays out."""
    settings = {"intake_url": vault.url.removesuffix("/in")}
    async with open_door(dsn, tmp_path, **settings) as door:
        await door.track(a_callback_due())
    line = (tmp_path / "callbacks.ndjson").read_bytes()
    assert b"13800138000" not in line
    assert "/v1/callbacks/" in orjson.loads(line)["text"]


async def test_a_language_nobody_wrote_falls_back_to_the_citys():
    """Better words in Chinese than none."""
    due = a_callback(language="fr")
    text = words(a_policy(), due, "https://x.example/t")
    assert "https://x.example/t" in text
