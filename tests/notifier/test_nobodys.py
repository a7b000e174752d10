"""Deliveries that nobody will get, and tests of an endpoint that nobody should flood."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notifier.adapters.deliveries import cancel_nobodys, forget_before
from services.runtime.ids import new_id
from tests.notifier.receivers import a_receiver, answer
from tests.notifier.stories import a_dispatch

pytestmark = pytest.mark.postgres

DAY = timedelta(days=1)


async def states(door) -> list[str]:
    """The deliveries' states."""
    return sorted(row["state"] for row in await door.rows())


async def test_a_removed_endpoints_backlog_is_cancelled_in_parts(door):
    """A million rows in one transaction would hold up whoever records."""
    async with a_receiver(answer(500)) as gone, a_receiver(answer(500)) as other:
        removed = await door.add_endpoint(gone.url)
        await door.add_endpoint(other.url)
        for _ in range(3):
            await door.publish(a_dispatch(), complaint_id=new_id())
        await door.settle()
    db, now = door.path.running["notifier"].db, door.clock.now()
    async with db.transaction() as tx:
        assert await door.parts.desk.endpoints.remove(tx, removed["endpoint_id"])
    assert await states(door) == ["pending"] * 6
    assert [await cancel_nobodys(db, now, limit=2) for _ in range(3)] == [2, 1, 0]
    assert await states(door) == ["cancelled"] * 3 + ["pending"] * 3


async def test_removing_an_endpoint_waits_for_no_recorder(door):
    """It locks no delivery while it holds the endpoint; what is locked is left to later."""
    async with a_receiver(answer(500)) as receiver:
        added = await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
    db, client = door.path.running["notifier"].db, await door.client()
    async with db.transaction() as recording:
        await recording.conn.execute("SELECT FROM delivery FOR UPDATE")
        response = await client.delete(f"/v1/endpoints/{added['endpoint_id']}")
    assert response.status_code == 204
    assert await states(door) == ["pending"]
    assert await cancel_nobodys(db, door.clock.now()) == 1


async def test_what_waits_for_a_switched_off_endpoint_is_kept_no_longer_than_anything(door):
    """A citizen's words don't stay for ever because nobody switched a receiver on again."""
    async with a_receiver(answer(500)) as off, a_receiver(answer(500)) as on:
        added = await door.add_endpoint(off.url)
        await door.add_endpoint(on.url)
        await door.track(a_dispatch())
        path = f"/v1/endpoints/{added['endpoint_id']}"
        await (await door.client()).patch(path, json={"is_enabled": False})
    db, now = door.path.running["notifier"].db, door.clock.now()
    assert await cancel_nobodys(db, now, now - DAY) == 0
    assert await cancel_nobodys(db, now, now + DAY) == 1
    assert await states(door) == ["cancelled", "pending"]
    assert await forget_before(db, now + DAY) == 1
    assert await states(door) == ["pending"]


async def test_an_endpoint_is_tested_a_few_times_a_minute_only(door):
    """A test heeds neither rate nor rest, so it must not become a way to flood a receiver."""
    async with a_receiver() as receiver:
        paths = [
            f"/v1/endpoints/{(await door.add_endpoint(receiver.url))['endpoint_id']}/test"
            for _ in range(2)
        ]
        client = await door.client()
        for _ in range(30):
            response = await client.post(paths[0])
            if response.status_code != 200:
                break
        assert response.status_code == 429
        assert int(response.headers["retry-after"]) >= 1
        assert (await client.post(paths[1])).status_code == 200


async def test_a_tests_answer_shows_nobodys_number(door):
    """A receiver may say one that it has from elsewhere."""
    async with a_receiver(answer(500, "请联系 13900001234".encode())) as receiver:
        added = await door.add_endpoint(receiver.url)
        client = await door.client()
        said = (await client.post(f"/v1/endpoints/{added['endpoint_id']}/test")).json()
    assert said["response"] == "请联系 ***"
