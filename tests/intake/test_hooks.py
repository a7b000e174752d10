"""City systems' calls over HTTP, on a real PostgreSQL: genuine ones are never lost or doubled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from services.events import ComplaintReceived
from services.intake.__main__ import IntakeSettings, build
from services.intake.adapters import hooks
from services.intake.http import hook_calls, hook_taking
from services.intake.http.desk import Desk
from services.policy import Policy
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.keys import Role
from services.runtime.webhooks import secret_key, signature
from tests.builders import NOON
from tests.harness import running
from tests.intake.callers import NAME, PHONE
from tests.intake.conftest import Door
from tests.intake.mappings import WATER, a_ticket, with_hooks

pytestmark = pytest.mark.postgres

BROKEN = WATER.replace('"ticket.words"', '"ticket.text"').replace('"words":', '"text":')


@dataclass
class City:
    """A door that city systems call, their secrets, and the people who repair."""

    door: Door
    anybody: httpx.AsyncClient
    chief: httpx.AsyncClient
    operator: httpx.AsyncClient
    secrets: dict[str, str] = field(default_factory=dict)

    async def connect(self, source: str, **body: Any) -> str:
        """Let a source call; gives its secret."""
        answer = await self.chief.post("/v1/hook-sources", json={"source": source, **body})
        assert answer.status_code == 201, answer.text
        self.secrets[source] = answer.json()["secret"]
        return self.secrets[source]

    async def call(
        self, said: Any, webhook_id: str = "msg_1", source: str = "water", **headers: str
    ) -> httpx.Response:
        """Call with a Standard Webhooks signature."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        key = secret_key(self.secrets[source]) or b""
        stamp = int(self.door.clock.now().timestamp())
        signed = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature((key,), webhook_id, stamp, body),
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.anybody.post(f"/v1/hooks/{source}", content=body, headers=signed)

    def put_in_force(self, policy: Policy) -> None:
        """Switch the rules, as a publish does."""
        self.door.path.running["intake"].policies._take(policy)

    async def received(self) -> list[ComplaintReceived]:
        """What has been told."""
        return [e.data for e in await self.door.received() if isinstance(e.data, ComplaintReceived)]

    async def calls(self, state: str = "parked") -> list[dict[str, Any]]:
        """Calls in a state, as an operator sees them."""
        answer = await self.operator.get("/v1/hook-calls", params={"state": state})
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    @property
    def desk(self) -> Desk:
        """The door's equipment once more, as another process has it."""
        running = self.door.path.running["intake"]
        clock, secrets = self.door.clock, self.door.settings.secrets
        return Desk(running.db, running.policies, clock, secrets, "http://intake")


@pytest.fixture
async def city(dsn: str, secrets_file: Path) -> AsyncIterator[City]:
    """Intake with three mappings; nobody has a secret yet."""
    clock, settings = ManualClock(NOON), IntakeSettings(secrets_file=secrets_file)
    builds, all_settings = {"intake": build}, {"intake": settings}
    async with running(dsn, clock, with_hooks(), builds, all_settings) as path:
        door = Door(path, clock, settings, {})
        yield City(
            door,
            await door.client(None),
            await door.client(Role.SUPERVISOR),
            await door.client(Role.OPERATOR),
        )


async def test_a_genuine_call_becomes_a_complaint_without_a_name_in_the_event(city: City) -> None:
    """Identity goes to the vault, as with every caller."""
    await city.connect("water")
    answer = await city.call(a_ticket())
    assert answer.status_code == 202
    assert answer.json()["state"] == "taken"
    (told,) = await city.received()
    assert (told.origin, told.external_id) == ("hook:water", "7")
    assert told.matter.place.district == "990101"
    assert told.matter.is_secret
    assert told.matter.number == answer.json()["complaints"][0]["number"]
    assert NAME not in told.model_dump_json()
    assert PHONE not in told.model_dump_json()


