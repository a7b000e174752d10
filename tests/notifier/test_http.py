"""Endpoints and deliveries over HTTP: who may do what, and what is never shown."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.events import CaseClosed
from services.notifier.adapters.deliveries import forget_before
from services.notifier.adapters.searches import Wanted, replay_all
from services.notifier.decide.signing import secret_key, signature
from services.runtime.ids import new_id
from services.runtime.keys import Role
from services.runtime.webhooks import signers
from tests.notifier.conftest import open_door
from tests.notifier.receivers import a_receiver, answer
from tests.notifier.stories import a_dispatch

pytestmark = pytest.mark.postgres

STREET = "street-990101001"


async def test_the_secret_is_shown_once_and_stored_encrypted(door):
    """Whoever reads our database can't sign in our name."""
    endpoint = await door.add_endpoint("https://a.example/in", description="街道系统")
    key = secret_key(endpoint["secret"])
    assert key is not None
    client = await door.client()
    shown = (await client.get(f"/v1/endpoints/{endpoint['endpoint_id']}")).json()
    assert "secret" not in shown
    assert shown["description"] == "街道系统"
    assert "OrderDispatched" in shown["event_types"]
    db = door.path.running["notifier"].db
    assert key not in await db.fetchval("SELECT secret FROM endpoint")


