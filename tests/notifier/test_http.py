"""Endpoints and deliveries over HTTP: who may do what, and what is never shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notifier.adapters.deliveries import forget_before
from services.notifier.decide.signing import secret_key, signature
from services.runtime.ids import new_id
from services.runtime.keys import Role
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


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "ftp://a.example"}, "url"),
        ({"url": "https://a.example", "event_types": ["OrderLost"]}, "event_types"),
        ({"url": "https://a.example", "event_types": ["ComplaintReceived"]}, "event_types"),
        ({"url": "https://a.example", "event_types": []}, "event_types"),
        ({"url": "https://a.example", "events": []}, "events"),
        ({"url": "https://a.example", "agency": "street-of-nowhere"}, "agency"),
        ({}, "url"),
    ],
)
async def test_a_wrong_endpoint_is_refused_by_field(door, body, field):
    """Said now, to the person who typed it."""
    response = await (await door.client()).post("/v1/endpoints", json=body)
    assert response.status_code == 422
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
        assert response.json() == {"replayed": 3}
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
