"""Calls by operators end to end: queue, claim, record, order one more, and who may do what."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from services.events import CallbackLapsed, CaseClosed
from services.runtime.keys import Role
from tests.builders import NOON
from tests.notifier.asking import at
from tests.notifier.conftest import open_door
from tests.notifier.receivers import a_receiver, answer
from tests.notifier.stories import CALLBACK, COMPLAINT, REPORTER, a_callback_due
from tests.policies import SLA, a_policy

pytestmark = pytest.mark.postgres

STEPS = """
again_max = 1

[[callback.steps]]
channel = "sms"

[[callback.steps]]
channel = "phone"
after = "2h"
hours = ["09:00-12:00", "14:00-20:00"]
attempts = 2
spacing = "2h"

[scoring]
"""
TASKS = "/v1/callback-tasks"
CLAIM = f"{TASKS}/{CALLBACK}/claim"
ATTEMPTS = f"{TASKS}/{CALLBACK}/attempts"
AGAIN = f"{TASKS}/{CALLBACK}/again"


def a_calling_policy(steps: str = STEPS):
    """A message at once, two calls in the daytime, one more if a supervisor wants it."""
    return a_policy(sla=SLA.replace("\n[scoring]\n", steps, 1))


def knowing(**changes):
    """The vault's answer."""
    known = {"token": REPORTER, "name": "x", "phone": "+8613800138000", **changes}
    return answer(200, orjson.dumps(known))


@pytest.fixture
async def vault():
    async with a_receiver(knowing()) as receiver:
        yield receiver


@pytest.fixture
async def door(dsn, tmp_path, vault):
    settings = {"intake_url": vault.url.removesuffix("/in")}
    async with open_door(dsn, tmp_path, policy=a_calling_policy(), **settings) as opened:
        yield opened


async def go(door, instant):
    """Let time pass until an instant, and everything happen that is due."""
    door.clock.advance(instant - door.clock.now())
    await door.settle()


async def items(client):
    """The queue as an operator sees it."""
    response = await client.get(TASKS)
    assert response.status_code == 200, response.text
    return response.json()["items"]


@pytest.fixture
async def calling(door):
    """A call-back whose first call is open: 14:00 of the same day."""
    await door.track(a_callback_due())
    await go(door, at(24, 14))
    return door


async def test_a_call_is_in_the_queue_within_its_hours_only(calling, vault):
    """From after lunch to the evening, and again in the morning; nobody lost an attempt."""
    operator = await calling.client()
    (task,) = await items(operator)
    assert task["number"] == "LZ-261124-000001"
    assert (task["state"], task["reporter"], task["attempts"]) == ("callable", REPORTER, 1)
    for instant, listed in [(at(24, 20), 0), (at(25, 8, 59), 0), (at(25, 9), 1), (at(25, 13), 0)]:
        await go(calling, instant)
        assert len(await items(operator)) == listed
    # For the message, and each time before the call is opened; its number is never kept.
    assert len(vault.requests) == 3


async def test_nobody_who_may_not_or_cannot_be_called_is_in_the_queue(door, vault):
    """The vault is asked before an operator is, again each morning."""
    due = (a_callback_due(), a_callback_due(callback_id=UUID(int=5)))
    await door.track(due[0])
    await door.track(due[1], complaint_id=UUID(int=5))
    vault.scripts = [knowing(do_not_call=True), knowing(phone=None)]
    await go(door, at(24, 14))
    operator = await door.client()
    assert await items(operator) == []
    assert (await operator.post(CLAIM)).status_code == 410
    lapsed = [event.data.reason for event in door.told() if isinstance(event.data, CallbackLapsed)]
    assert lapsed == ["no-contact", "no-contact"]


async def test_a_silent_vault_opens_no_call_and_costs_no_attempt(door, vault):
    """Whether the person may be called isn't known then."""
    await door.track(a_callback_due())
    vault.scripts = [answer(503)]
    await go(door, at(24, 14))
    operator = await door.client()
    assert await items(operator) == []
    await go(door, at(24, 14, 1))
    (task,) = await items(operator)
    assert task["attempts"] == 1


async def test_calls_that_lapse_first_come_first(calling):
    """Nobody's answer should be lost for want of a call."""
    sooner, later = UUID(int=5), UUID(int=6)
    for callback_id, days in [(later, 9), (sooner, 2)]:
        due = a_callback_due(callback_id=callback_id, lapses_at=NOON + timedelta(days=days))
        await calling.track(due, complaint_id=callback_id)
    await go(calling, at(24, 16))
    found = [task["callback_id"] for task in await items(await calling.client())]
    assert found == [str(sooner), str(CALLBACK), str(later)]


async def test_two_operators_never_get_the_same_call(calling):
    """However close they are; and a claim that isn't used runs out."""
    first, second = await calling.client(), await calling.client()
    answers = await asyncio.gather(*(client.post(CLAIM) for client in (first, second)))
    assert sorted(one.status_code for one in answers) == [200, 409]
    winner, loser = (first, second) if answers[0].status_code == 200 else (second, first)
    (taken,) = [one.json() for one in answers if one.status_code == 200]
    assert taken["result"] == f"/v1/callbacks/{CALLBACK}/result"
    assert taken["reveal"] == f"/v1/identities/{REPORTER}/reveal"
    assert (await loser.post(CLAIM)).json()["code"] == "claimed"
    assert await items(loser) == []
    assert len(await items(winner)) == 1
    calling.clock.advance(timedelta(minutes=15))
    assert (await loser.post(CLAIM)).status_code == 200
    late = await winner.post(ATTEMPTS, json={"outcome": "busy"})
    assert (late.status_code, late.json()["code"]) == (409, "not-claimed")


