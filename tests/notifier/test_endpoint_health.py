"""How an endpoint is doing, as several processes see it, and what a liar's answer does to it."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from uuid import UUID

import pytest

from services.notifier.adapters import endpoints
from services.notifier.decide import Directory, Disable, Endpoint, Job, RetryAt, SigningKey, Trouble
from services.notifier.handle.lanes import Lanes
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from tests.builders import NOON
from tests.notifier.conftest import open_door
from tests.notifier.receivers import a_receiver, answer
from tests.notifier.stories import a_dispatch

pytestmark = pytest.mark.postgres

DAY = timedelta(days=1)
FAR = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"


class Bench:
    """All that lanes need: a book, a sink, and a transport that always times out."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Know one endpoint."""
        self.directory = Directory([endpoint])
        self.finished: list = []

    def finish(self, finished) -> None:
        """Keep it."""
        self.finished.append(finished)

    async def post(self, _url, _headers, _body) -> Trouble:
        """Give no answer."""
        return Trouble("timeout", "")

    async def attempt(self, **more) -> Lanes:
        """Offer one job, and wait until it has been attempted."""
        lanes = Lanes(self, self, self, ManualClock(NOON), **more)
        (endpoint,) = self.directory
        made, one = new_id(), 1
        lanes.offer([Job(made, endpoint.endpoint_id, one, made, made, "X", one, b"{}")])
        await asyncio.gather(*lanes._tasks)
        return lanes


async def test_a_date_of_no_calendar_costs_a_delivery_one_attempt(door):
    """A liar's Retry-After must not take its delivery out of the world, nor stop its lane."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(503, retry_after=FAR)]
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        assert [row["attempts"] for row in await door.rows()] == [1]
        door.clock.advance(timedelta(minutes=1))
        await door.settle()
    assert [row["state"] for row in await door.rows()] == ["delivered"]


async def test_a_request_that_cannot_be_signed_counts_as_a_failed_attempt():
    """A broken key must not hold its place, and one of all lanes' requests, for ever."""
    broken = Endpoint(
        new_id(), 1, "http://a.example/", None, frozenset(), (SigningKey(b"?"),), signature="v1a"
    )
    bench = Bench(broken)
    lanes = await bench.attempt()
    assert lanes.is_idle
    assert [(one.result.code, type(one.decision)) for one in bench.finished] == [
        ("protocol", RetryAt)
    ]


async def test_a_fault_in_judging_counts_as_a_failed_attempt():
    """Whatever raises there, its chain goes on and its lane stays as wide as it was."""
    bench, draws = Bench(Endpoint(new_id(), 1, "http://a.example/", None, frozenset())), deque([0])
    draws.appendleft("no number")
    lanes = await bench.attempt(chance=draws.popleft)
    assert lanes.is_idle
    assert [(one.result.code, type(one.decision)) for one in bench.finished] == [
        ("protocol", RetryAt)
    ]


async def test_one_failure_in_six_days_switches_nothing_off(door, dsn, tmp_path):
    """Another process has delivered in between: the row knows it, and this one must heed it."""
    (tmp_path / "other").mkdir()
    async with a_receiver() as receiver, open_door(dsn, tmp_path / "other") as other:
        receiver.scripts = [answer(500)]
        await door.add_endpoint(receiver.url)
        await other.parts.book.refresh()
        await other.track(a_dispatch(), complaint_id=new_id())
        door.clock.advance(timedelta(minutes=1))
        await door.settle()
        assert len(receiver.requests) == 2
        for one in (door, other):
            one.clock.advance(6 * DAY)
            await one.parts.book.refresh()
        receiver.scripts = [answer(500)]
        await other.track(a_dispatch(), complaint_id=new_id())
        listed = (await (await door.client()).get("/v1/endpoints")).json()["items"]
        await other.parts.settle()
        assert "HookDisabled" not in other.facts()
    assert [one["is_enabled"] for one in listed] == [True]