async def test_the_same_call_again_gives_the_same_answer_and_no_second_complaint(
    city: City,
) -> None:
    """Whoever got no answer sends again, sometimes many times at once."""
    await city.connect("several")
    said = {"list": [{"words": "第一件事"}, {"words": "第二件事"}]}
    answers = await asyncio.gather(*(city.call(said, source="several") for _ in range(8)))
    again = await city.call(said, source="several")
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["call_id"] for answer in [*answers, again]}) == 1
    assert len(again.json()["complaints"]) == 2
    assert len(await city.received()) == 2
    other = await city.call({"list": [{"words": "别的"}]}, source="several")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")


async def test_the_systems_own_id_is_known_again_under_another_call(city: City) -> None:
    """Many systems make a new webhook-id for each attempt."""
    await city.connect("water")
    first, second = await city.call(a_ticket(), "a"), await city.call(a_ticket(), "b")
    assert first.json()["complaints"] == second.json()["complaints"] != []
    assert len(await city.received()) == 1


async def test_strangers_learn_nothing_and_leave_nothing(city: City) -> None:
    """No source, no mapping and no secret are one answer."""
    unknown = await city.anybody.post("/v1/hooks/nobody", content=b"{}")
    unconnected = await city.anybody.post("/v1/hooks/water", content=b"{}")
    assert (unknown.status_code, unconnected.status_code) == (404, 404)
    assert unknown.json() == unconnected.json()
    await city.connect("water")
    forged = await city.call(a_ticket(), webhook_signature="v1,AAAA")
    assert (forged.status_code, forged.json()["code"]) == (401, "wrong-signature")
    assert await city.calls("received") == await city.calls() == await city.calls("taken") == []


async def test_a_recording_of_a_genuine_call_is_refused_with_the_reason(city: City) -> None:
    """A clock that is wrong must be found out by its owner."""
    await city.connect("water")
    stamp = int(NOON.timestamp()) - 301
    body = b'{"event": "ping"}'
    signed = signature((secret_key(city.secrets["water"]) or b"",), "msg_1", stamp, body)
    old = await city.call(body, webhook_timestamp=str(stamp), webhook_signature=signed)
    assert (old.status_code, old.json()["code"]) == (401, "stale")
    assert "300 seconds" in old.json()["detail"]


