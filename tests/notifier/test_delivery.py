"""Deliveries end to end: real PostgreSQL, real HTTP, a clock that moves when told."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from standardwebhooks import Webhook

from services.events import (
    CaseClosed,
    CaseEscalated,
    OrderAtRisk,
    OrderBreached,
    OrderSigned,
    decode,
)
from services.notifier.adapters import deliveries
from services.runtime.ids import new_id
from tests.builders import NOON, as_outgoing
from tests.notifier.conftest import open_door
from tests.notifier.receivers import a_receiver, answer, silence
from tests.notifier.stories import ORDER, a_dispatch

pytestmark = pytest.mark.postgres

STREET = "street-990101001"
AT_RISK = OrderAtRisk(order_id=ORDER, agency=STREET, due_at=NOON)
BREACHED = OrderBreached(order_id=ORDER, agency=STREET, clock="handle", due_at=NOON)
CLOSED = CaseClosed(reason="confirmed")


async def test_an_event_is_delivered_and_signed(door):
    """The whole purpose: the agency's system has the order, and can prove who sent it."""
    async with a_receiver() as receiver:
        endpoint = await door.add_endpoint(receiver.url, agency=STREET)
        (event,) = await door.track(a_dispatch())
    (request,) = receiver.requests
    assert request.headers["webhook-id"] == str(event.id)
    assert request.headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    signature = request.headers["webhook-signature"]
    # The library's own `verify` compares with the machine's clock; its `sign` takes ours.
    assert signature == Webhook(endpoint["secret"]).sign(str(event.id), NOON, request.body.decode())
    assert decode(request.body) == event
    assert [row["state"] for row in await door.rows()] == ["delivered"]
    (told,) = door.told()
    assert (told.type, told.causeid, told.data.attempts) == ("whistle.HookDelivered", event.id, 1)
    assert told.data.endpoint_id == UUID(endpoint["endpoint_id"])


async def test_a_failure_is_tried_again_when_the_schedule_says(door):
    """With the same id, so that the receiver can drop what it has already."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(500, b"no\x00 disk"), answer(200)]
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        await door.settle()
        assert len(receiver.requests) == 1
        door.clock.advance(timedelta(seconds=7))
        await door.settle()
    assert len(set(receiver.ids)) == 1
    assert len(receiver.ids) == 2
    (row,) = await door.rows()
    assert [(e["attempt"], e["status"]) for e in row["history"]] == [(1, 500), (2, 200)]
    assert row["history"][0]["response"] == "no� disk"
    assert [fact.data.attempts for fact in door.told()] == [2]


async def test_each_attempt_is_signed_at_its_own_time(door):
    """A receiver refuses timestamps older than five minutes; a retry must not carry one."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(500)]
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        door.clock.advance(timedelta(seconds=60))
        await door.settle()
    first, second = (int(r.headers["webhook-timestamp"]) for r in receiver.requests)
    assert second - first == 60


async def test_a_redirect_is_never_followed(door):
    """It fails like any other answer that isn't 2xx."""
    async with a_receiver() as other, a_receiver(answer(307, location=other.url)) as receiver:
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        assert other.requests == []
    assert [row["state"] for row in await door.rows()] == ["pending"]


async def test_gone_switches_the_endpoint_off_and_says_so(door):
    """410 unsubscribes: later events aren't even planned."""
    async with a_receiver(answer(410)) as receiver:
        endpoint = await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        assert sorted(door.facts()) == ["HookDisabled", "HookFailed"]
        disabled = next(e for e in door.told() if e.type == "whistle.HookDisabled")
        assert (disabled.data.reason, str(disabled.complaintid)) == (
            "gone",
            endpoint["endpoint_id"],
        )
        await door.parts.book.refresh()
        await door.track(AT_RISK)
        assert len(receiver.requests) == 1
    listed = (await (await door.client()).get("/v1/endpoints")).json()["items"]
    assert [(e["is_enabled"], e["disabled_reason"]) for e in listed] == [(False, "gone")]


async def test_after_the_last_attempt_it_fails_and_can_be_replayed(dsn, tmp_path):
    """Given up is not lost: a person starts it over when the receiver is well again."""
    async with open_door(dsn, tmp_path, hook_schedule="0s 5s") as door, a_receiver() as receiver:
        receiver.scripts = [answer(500), answer(500)]
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        door.clock.advance(timedelta(seconds=7))
        await door.settle()
        assert door.facts() == ["HookFailed"]
        (row,) = await door.rows()
        assert (row["state"], row["attempts"]) == ("failed", 2)
        client = await door.client()
        response = await client.post(f"/v1/deliveries/{row['delivery_id']}/replay")
        assert response.status_code == 202
        await door.settle()
        assert door.facts() == ["HookFailed", "HookDelivered"]
        assert len({event.id for event in door.told()}) == 2
        assert len(set(receiver.ids)) == 1