async def test_a_rest_that_another_process_saw_end_has_ended(door, dsn, tmp_path):
    """Else this one would send one request at a time for as long as it has no luck."""
    (tmp_path / "other").mkdir()
    async with a_receiver() as receiver, open_door(dsn, tmp_path / "other") as other:
        receiver.scripts = [answer(429, retry_after="5")]
        await door.add_endpoint(receiver.url)
        await other.parts.book.refresh()
        await other.track(a_dispatch(), complaint_id=new_id())
        for one in (door, other):
            one.clock.advance(timedelta(minutes=1))
            await door.settle()
        await other.parts.book.refresh()
        (room,) = other.parts.lanes.room().values()
    assert not room.is_probe


async def test_only_what_the_row_says_as_well_switches_an_endpoint_off(door):
    """A process that looked at it a second ago may not know of the last success."""
    added = await door.add_endpoint("http://127.0.0.1:9/")
    endpoint = door.parts.book.directory.get(UUID(added["endpoint_id"]))
    db, failing = door.path.running["notifier"].db, Disable("timeout", "failing", NOON - 5 * DAY)
    async with db.transaction() as tx:
        assert await endpoints.disable(tx, endpoint, failing) is None
        await tx.conn.execute("UPDATE endpoint SET failing_since = $1", NOON - 5 * DAY)
        assert await endpoints.disable(tx, endpoint, failing) is not None


async def test_another_address_is_not_blamed_for_the_old_one(door):
    """Whoever moves a receiver away from a broken machine gets the next event at once."""
    async with a_receiver(answer(429, retry_after="3600")) as old, a_receiver() as new:
        added = await door.add_endpoint(old.url)
        await door.track(a_dispatch())
        path = f"/v1/endpoints/{added['endpoint_id']}"
        changed = (await (await door.client()).patch(path, json={"url": new.url})).json()
        assert (changed["failing_since"], changed["paused_until"]) == (None, None)
        await door.track(a_dispatch(), complaint_id=new_id())
        assert len(new.requests) == 1


async def test_the_old_addresss_last_word_is_not_the_new_ones(door):
    """A request that was under way when the address changed may still say 410."""
    until, gone = asyncio.Event(), answer(410)

    async def late(received, writer) -> None:
        await until.wait()
        await gone(received, writer)

    async with a_receiver(late) as old, a_receiver() as new:
        added = await door.add_endpoint(old.url)
        await door.publish(a_dispatch())
        await door.path.settle()
        await old.received(1)
        path = f"/v1/endpoints/{added['endpoint_id']}"
        await (await door.client()).patch(path, json={"url": new.url})
        until.set()
        await door.settle()
        await door.parts.book.refresh()
        await door.track(a_dispatch(), complaint_id=new_id())
        assert len(new.requests) == 1


async def test_of_several_endpoints_a_recorder_locks_the_lowest_first(door):
    """Two that lock the same ones in two orders would wait for each other."""
    async with a_receiver() as one, a_receiver() as other:
        low = await door.add_endpoint(one.url)
        high = await door.add_endpoint(other.url)
        other.scripts = [answer(500)]
        await door.track(a_dispatch())
        one.scripts = [answer(500)]
        await door.publish(a_dispatch(), complaint_id=new_id())
        await door.path.settle()
        await door.sent()  # Now the low one begins to fail, and the high one works again.
    db = door.path.running["notifier"].db
    async with db.transaction() as tx:
        await tx.conn.execute(
            "SELECT FROM endpoint WHERE endpoint_id = $1 FOR UPDATE", UUID(low["endpoint_id"])
        )
        recording = asyncio.ensure_future(door.parts.recorder.flush())
        while not await db.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            pass
        free = await db.fetch(
            "SELECT FROM endpoint WHERE endpoint_id = $1 FOR UPDATE SKIP LOCKED",
            UUID(high["endpoint_id"]),
        )
    await recording
    assert len(free) == 1