async def test_a_shared_secret_in_a_header_lets_an_old_system_in(city: City) -> None:
    """A form in GBK from a system that can't sign."""
    secret = await city.connect("grid", secret="a-secret-of-their-own")
    assert secret == "a-secret-of-their-own"
    form = "编号=9&诉求内容=路灯不亮&所属区=东区&联系电话=19000001234".encode("gbk")
    for header in ({}, {"x-grid-token": "a-secret-of-their-owm"}, {"x-grid-token": ""}):
        refused = await city.anybody.post("/v1/hooks/grid", content=form, headers=header)
        assert refused.status_code == 401
    told = {"x-grid-token": secret}
    answers = [
        await city.anybody.post("/v1/hooks/grid", content=form, headers=told) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    (fact,) = await city.received()
    assert fact.matter.text == "路灯不亮"
    assert fact.matter.channel == "grid"


async def test_a_broken_mapping_parks_the_call_and_the_caller_is_told_202(city: City) -> None:
    """A citizen's words are never lost for our mistake; after the repair they come in."""
    city.put_in_force(with_hooks(water=BROKEN))
    await city.connect("water")
    answer = await city.call(a_ticket())
    assert (answer.status_code, answer.json()["state"]) == (202, "parked")
    assert "reason" not in answer.json()
    (parked,) = await city.calls()
    assert parked["reason"] == "text (ticket.text): gives no words"
    assert await city.received() == []
    still = await city.operator.post(f"/v1/hook-calls/{parked['call_id']}/replay")
    assert (still.json()["state"], still.json()["attempts"]) == ("parked", 2)
    city.put_in_force(with_hooks())
    city.door.clock.advance(timedelta(hours=5))
    asked = {"source": "water"}
    done = await city.operator.post("/v1/hook-calls/replay-all", params=asked)
    assert done.json() == {"tried": 1, "taken": 1, "next": None}
    (told,) = await city.received()
    assert told.matter.received_at == NOON
    assert await city.calls() == []


async def test_a_field_that_the_door_refuses_parks_the_call_without_its_words(city: City) -> None:
    """The reason is shown without a purpose, so it must not hold what a person said."""
    await city.connect("water")
    answer = await city.call(a_ticket(id=f"编号{PHONE}"))
    assert answer.json()["state"] == "parked"
    (parked,) = await city.calls()
    assert parked["reason"].startswith("item 0: external_id:")
    assert PHONE not in parked["reason"]


async def test_a_reason_never_repeats_a_value(city: City) -> None:
    """A number in the wrong field must not come up in lists and logs."""
    await city.connect("water")
    await city.call(a_ticket(where={"district": PHONE}))
    (parked,) = await city.calls()
    assert parked["reason"] == "item 0: place.district: is refused"


async def test_replaying_goes_on_behind_calls_that_stay_parked(city: City) -> None:
    """Else 200 hopeless calls would keep all others from ever being tried."""
    await city.connect("water")
    for number in range(hook_calls.REPLAYED_MAX):
        await city.door.path.pool.execute(
            "INSERT INTO intake.hook_call (call_id, source, received_at, webhook_id, body_hash,"
            " content_type, state, changed_at)"
            " VALUES ($1, 'water', $2::timestamptz - interval '1 hour', $3, '', '', 'parked', $2)",
            new_id(),
            NOON,
            f"old-{number}",
        )
    city.put_in_force(with_hooks(water=BROKEN))
    await city.call(a_ticket())
    city.put_in_force(with_hooks())
    path, asked = "/v1/hook-calls/replay-all", {"source": "water"}
    first = (await city.operator.post(path, params=asked)).json()
    assert (first["tried"], first["taken"]) == (hook_calls.REPLAYED_MAX, 0)
    second = await city.operator.post(path, params=asked | {"after": first["next"]})
    assert second.json() == {"tried": 1, "taken": 1, "next": None}


async def test_a_call_without_any_id_is_known_again_by_its_bytes(city: City) -> None:
    """An old system that got no answer sends the same form again."""
    told = {"x-grid-token": await city.connect("grid")}
    form = "诉求内容=路灯不亮&所属区=东区".encode("gbk")
    answers = [
        await city.anybody.post("/v1/hooks/grid", content=form, headers=told) for _ in range(2)
    ]
    assert answers[0].json()["complaints"] == answers[1].json()["complaints"] != []
    assert len(await city.received()) == 1
    other = "诉求内容=路灯又不亮&所属区=东区".encode("gbk")
    await city.anybody.post("/v1/hooks/grid", content=other, headers=told)
    assert len(await city.received()) == 2


async def test_known_ids_with_other_words_wait_for_a_person(city: City) -> None:
    """Taking them would overwrite, refusing them would lose."""
    await city.connect("water")
    await city.call(a_ticket(), "a")
    answer = await city.call(a_ticket(words="改过的"), "b")
    assert answer.json()["state"] == "parked"
    (parked,) = await city.calls()
    assert parked["reason"] == "item 0: idempotency-conflict"
    dropped = await city.operator.post(
        f"/v1/hook-calls/{parked['call_id']}/drop", json={"reason": "only their status changed"}
    )
    assert dropped.json()["state"] == "dropped"
    (shown,) = await city.calls("dropped")
    assert shown["reason"].startswith("only their status changed (")
    again = await city.operator.post(
        f"/v1/hook-calls/{parked['call_id']}/drop", json={"reason": "x"}
    )
    assert again.status_code == 409
    assert len(await city.received()) == 1


async def test_one_bad_complaint_does_not_keep_back_the_others_of_its_call(city: City) -> None:
    """And those are not taken twice when the call is tried again."""
    await city.connect("several")
    said = {"list": [{"words": "第一件"}, {"text": "第二件"}]}
    answer = await city.call(said, source="several")
    assert (answer.json()["state"], len(answer.json()["complaints"])) == ("parked", 1)
    (parked,) = await city.calls()
    assert parked["reason"] == "some were taken; item 1: text (words): gives no words"
    fixed = 'items = "list[]"\n[fields]\ntext = "words || text"\n[[examples]]\n'
    fixed += """body = '{"list": [{"words": "a"}]}'\nexpect = { text = "a" }"""
    city.put_in_force(with_hooks(several=fixed))
    await city.operator.post(f"/v1/hook-calls/{parked['call_id']}/replay")
    shown = (await city.operator.get(f"/v1/hook-calls/{parked['call_id']}")).json()
    assert (shown["state"], len(shown["complaints"])) == ("taken", 2)
    assert sorted(told.matter.text for told in await city.received()) == ["第一件", "第二件"]


async def test_a_ping_is_kept_and_ignored(city: City) -> None:
    """A wrong `when` can be repaired too."""
    await city.connect("water")
    answer = await city.call({"event": "ping"})
    assert (answer.status_code, answer.json()["state"]) == (202, "ignored")
    (kept,) = await city.calls("ignored")
    always = WATER.replace("event == 'created'", "event")
    city.put_in_force(with_hooks(water=always))
    tried = await city.operator.post(f"/v1/hook-calls/{kept['call_id']}/replay")
    assert tried.json()["state"] == "parked"


@pytest.mark.parametrize("dies", ["after the call was stored", "after the complaint was taken"])
async def test_a_process_that_dies_on_the_way_loses_and_doubles_nothing(
    city: City, dies: str
) -> None:
    """The sweeper of any process goes on with what was left behind."""
    await city.connect("several")
    desk, sealer = city.desk, hook_taking.sealer_of(city.desk)
    said = json.dumps({"list": [{"words": "路灯不亮"}]}).encode()
    call = hooks.Call(new_id(), "several", "msg_1", "", said, b"h")
    await hook_taking.store(desk, sealer, call)
    if dies == "after the complaint was taken":
        row = await hooks.find_call(desk.db, call.call_id)
        assert row is not None
        await hook_taking._attempt(desk, sealer, row)
    assert await hook_taking.sweep(desk) == 0  # Whoever stored it may still be at it.
    city.door.clock.advance(hook_taking.LEFT_AFTER + timedelta(seconds=1))
    assert await hook_taking.sweep(desk) == 1
    assert len(await city.calls("taken")) == 1
    assert len(await city.received()) == 1
    assert await hook_taking.sweep(desk) == 0


async def test_a_mapping_that_was_taken_away_parks_what_it_left(city: City) -> None:
    """The call came while the mapping was still in force."""
    await city.connect("water")
    desk, sealer = city.desk, hook_taking.sealer_of(city.desk)
    call = hooks.Call(new_id(), "water", "msg_1", "", b"{}", b"h")
    await hook_taking.store(desk, sealer, call)
    city.put_in_force(with_hooks(water=None))
    assert await hook_taking.settle(desk, sealer, call.call_id) == "parked"
    (parked,) = await city.calls()
    assert parked["reason"] == "no hooks/water.toml in the policy in force"


async def test_a_body_is_sealed_at_rest_and_shown_for_a_purpose_that_is_written_down(
    city: City, dsn: str
) -> None:
    """It holds what a person said in their own words, and who they are."""
    await city.connect("water")
    call_id = (await city.call(a_ticket())).json()["call_id"]
    conn = await asyncpg.connect(dsn)
    try:
        assert NAME.encode() not in await conn.fetchval("SELECT sealed FROM intake.hook_call")
        path = f"/v1/hook-calls/{call_id}"
        assert "body" not in (await city.operator.get(path)).json()
        shown = await city.operator.get(path, params={"purpose": "mapping repair"})
        assert json.loads(shown.json()["body"]) == a_ticket()
        purpose = await conn.fetchval("SELECT purpose FROM identity.access")
        assert purpose == f"mapping repair (hook call {call_id})"
    finally:
        await conn.close()


async def test_a_rotated_secret_is_good_for_a_day_and_a_revoked_one_not_at_all(city: City) -> None:
    """The other side changes over when it can."""
    old = await city.connect("water")
    rotated = await city.chief.post("/v1/hook-sources/water/rotate", json={})
    new = rotated.json()["secret"]
    assert new != old
    assert (await city.call({"event": "ping"}, "a")).status_code == 202
    city.door.clock.advance(timedelta(hours=24, seconds=1))
    assert (await city.call({"event": "ping"}, "b")).status_code == 401
    city.secrets["water"] = new
    assert (await city.call({"event": "ping"}, "c")).status_code == 202
    assert (await city.chief.delete("/v1/hook-sources/water")).status_code == 204
    assert (await city.call({"event": "ping"}, "d")).status_code == 404
    assert (await city.chief.delete("/v1/hook-sources/water")).status_code == 404


async def test_secrets_are_shown_once_and_must_be_of_the_sources_kind(city: City) -> None:
    """A shared secret that nobody can sign with would let nobody in."""
    await city.connect("water")
    listed = (await city.chief.get("/v1/hook-sources")).json()
    assert [item["source"] for item in listed["items"]] == ["water"]
    assert listed["without_secret"] == ["grid", "several"]
    assert city.secrets["water"] not in json.dumps(listed)
    post = city.chief.post
    twice = await post("/v1/hook-sources", json={"source": "water"})
    unknown = await post("/v1/hook-sources", json={"source": "fire"})
    wrong = await post("/v1/hook-sources", json={"source": "several", "secret": "x" * 20})
    assert [a.status_code for a in (twice, unknown, wrong)] == [409, 422, 422]
    assert unknown.json()["errors"][0]["field"] == "source"
    refused = await city.operator.post("/v1/hook-sources", json={"source": "several"})
    assert refused.status_code == 403


async def test_a_body_that_is_too_big_is_refused_before_it_is_read_whole(city: City) -> None:
    """Limits on everything, also for those who have a secret."""
    await city.connect("water")
    answer = await city.call(b"x" * 1_000_001)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-big")


async def test_only_those_who_repair_see_calls(city: City) -> None:
    """Reasons say what a city's systems look like inside."""
    for role in (Role.AGENCY, Role.REPORTER, Role.AUDITOR):
        client = await city.door.client(role, "water-company" if role is Role.AGENCY else None)
        assert (await client.get("/v1/hook-calls")).status_code == 403
        assert (await client.post("/v1/hook-calls/replay-all?source=water")).status_code == 403


async def test_settled_calls_are_forgotten_after_a_while_and_parked_ones_never(city: City) -> None:
    """What waits for a person waits as long as it takes."""
    await city.connect("water")
    await city.call(a_ticket(), "a")
    await city.call(a_ticket(id=None, words=None), "b")
    city.door.clock.advance(hooks.KEPT + timedelta(days=1))
    await hook_taking.sweep(city.desk)
    assert await city.calls("taken") == []
    assert len(await city.calls()) == 1


GARBAGE = ("\0", "a\0b", "x" * 500, "", "\uffff", "-1", "💥", str(new_id()))


async def test_garbage_is_refused_and_never_a_fault_of_ours(city: City) -> None:
    """PostgreSQL's texts know no NUL, addresses know no limit."""
    await city.connect("water")
    call_id = (await city.call(a_ticket(words="a\0b"))).json()["call_id"]
    reads = ("?source={}", "?after={}", f"/{call_id}?purpose={{}}")
    for said in GARBAGE:
        quoted = quote(said)
        answers = [
            await city.operator.get(f"/v1/hook-calls{path.format(quoted)}") for path in reads
        ]
        for path, body in (
            (f"/v1/hook-calls/replay-all?source={quoted}", {}),
            (f"/v1/hook-calls/{call_id}/drop", {"reason": said}),
            ("/v1/hook-sources", {"source": said}),
            ("/v1/hook-sources", {"source": "several", "secret": said}),
            (f"/v1/hook-sources/{quoted}/rotate", {}),
            (f"/v1/hooks/{quoted}", {}),
        ):
            answers.append(await city.chief.post(path, json=body))
        answers.append(await city.chief.delete(f"/v1/hook-sources/{quoted}"))
        assert [a.url for a in answers if a.status_code >= 500] == []
    assert len(await city.received()) == 1