async def test_a_dead_endpoint_delays_no_other(door):
    """Its requests hang; everybody else's orders go out meanwhile."""
    until = asyncio.Event()
    async with a_receiver(silence(until)) as dead, a_receiver() as well:
        await door.add_endpoint(dead.url)
        await door.add_endpoint(well.url)
        for _ in range(20):
            await door.publish(a_dispatch(), complaint_id=new_id())
        await door.path.settle()
        await well.received(20)
        assert len(dead.requests) <= 8
        until.set()
        await door.settle()
    assert len(dead.requests) == 20


async def test_the_order_of_a_complaint_is_kept_within_one_batch(door):
    """A receiver that hears of the breach before the order is lost."""
    async with a_receiver() as receiver:
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch(), AT_RISK, BREACHED, CLOSED)
    assert [r.event["sequence"] for r in receiver.requests] == [1, 2, 3, 4]


async def test_later_events_wait_until_the_former_is_delivered(door):
    """Also when it takes a retry, and also those that arrive meanwhile."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(500)]
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch(), AT_RISK)
        await door.track(BREACHED)
        assert [r.event["sequence"] for r in receiver.requests] == [1]
        door.clock.advance(timedelta(seconds=7))
        await door.settle()
    assert [r.event["sequence"] for r in receiver.requests] == [1, 1, 2, 3]


async def test_a_given_up_event_lets_the_next_one_through(dsn, tmp_path):
    """One event a receiver can't digest must not silence a complaint for good."""
    async with open_door(dsn, tmp_path, hook_schedule="0s") as door, a_receiver() as receiver:
        receiver.scripts = [answer(500)]
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch(), AT_RISK)
    assert [r.event["sequence"] for r in receiver.requests] == [1, 2]


async def test_one_complaints_failure_holds_no_other_complaint(door):
    """Order is kept per complaint, not per endpoint: no head-of-line blocking."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(500)]
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        await door.track(a_dispatch(), complaint_id=new_id())
    assert len(receiver.requests) == 2


async def test_an_overloaded_endpoint_is_let_alone(door):
    """Also with the events of other complaints, until the instant it named."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(429, retry_after="30")]
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        await door.track(a_dispatch(), complaint_id=new_id())
        assert len(receiver.requests) == 1
        door.clock.advance(timedelta(seconds=31))
        await door.settle()
        assert len(receiver.requests) == 3
    assert {row["state"] for row in await door.rows()} == {"delivered"}


async def test_an_endpoint_that_failed_for_five_days_is_switched_off(dsn, tmp_path):
    """Nobody reads there any more; trying for ever would only hide it."""
    async with (
        open_door(dsn, tmp_path, hook_schedule="0s 2d 2d 2d") as door,
        a_receiver(answer(500)) as receiver,
    ):
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        for _ in range(2):
            door.clock.advance(timedelta(days=2.5))
            await door.settle()
        assert "HookDisabled" in door.facts()
        disabled = next(e for e in door.told() if e.type == "whistle.HookDisabled")
        assert disabled.data.reason == "failing"


async def test_a_success_resets_the_five_days(dsn, tmp_path):
    """Sporadic failures are life."""
    async with (
        open_door(dsn, tmp_path, hook_schedule="0s 4d 4d 4d") as door,
        a_receiver() as receiver,
    ):
        receiver.scripts = [answer(500), answer(200), answer(500), answer(500)]
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        door.clock.advance(timedelta(days=5))
        await door.settle()
        await door.track(AT_RISK)
        door.clock.advance(timedelta(days=4.9))
        await door.settle()
        assert "HookDisabled" not in door.facts()


async def test_a_redelivered_event_is_not_sent_twice(door):
    """The tracker's outbox may tell twice; the agency hears once."""
    async with a_receiver() as receiver:
        await door.add_endpoint(receiver.url)
        (event,) = await door.track(a_dispatch())
        await door.path.bus.publisher().publish([as_outgoing(event, "complaints.tracked")])
        await door.settle()
    assert len(receiver.requests) == 1


async def test_what_was_sent_but_not_recorded_is_sent_again_under_the_same_id(door):
    """The crash between their 200 and our row: twice, and recognisably so."""
    async with a_receiver() as receiver:
        await door.add_endpoint(receiver.url)
        await door.publish(a_dispatch())
        await door.path.settle()
        await door.sent()
        # The process dies here: what it knew of the attempt is gone.
        door.parts.recorder._finished.clear()
        door.parts.lanes._lanes.clear()
        await door.settle()
        assert len(receiver.requests) == 1  # The lease still holds.
        door.clock.advance(timedelta(seconds=61))
        await door.settle()
    assert len(receiver.requests) == 2
    assert len(set(receiver.ids)) == 1
    assert [row["state"] for row in await door.rows()] == ["delivered"]
    assert door.facts() == ["HookDelivered"]


