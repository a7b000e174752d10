"""What an endpoint chooses: no order, a width, a pace; and how the breaker treats its lane."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.events import OrderAtRisk, OrderBreached
from services.notifier.adapters import endpoints
from services.notifier.decide.breaker import FAILURES, REST_MIN
from services.runtime.ids import new_id
from services.runtime.webhooks import verify
from tests.builders import NOON
from tests.notifier.conftest import open_door
from tests.notifier.receivers import a_receiver, answer, silence
from tests.notifier.stories import ORDER, a_dispatch

pytestmark = pytest.mark.postgres

STREET = "street-990101001"
AT_RISK = OrderAtRisk(order_id=ORDER, agency=STREET, due_at=NOON)
BREACHED = OrderBreached(order_id=ORDER, agency=STREET, clock="handle", due_at=NOON)


async def many(door, count: int) -> None:
    """Orders of so many complaints, and all that follows at once."""
    for _ in range(count):
        await door.publish(a_dispatch(), complaint_id=new_id())
    await door.settle()


async def test_without_order_a_complaints_events_pass_its_failed_one(door):
    """A log or a statistics system would rather have them early than in order."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(500)]
        await door.add_endpoint(receiver.url, is_ordered=False)
        await door.track(a_dispatch())
        await door.track(AT_RISK, BREACHED)
        assert [r.event["sequence"] for r in receiver.requests] == [1, 2, 3]
        door.clock.advance(timedelta(seconds=7))
        await door.settle()
    assert [r.event["sequence"] for r in receiver.requests] == [1, 2, 3, 1]
    assert {row["state"] for row in await door.rows()} == {"delivered"}


async def test_without_order_the_database_hands_out_all_of_a_complaint(door):
    """What a crash left behind needn't wait for each other either."""
    until = asyncio.Event()
    async with a_receiver(silence(until)) as receiver:
        await door.add_endpoint(receiver.url, is_ordered=False, concurrency=2)
        await door.publish(a_dispatch(), AT_RISK, BREACHED)
        await door.path.settle()
        await receiver.received(2)
        until.set()
        await door.settle()
    assert sorted(r.event["sequence"] for r in receiver.requests) == [1, 2, 3]


async def test_no_more_requests_are_under_way_than_an_endpoint_can_take(door):
    """A receiver with one worker gets one request at a time."""
    until = asyncio.Event()
    async with a_receiver(silence(until)) as receiver:
        await door.add_endpoint(receiver.url, concurrency=1)
        for _ in range(4):
            await door.publish(a_dispatch(), complaint_id=new_id())
        await door.path.settle()
        await receiver.received(1)
        (lane,) = door.parts.lanes._lanes.values()
        assert (lane.running, len(lane.ready)) == (1, 3)
        until.set()
        await door.settle()
    assert len(receiver.requests) == 4


async def test_nothing_starts_faster_than_an_endpoints_rate(door):
    """Two a second: two at once; the third waits for its token, and takes it."""
    async with a_receiver() as receiver:
        await door.add_endpoint(receiver.url, rate_per_s=2)
        for _ in range(3):
            await door.publish(a_dispatch(), complaint_id=new_id())
        await door.path.settle()
        await door.sent()
        (lane,) = door.parts.lanes._lanes.values()
        assert (len(receiver.requests), len(lane.ready)) == (2, 1)
        assert lane.waking is not None
        await door.settle()
    assert len(receiver.requests) == 3


async def test_a_slow_endpoint_has_little_in_memory(door):
    """What waits there is leased, and leases end: the rest waits in the database."""
    await door.add_endpoint("http://127.0.0.1:9/", rate_per_s=0.2)
    (room,) = door.parts.lanes.room().values()
    assert room.jobs == 4


async def test_an_endpoint_that_keeps_failing_is_let_alone_and_then_probed(door):
    """One request after the rest; when it succeeds everything that waited goes out."""
    async with a_receiver(answer(500)) as receiver:
        await door.add_endpoint(receiver.url, concurrency=1)
        await many(door, 20)
        assert len(receiver.requests) == FAILURES
        receiver.default = None
        await door.settle()
        assert len(receiver.requests) == FAILURES  # It rests.
        receiver.scripts = [answer(500)]
        door.clock.advance(REST_MIN)
        await door.settle()
        assert len(receiver.requests) == FAILURES + 1  # One probe, and it failed.
        door.clock.advance(timedelta(seconds=4))
        await door.settle()
        assert len(receiver.requests) == FAILURES + 1
        door.clock.advance(timedelta(seconds=10))
        await door.settle()
        assert len(set(receiver.ids)) == 20
        door.clock.advance(timedelta(minutes=7))  # What failed twice is due by its schedule.
        await door.settle()
    assert {row["state"] for row in await door.rows()} == {"delivered"}