async def test_a_wrong_endpoint_is_refused_by_field(door):
    """Said now, to the person who typed it."""
    client = await door.client()
    for body, field in [
        ({"url": "ftp://a.example"}, "url"),
        ({"url": "https://a.example", "event_types": ["OrderLost"]}, "event_types"),
        ({"url": "https://a.example", "event_types": ["ComplaintReceived"]}, "event_types"),
        ({"url": "https://a.example", "event_types": []}, "event_types"),
        ({"url": "https://a.example", "events": []}, "events"),
        ({"url": "https://a.example", "agency": "street-of-nowhere"}, "agency"),
        ({}, "url"),
    ]:
        response = await client.post("/v1/endpoints", json=body)
        assert response.status_code == 422, body
        assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_an_agency_sees_and_changes_its_own_only(door):
    """Another agency's addresses are none of its business, not even their existence."""
    other = await door.add_endpoint("https://b.example/in", agency="street-990102001")
    agency = await door.client(Role.AGENCY, STREET)
    mine = (await agency.post("/v1/endpoints", json={"url": "https://a.example/in"})).json()
    assert mine["agency"] == STREET
    listed = (await agency.get("/v1/endpoints")).json()["items"]
    assert [e["endpoint_id"] for e in listed] == [mine["endpoint_id"]]
    path = f"/v1/endpoints/{other['endpoint_id']}"
    for method, suffix in (("GET", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/test")):
        response = await agency.request(method, path + suffix)
        assert (response.status_code, response.json()["code"]) == (404, "no-such-endpoint")
    assert (await agency.patch(path, json={"is_enabled": False})).status_code == 404
    foreign = {"url": "https://a.example/in", "agency": "street-990102001"}
    response = await agency.post("/v1/endpoints", json=foreign)
    assert (response.status_code, response.json()["code"]) == (403, "not-your-agency")
    replay = await agency.post("/v1/deliveries/replay", json={"endpoint": other["endpoint_id"]})
    assert replay.status_code == 404


async def test_roles_that_have_no_business_here_are_refused(door):
    """A reporter's key hands in complaints, nothing else."""
    for role in (Role.REPORTER, Role.AUDITOR):
        response = await (await door.client(role)).get("/v1/endpoints")
        assert response.status_code == 403
    assert (await (await door.client(Role.AUDITOR)).get("/v1/deliveries")).status_code == 200


async def test_during_rotation_both_secrets_sign_then_only_the_new_one(door):
    """The receiver has a day to change over."""
    async with a_receiver() as receiver:
        old = await door.add_endpoint(receiver.url)
        client = await door.client()
        new = (await client.post(f"/v1/endpoints/{old['endpoint_id']}/rotate")).json()
        await door.track(a_dispatch())
        door.clock.advance(timedelta(hours=25))
        await door.track(a_dispatch(), complaint_id=new_id())
    first, second = receiver.requests

    def signed(request, secret):
        at = int(request.headers["webhook-timestamp"])
        key = secret_key(secret["secret"])
        return signature((key,), request.headers["webhook-id"], at, request.body)

    both = first.headers["webhook-signature"].split(" ")
    assert both == [signed(first, new), signed(first, old)]
    assert second.headers["webhook-signature"] == signed(second, new)


async def test_a_test_event_tells_what_the_receiver_answered(door):
    """Whoever sets up a receiver sees at once whether it works."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(401, b"bad signature")]
        endpoint = await door.add_endpoint(receiver.url)
        client = await door.client()
        path = f"/v1/endpoints/{endpoint['endpoint_id']}/test"
        refused = (await client.post(path)).json()
        accepted = (await client.post(path)).json()
    assert (refused["is_delivered"], refused["status"], refused["response"]) == (
        False,
        401,
        "bad signature",
    )
    assert accepted["is_delivered"]
    assert receiver.requests[0].event["type"] == "whistle.EndpointTested"
    assert receiver.requests[0].headers["webhook-id"] == refused["event_id"]


async def test_an_endpoint_on_our_own_network_is_refused_when_called(door):
    """The address isn't public: no connection is made, and the answer says why."""
    endpoint = await door.add_endpoint("https://169.254.169.254/latest")
    client = await door.client()
    result = (await client.post(f"/v1/endpoints/{endpoint['endpoint_id']}/test")).json()
    assert (result["is_delivered"], result["error"]) == (False, "forbidden-address")


async def test_a_deleted_endpoint_gets_nothing_more(door):
    """What it hadn't got is cancelled, not left pending for ever."""
    async with a_receiver(answer(500)) as receiver:
        endpoint = await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        client = await door.client()
        path = f"/v1/endpoints/{endpoint['endpoint_id']}"
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404
        door.clock.advance(timedelta(minutes=1))
        await door.settle()
        assert len(receiver.requests) == 1
    assert [row["state"] for row in await door.rows()] == ["cancelled"]


async def test_switching_off_is_told_and_switching_on_resumes(door):
    """What waited meanwhile is delivered; nothing new was planned."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(500)]
        endpoint = await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        client = await door.client()
        path = f"/v1/endpoints/{endpoint['endpoint_id']}"
        off = (await client.patch(path, json={"is_enabled": False})).json()
        assert off["disabled_reason"] == "operator"
        door.clock.advance(timedelta(minutes=1))
        await door.track(a_dispatch(), complaint_id=new_id())
        assert len(receiver.requests) == 1
        on = (await client.patch(path, json={"is_enabled": True})).json()
        assert (on["disabled_reason"], on["failing_since"]) == (None, None)
        await door.settle()
        assert len(receiver.requests) == 2
    assert sorted(door.facts()) == ["HookDelivered", "HookDisabled"]


async def test_deliveries_are_listed_page_by_page(door):
    """Newest first, no row twice and none left out, whatever arrives meanwhile."""
    async with a_receiver() as receiver:
        endpoint = await door.add_endpoint(receiver.url)
        for _ in range(5):
            await door.publish(a_dispatch(), complaint_id=new_id())
        await door.settle()
    client = await door.client()
    seen, before = [], None
    while True:
        params = {"limit": 2, "endpoint": endpoint["endpoint_id"], "state": "delivered"}
        params |= {"before": before} if before else {}
        page = (await client.get("/v1/deliveries", params=params)).json()
        seen += [item["delivery_id"] for item in page["items"]]
        before = page["next"]
        if before is None:
            break
    assert len(seen) == 5
    assert seen == sorted(set(seen), reverse=True)
    one = (await client.get(f"/v1/deliveries/{seen[0]}")).json()
    assert [(e["attempt"], e["status"]) for e in one["history"]] == [(1, 200)]
    assert (await client.get("/v1/totals")).json() == {
        "deliveries": {"delivered": 5},
        "callbacks": {},
    }


async def test_all_failures_of_an_endpoint_are_replayed_at_once(dsn, tmp_path):
    """After an outage one call brings an agency's system up to date."""
    async with open_door(dsn, tmp_path, hook_schedule="0s") as door, a_receiver() as receiver:
        receiver.scripts = [answer(500)] * 3
        endpoint = await door.add_endpoint(receiver.url, agency=STREET)
        for _ in range(3):
            await door.publish(a_dispatch(), complaint_id=new_id())
        await door.settle()
        agency = await door.client(Role.AGENCY, STREET)
        body = {"endpoint": endpoint["endpoint_id"], "state": "failed"}
        response = await agency.post("/v1/deliveries/replay", json=body)
        assert response.json() == {"replayed": 3, "next": None}
        pending = (await agency.get("/v1/deliveries")).json()["items"]
        again = await agency.post(f"/v1/deliveries/{pending[0]['delivery_id']}/replay")
        assert (again.status_code, again.json()["code"]) == (409, "still-pending")
        await door.settle()
        assert len(receiver.requests) == 6
        listed = (await agency.get("/v1/deliveries", params={"state": "delivered"})).json()
        assert len(listed["items"]) == 3


async def test_old_deliveries_are_forgotten_with_their_bodies(door):
    """A citizen's words stay no longer than somebody may look into a delivery."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(200), answer(500)]
        await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        await door.track(a_dispatch(), complaint_id=new_id())
    db = door.path.running["notifier"].db
    assert await forget_before(db, door.clock.now() - timedelta(days=1)) == 0
    assert await forget_before(db, door.clock.now() + timedelta(days=1)) == 1
    assert [row["state"] for row in await door.rows()] == ["pending"]
    assert await db.fetchval("SELECT count(*) FROM event") == 1


async def test_a_wrong_wish_is_refused_by_field_and_reason(door):
    """When it is written and when it is changed: later nobody would notice."""
    client = await door.client()
    made = await door.add_endpoint("https://a.example/in")
    path = f"/v1/endpoints/{made['endpoint_id']}"
    for wish, field in [
        ({"divisions": ["990199"]}, "divisions"),
        ({"categories": ["environment", "noise"]}, "categories"),
        ({"filter": "data.role ="}, "filter"),
        ({"filter": "map(&a, data)"}, "filter"),
        ({"filter": "a" * 1001}, "filter"),
        ({"payload": "xml"}, "payload"),
        ({"rate_per_s": 0.05}, "rate_per_s"),
        ({"concurrency": 65}, "concurrency"),
        ({"signature": "v2"}, "signature"),
        ({"payload": "open311", "event_types": ["WhistleBlown"]}, "event_types"),
    ]:
        written = await client.post("/v1/endpoints", json={"url": "https://a.example/in", **wish})
        for response in (written, await client.patch(path, json=wish)):
            assert response.status_code == 422, wish
            (error,) = response.json()["errors"]
            assert error["field"] == field
            assert error["message"]
    assert (await client.get(path)).json()["payload"] == "full"
    assert len((await client.get("/v1/endpoints")).json()["items"]) == 1


async def test_wishes_are_shown_changed_and_taken_away(door):
    """What is left out stays; null takes a filter or a limit away."""
    wishes = {
        "divisions": ["990101"],
        "categories": ["environment"],
        "filter": "data.role == 'lead'",
        "payload": "thin",
        "is_ordered": False,
        "rate_per_s": 2.5,
        "concurrency": 4,
    }
    made = await door.add_endpoint("https://a.example/in", **wishes)
    assert {name: made[name] for name in wishes} == wishes
    client, path = await door.client(), f"/v1/endpoints/{made['endpoint_id']}"
    kept = (await client.patch(path, json={"description": "x"})).json()
    assert {name: kept[name] for name in wishes} == wishes
    gone = {"filter": None, "rate_per_s": None, "concurrency": None}
    bare = {"divisions": [], "categories": [], "payload": None, "is_ordered": None}
    changed = (await client.patch(path, json=gone | bare)).json()
    assert {name: changed[name] for name in wishes} == wishes | gone | {
        "divisions": [],
        "categories": [],
    }
    found = door.parts.book.directory.get(UUID(made["endpoint_id"]))
    assert (found.filter, found.payload, found.is_ordered) == (None, "thin", False)


async def test_open311_gets_the_usual_types_that_it_can_tell(door):
    """An endpoint can't be changed to a form in which its types aren't told."""
    made = await door.add_endpoint("https://a.example/in", payload="open311")
    assert "OrderDispatched" in made["event_types"]
    assert "WhistleBlown" not in made["event_types"]
    other = await door.add_endpoint("https://a.example/in")
    path = f"/v1/endpoints/{other['endpoint_id']}"
    response = await (await door.client()).patch(path, json={"payload": "open311"})
    assert [error["field"] for error in response.json()["errors"]] == ["event_types"]


async def test_v1a_shows_its_public_key_and_never_a_secret(door):
    """Whoever verifies can't sign; after a rotation there is another key."""
    async with a_receiver() as receiver:
        made = await door.add_endpoint(receiver.url, signature="v1a")
        client, path = await door.client(), f"/v1/endpoints/{made['endpoint_id']}"
        assert "secret" not in made
        assert made["public_key"].startswith("whpk_")
        await client.post(f"{path}/test")
        rotated = (await client.post(f"{path}/rotate")).json()
        await door.track(a_dispatch())
        assert (await client.patch(path, json={"signature": "v1"})).status_code == 422
    assert "secret" not in rotated
    assert (await client.get(path)).json()["public_key"] == rotated["public_key"]
    keys = [made["public_key"], rotated["public_key"]]
    assert keys[0] != keys[1]
    tested, sent = receiver.requests
    assert signers(keys, tested.headers, tested.body) == (keys[0],)
    assert signers(keys, sent.headers, sent.body) == tuple(keys)


async def test_deliveries_are_found_by_type_time_and_status(door):
    """Whoever looks for a fault knows roughly when, and what was answered."""
    async with a_receiver() as receiver:
        receiver.scripts = [answer(500), answer(200), answer(404)]
        await door.add_endpoint(receiver.url, is_ordered=False)
        await door.track(a_dispatch())
        await door.track(CaseClosed(reason="confirmed"), complaint_id=new_id())
        await door.track(a_dispatch(), complaint_id=new_id())
    client = await door.client()
    at = (await door.publish(a_dispatch()))[0].time

    async def found(**params):
        page = await client.get("/v1/deliveries", params=params)
        return [one["history"][-1]["status"] for one in page.json()["items"]]

    assert await found(status=500) == [500]
    assert await found(status=404, state="pending") == [404]
    assert await found(status=404, state="failed") == []
    assert len(await found(event_type=["OrderDispatched"])) == 2
    assert len(await found(event_type=["OrderDispatched", "CaseClosed"], limit=2)) == 2
    assert len(await found(since=at.isoformat())) == 3
    assert await found(until=at.isoformat()) == []
    assert await found(since=(at + timedelta(milliseconds=1)).isoformat()) == []
    assert (await client.get("/v1/deliveries?since=2026-11-24T12:00:00")).status_code == 422


async def test_bulk_replay_counts_first_and_takes_what_was_asked_for_only(dsn, tmp_path):
    """Of an outage just what fell into it."""
    async with open_door(dsn, tmp_path, hook_schedule="0s") as door, a_receiver() as receiver:
        receiver.scripts = [answer(500)] * 4
        endpoint = await door.add_endpoint(receiver.url)
        for _ in range(3):
            (event,) = await door.publish(a_dispatch(), complaint_id=new_id())
        await door.publish(CaseClosed(reason="confirmed"), complaint_id=new_id())
        await door.settle()
        client, past = await door.client(), event.time - timedelta(hours=1)
        body = {
            "endpoint": endpoint["endpoint_id"],
            "event_types": ["OrderDispatched"],
            "since": past.isoformat(),
            "until": event.time.isoformat(),
        }
        path = "/v1/deliveries/replay"
        assert (await client.post(path, json=body)).json() == {"replayed": 0, "next": None}
        body["until"] = (event.time + timedelta(seconds=1)).isoformat()
        dry = await client.post(path, json=body | {"is_dry_run": True})
        assert dry.json() == {"matching": 3}
        await door.settle()
        assert len(receiver.requests) == 4
        assert (await client.post(path, json=body)).json() == {"replayed": 3, "next": None}
        await door.settle()
        states = [row["state"] for row in await door.rows()]
    assert sorted(states) == ["delivered", "delivered", "delivered", "failed"]


async def test_bulk_replay_goes_on_where_it_stopped(dsn, tmp_path):
    """What has failed again meanwhile isn't taken twice."""
    async with open_door(dsn, tmp_path, hook_schedule="0s") as door:
        async with a_receiver(answer(500)) as receiver:
            endpoint = await door.add_endpoint(receiver.url)
            for _ in range(5):
                await door.publish(a_dispatch(), complaint_id=new_id())
            await door.settle()
            db = door.path.running["notifier"].db
            wanted = Wanted(endpoint_id=UUID(endpoint["endpoint_id"]), state="failed")
            seen: list[UUID] = []
            while page := await _replayed(db, wanted, seen):
                seen += page
                await door.settle()
        assert [row["replays"] for row in await door.rows()] == [1] * 5
    assert len(seen) == 5
    assert seen == sorted(set(seen))


async def _replayed(db, wanted, seen):
    async with db.transaction() as tx:
        return await replay_all(tx, wanted, seen[-1] if seen else None, 2)


async def test_what_went_to_a_removed_endpoint_is_not_replayed(door):
    """It would be pending for ever: nobody would get it."""
    async with a_receiver(answer(500)) as receiver:
        endpoint = await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        client = await door.client()
        await client.delete(f"/v1/endpoints/{endpoint['endpoint_id']}")
    (row,) = await door.rows()
    response = await client.post(f"/v1/deliveries/{row['delivery_id']}/replay")
    assert (response.status_code, response.json()["code"]) == (409, "endpoint-removed")
    assert [row["state"] for row in await door.rows()] == ["cancelled"]