async def test_what_doesnt_fit_into_memory_waits_in_the_database(door):
    """A burst for one endpoint is bounded in memory, and all of it arrives."""
    async with a_receiver() as receiver:
        await door.add_endpoint(receiver.url)
        for _ in range(600):
            await door.publish(a_dispatch(), complaint_id=new_id())
        await door.settle()
    assert len(receiver.requests) == 600
    assert len(set(receiver.ids)) == 600


async def test_two_processes_claim_each_delivery_once(door):
    """Any number of notifiers may poll the same table."""
    await door.add_endpoint("http://127.0.0.1:9/")
    endpoint = next(iter(door.parts.book.directory))
    db = door.path.running["notifier"].db
    async with db.transaction() as tx:
        await tx.conn.execute(
            "INSERT INTO event SELECT gen_random_uuid(), 1, 'x' FROM generate_series(1, 20)"
        )
        await tx.conn.execute(
            "INSERT INTO delivery (complaint_id, endpoint_id, sequence, delivery_id, event_id,"
            " event_type, due_at) SELECT complaint_id, $1, 1, gen_random_uuid(),"
            " gen_random_uuid(), 'OrderDispatched', $2 FROM event",
            endpoint.endpoint_id,
            NOON,
        )
    async with db.transaction() as one, db.transaction() as other:
        first = await deliveries.claim(one, {endpoint.endpoint_id: 12})
        second = await deliveries.claim(other, {endpoint.endpoint_id: 12})
    assert len(first) == 12
    assert len(second) == 8
    assert not {job.delivery_id for job in first} & {job.delivery_id for job in second}


async def test_event_types_and_agencies_select(door):
    """An agency gets its own orders, of the kinds it asked for."""
    async with a_receiver() as street, a_receiver() as other:
        await door.add_endpoint(street.url, agency=STREET, event_types=["OrderSigned"])
        await door.add_endpoint(other.url, agency="street-990102001")
        escalated = CaseEscalated(
            order_id=ORDER, agency=STREET, level=1, raised_to="street-990102001"
        )
        await door.track(a_dispatch(), OrderSigned(order_id=ORDER, agency=STREET), escalated)
    assert [r.event["type"] for r in street.requests] == ["whistle.OrderSigned"]
    assert [r.event["type"] for r in other.requests] == ["whistle.CaseEscalated"]


async def test_the_database_being_away_loses_no_outcome(door):
    """What came of an attempt waits in memory until it can be written."""
    async with a_receiver() as receiver:
        await door.add_endpoint(receiver.url)
        await door.publish(a_dispatch())
        await door.path.settle()
        await door.sent()
        db = door.path.running["notifier"].db
        await db.execute("ALTER TABLE delivery RENAME TO elsewhere")
        with pytest.raises(Exception, match="delivery"):
            await door.parts.recorder.flush()
        await db.execute("ALTER TABLE elsewhere RENAME TO delivery")
        await door.settle()
    assert [row["state"] for row in await door.rows()] == ["delivered"]
    assert len(receiver.requests) == 1


async def test_an_outcome_that_cannot_be_written_holds_up_no_other(door):
    """One poisonous row must not stop a whole city's deliveries from being recorded."""
    async with a_receiver() as receiver:
        await door.add_endpoint(receiver.url)
        for n in range(3):
            await door.publish(a_dispatch(), complaint_id=UUID(int=n))
        await door.path.settle()
        await door.sent()
        db = door.path.running["notifier"].db
        # The database refuses the second, for whatever reason.
        await db.execute(
            "ALTER TABLE delivery ADD CHECK (state <> 'delivered' OR complaint_id <> $$"
            f"{UUID(int=1)}$$)"
        )
        recorder = door.parts.recorder
        while not recorder.is_idle:
            with contextlib.suppress(asyncpg.CheckViolationError):
                await recorder.flush()
    states = {row["complaint_id"].int: row["state"] for row in await door.rows()}
    assert states == {0: "delivered", 1: "pending", 2: "delivered"}


async def test_a_stopping_notifier_records_what_it_had_sent(door):
    """A restart for an upgrade must not make every receiver see its last events twice."""
    until = asyncio.Event()
    async with a_receiver(silence(until)) as receiver:
        await door.add_endpoint(receiver.url)
        for _ in range(12):
            await door.publish(a_dispatch(), complaint_id=new_id())
        recording = asyncio.ensure_future(door.parts.run_recorder())
        await door.path.settle()
        await receiver.received(8)
        recording.cancel()
        until.set()
        await asyncio.gather(recording, return_exceptions=True)
    rows = await door.rows()
    # What was in flight is recorded; what hadn't started is anybody's from now on.
    assert sorted(row["state"] for row in rows) == ["delivered"] * 8 + ["pending"] * 4
    assert {row["due_at"] for row in rows if row["state"] == "pending"} == {NOON}