async def test_a_resting_endpoint_costs_its_deliveries_no_attempts(door):
    """The schedule's ten attempts are for when somebody listens."""
    async with a_receiver(answer(500)) as receiver:
        await door.add_endpoint(receiver.url, concurrency=1)
        await many(door, 20)
        attempts = sorted(row["attempts"] for row in await door.rows())
    assert attempts == [0] * (20 - FAILURES) + [1] * FAILURES


async def test_the_order_survives_rest_and_probe(door):
    """What is let alone keeps its place."""
    async with a_receiver(answer(503)) as receiver:
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch(), AT_RISK)
        await door.track(BREACHED)
        receiver.default = None
        door.clock.advance(timedelta(seconds=10))
        await door.settle()
    assert [r.event["sequence"] for r in receiver.requests] == [1, 1, 2, 3]


async def test_another_process_knows_that_an_endpoint_rests(door, dsn, tmp_path):
    """The row tells: nobody asks an endpoint that another process was told to let alone."""
    async with a_receiver(answer(429, retry_after="60")) as receiver:
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        (tmp_path / "other").mkdir()
        async with open_door(dsn, tmp_path / "other") as other:
            await other.parts.book.refresh()
            assert other.parts.lanes.room() == {}
            other.clock.advance(timedelta(seconds=61))
            (room,) = other.parts.lanes.room().values()
    assert (room.jobs, room.is_probe) == (1, True)


async def test_of_all_processes_one_probes(door):
    """Ten notifiers that all ask at once would be the flood that it asked to be spared."""
    added = await door.add_endpoint("http://127.0.0.1:9/")
    endpoint_id = UUID(added["endpoint_id"])
    db = door.path.running["notifier"].db
    async with db.transaction() as one, db.transaction() as other:
        assert await endpoints.lock_for_probe(one, {endpoint_id}) == {endpoint_id}
        assert await endpoints.lock_for_probe(other, {endpoint_id}) == set()
        await endpoints.note_probes(one, {endpoint_id})
    async with db.transaction() as later:
        assert await endpoints.lock_for_probe(later, {endpoint_id}) == set()
    door.clock.advance(timedelta(seconds=61))  # It died: its probe doesn't count for ever.
    async with db.transaction() as later:
        assert await endpoints.lock_for_probe(later, {endpoint_id}) == {endpoint_id}


async def test_a_success_right_after_a_failure_is_written_down(door):
    """A row that still said "failing" would switch the endpoint off in five days."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(500)]
        await door.add_endpoint(receiver.url)
        await door.publish(a_dispatch())
        await door.path.settle()
        await door.sent()
        await door.parts.recorder.flush()
        # Nobody has looked at the row yet.
        await door.publish(a_dispatch(), complaint_id=new_id())
        await door.path.settle()
        await door.sent()
        await door.parts.recorder.flush()
    db = door.path.running["notifier"].db
    assert await db.fetchval("SELECT failing_since FROM endpoint") is None


async def test_who_switches_an_endpoint_on_again_forgives(dsn, tmp_path):
    """Its first failure must not switch it off at once for what was before."""
    async with (
        open_door(dsn, tmp_path, hook_schedule="0s 3d 3d 3d") as door,
        a_receiver(answer(500)) as receiver,
    ):
        told = []

        async def on_disabled(_tx, fact):
            told.append((str(fact.endpoint_id), fact.reason))

        door.parts.recorder.on_disabled = on_disabled
        added = await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        for _ in range(2):
            door.clock.advance(timedelta(days=3.7))
            await door.settle()
        assert told == [(added["endpoint_id"], "failing")]
        client = await door.client()
        changed = await client.patch(
            f"/v1/endpoints/{added['endpoint_id']}", json={"is_enabled": True}
        )
        assert changed.status_code == 200
        await door.track(a_dispatch(), complaint_id=new_id())
        assert len(told) == 1
        listed = (await client.get("/v1/endpoints")).json()["items"]
        assert [one["is_enabled"] for one in listed] == [True]


async def test_an_endpoint_may_want_to_verify_with_a_public_key(door):
    """`v1a`: what a receiver holds can't be used to sign in our name."""
    async with a_receiver() as receiver:
        added = await door.add_endpoint(receiver.url, signature="v1a")
        await door.track(a_dispatch())
    (request,) = receiver.requests
    assert request.headers["webhook-signature"].startswith("v1a,")
    secrets, now_s = [added["public_key"]], NOON.timestamp()
    assert verify(secrets, request.headers, request.body, now_s) == "genuine"
    assert "secret" not in added