async def test_a_call_that_reached_nobody_is_recorded_once_and_told(calling):
    """The next operator sees what was tried; the topic says why, and never the note."""
    operator = await calling.client()
    await operator.post(CLAIM)
    body = {"outcome": "no-answer", "note": "傍晚再打"}
    recorded = await operator.post(ATTEMPTS, json=body)
    assert recorded.status_code == 202
    assert recorded.json()["next_attempt_at"] == at(24, 16).astimezone(tz=NOON.tzinfo).isoformat()
    assert (await operator.post(ATTEMPTS, json=body)).status_code == 409
    await calling.settle()
    fact = calling.told()[-1].data
    assert (fact.attempt, fact.channel, fact.outcome) == (2, "phone", "failed")
    assert fact.reason == "no-answer"
    assert not [
        r for r in calling.path.bus.records("complaints.notified") if "傍晚".encode() in r.body
    ]
    await go(calling, at(24, 16))
    (task,) = await items(await calling.client())
    assert [(call["outcome"], call["note"]) for call in task["calls"]] == [
        ("no-answer", "傍晚再打")
    ]


async def test_a_record_that_makes_no_sense_or_names_somebody_is_refused(calling):
    """Answers belong to intake, people to the vault."""
    operator = await calling.client()
    await operator.post(CLAIM)
    for body in (
        {"outcome": "solved"},
        {"outcome": "later"},
        {"outcome": "busy", "call_at": "2026-11-25T10:00:00+08:00"},
        {"outcome": "later", "call_at": "2026-11-25T10:00:00"},
        {"outcome": "later", "call_at": "2026-12-25T10:00:00+08:00"},
        {"outcome": "busy", "note": "打 138 0013 8000"},
        {"outcome": "busy", "note": "a@city.example"},
        {"outcome": "busy", "note": "x" * 201},
        {"outcome": "busy", "is_solved": True},
    ):
        assert (await operator.post(ATTEMPTS, json=body)).status_code == 422, body
    (task,) = await items(operator)
    assert (task["attempts"], task["calls"]) == (1, [])


async def test_the_task_goes_when_the_verdict_arrives(calling):
    """The answer was recorded at intake; the tracker has judged by it."""
    operator = await calling.client()
    await operator.post(CLAIM)
    await calling.track(CaseClosed(reason="confirmed"))
    assert await items(operator) == []
    over = await operator.post(ATTEMPTS, json={"outcome": "busy"})
    assert (over.status_code, over.json()["code"]) == (410, "settled")
    assert (await operator.post(CLAIM)).status_code == 410


async def test_only_operators_call(calling):
    """Who handled it must not be the one who asks."""
    for role, agency in [
        (Role.AGENCY, "street-990101001"),
        (Role.AGENCY, "government-990101"),
        (Role.SUPERVISOR, None),
        (Role.AUDITOR, None),
        (Role.SERVICE, None),
        (Role.REPORTER, None),
    ]:
        other = await calling.client(role, agency)
        assert (await other.get(TASKS)).status_code == 403
        assert (await other.post(CLAIM)).status_code == 403
        assert (await other.post(ATTEMPTS, json={"outcome": "busy"})).status_code == 403
    nobodys = await (await calling.client()).post(f"{TASKS}/{UUID(int=9)}/claim")
    assert (nobodys.status_code, nobodys.json()["code"]) == (404, "no-such-callback")


async def test_a_supervisor_orders_one_more_call_and_only_one(calling):
    """Beyond the plan; afterwards the time runs out as ever."""
    operator, supervisor = await calling.client(), await calling.client(Role.SUPERVISOR)
    assert (await operator.post(AGAIN)).status_code == 403
    assert (await supervisor.post(AGAIN)).json()["code"] == "being-asked"
    for instant in (at(24, 14), at(24, 16)):
        await go(calling, instant)
        await operator.post(CLAIM)
        await operator.post(ATTEMPTS, json={"outcome": "no-answer"})
    await go(calling, at(24, 19))
    assert await items(operator) == []
    ordered = await supervisor.post(AGAIN)
    assert ordered.status_code == 202
    await calling.settle()
    assert len(await items(operator)) == 1
    await operator.post(CLAIM)
    assert (await operator.post(ATTEMPTS, json={"outcome": "busy"})).status_code == 202
    assert (await supervisor.post(AGAIN)).json()["code"] == "limit"
    await go(calling, NOON + timedelta(days=6))
    assert calling.facts() == [*["CallbackAttempted"] * 4, "CallbackLapsed"]
    assert (await supervisor.post(AGAIN)).json()["code"] == "settled"


async def test_the_notifier_counts_calls_that_wait(calling):
    """Whoever plans shifts must see how many there are."""
    totals = await (await calling.client()).get("/v1/totals")
    assert totals.json()["callbacks"] == {"callable": 1}


async def test_who_is_left_out_of_the_sample_is_never_contacted(dsn, tmp_path, vault):
    """No look at the vault, no message; the tracker learns it at once."""
    policy = a_calling_policy("sample = 0.0\n\n[scoring]\n")
    settings = {"intake_url": vault.url.removesuffix("/in")}
    async with open_door(dsn, tmp_path, policy=policy, **settings) as door:
        await door.track(a_callback_due())
        (lapsed,) = door.told()
        assert (lapsed.data.reason, lapsed.complaintid) == ("not-sampled", COMPLAINT)
        assert vault.requests == []
        again = a_callback_due(callback_id=UUID(int=8), round=2)
        await door.track(again)
        assert len(vault.requests) == 1
