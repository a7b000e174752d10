"""Whistles on a real PostgreSQL and the bus in memory: judged once, on record, shown to few."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.events import (
    ComplaintSupplemented,
    Event,
    Place,
    Whistle,
    WhistleRaised,
    WhistleRefused,
    WhistleRouted,
)
from services.router.__main__ import RouterSettings, build
from services.runtime.clock import ManualClock
from services.runtime.ids import child_id
from services.runtime.keys import Role
from services.tracker import __main__ as tracker
from tests.builders import NOON, a_received_event, an_event, as_outgoing
from tests.harness import Path, running
from tests.policies import a_policy
from tests.router.blown import ENFORCEMENT, GOVERNMENT, STALLS, STREET, a_whistle

pytestmark = pytest.mark.postgres

BUILDS = {"router": build, "tracker": tracker.build}
SPAN = {"from": "2026-11-24", "to": "2026-11-25"}


@pytest.fixture
async def path(dsn: str) -> AsyncIterator[Path]:
    """The router, and the tracker that must let whistles pass."""
    settings: dict[str, Any] = {"router": RouterSettings(), "tracker": tracker.TrackerSettings()}
    async with running(dsn, ManualClock(NOON), a_policy(), BUILDS, settings) as path:
        yield path


async def publish(path: Path, *events: Event) -> None:
    """Let intake say something."""
    said = [as_outgoing(event, "complaints.received") for event in events]
    await path.bus.publisher().publish(said)
    await path.settle()


def a_raised_event(whistle: Whistle, sequence: int = 1) -> Event:
    """A whistle under the key that design.md gives it."""
    key = whistle.complaints[0] if whistle.complaints else whistle.whistle_id
    return an_event(WhistleRaised(whistle=whistle), key, sequence=sequence)


async def blow(path: Path, **changes: Any) -> Whistle:
    """Raise a whistle that is linked to no complaint."""
    whistle = a_whistle(**changes)
    await publish(path, a_raised_event(whistle))
    return whistle


async def troubles(path: Path) -> int:
    """Dead letters and parked events of all services."""
    counts = [
        await one.db.fetchval(
            "SELECT (SELECT count(*) FROM dead_letter) + (SELECT count(*) FROM parked)"
        )
        for one in path.running.values()
    ]
    return sum(counts)


async def test_a_whistle_without_a_complaint_is_judged_once_under_its_own_key(path: Path) -> None:
    """Redelivered or not: one outcome, with an id that follows from its cause."""
    event = a_raised_event(a_whistle())
    await publish(path, event, event)
    (told,) = path.events("complaints.routed")
    assert isinstance(told.data, WhistleRouted)
    assert told.id == child_id(event.id, "WhistleRouted")
    assert told.complaintid == told.data.whistle.whistle_id == event.complaintid
    assert (told.causeid, told.sequence, told.policy) == (event.id, 1, a_policy().hash)
    assert await troubles(path) == 0


async def test_a_linked_whistle_leaves_the_complaints_route_and_case_alone(path: Path) -> None:
    """It takes its turn in the complaint's history; whatever comes after it is not held up."""
    received = a_received_event(text="门口垃圾没人清", place=Place(street="990101001"))
    key = received.complaintid
    raised = a_raised_event(a_whistle(complaints=(key,)), sequence=2)
    urge = an_event(ComplaintSupplemented(kind="urge", text="快点"), key, sequence=3)
    await publish(path, received, raised, urge)
    assert path.facts("complaints.routed") == ["ComplaintRouted", "WhistleRouted"]
    assert [event.sequence for event in path.events("complaints.routed")] == [1, 2]
    router, case = path.running["router"].db, path.running["tracker"].db
    assert await router.fetchval("SELECT decisions FROM route WHERE complaint_id = $1", key) == 1
    told = ["CaseOpened", "OrderDispatched", "WhistleBlown"]
    assert path.facts("complaints.tracked") == told
    seen = await case.fetchval(
        "SELECT last_sequence FROM consumed_sequence WHERE key = $1 AND source = 'intake'", key
    )
    assert seen == 3
    assert await troubles(path) == 0


async def test_whistles_of_one_batch_are_all_on_record(path: Path) -> None:
    """Two about one complaint in the same transaction, and others beside them."""
    received = a_received_event(text="门口垃圾没人清", place=Place(street="990101001"))
    linked = [a_whistle(complaints=(received.complaintid,)) for _ in range(2)]
    events = [a_raised_event(one, sequence=n) for n, one in enumerate(linked, start=2)]
    alone = [a_raised_event(a_whistle(coordination=())) for _ in range(10)]
    await publish(path, received, *events, *alone)
    facts = path.facts("complaints.routed")
    assert (facts.count("WhistleRouted"), facts.count("WhistleRefused")) == (2, 10)
    db = path.running["router"].db
    assert await db.fetchval("SELECT count(*) FROM whistle") == 12
    assert await db.fetchval("SELECT sum(whistles) FROM whistle_tally") == 12


async def test_the_raiser_reads_why_it_was_refused_and_whom_to_give_it(path: Path) -> None:
    """The door answered 202; the reason stands here, in both languages."""
    whistle = await blow(path, text=STALLS, wanted=(), wanted_functions=())
    street = await path.client("router", Role.AGENCY, STREET)
    answer = await street.get(f"/v1/whistles/{whistle.whistle_id}")
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["status"], shown["reason"]) == ("refused", "one-department")
    assert shown["transfer_to"] == {"code": ENFORCEMENT, "name": "东区城管局"}
    assert shown["words"]["en"] == "Transfer it to 东区城管局."
    assert (shown["targets"], shown["standard"]) == ([], None)
    assert shown["whistle"]["text"] == STALLS
    (told,) = path.events("complaints.routed")
    assert isinstance(told.data, WhistleRefused)


async def test_only_those_who_have_a_part_in_a_whistle_see_it(path: Path) -> None:
    """Its words are about people and places; a neighbour learns not even that it exists."""
    whistle = await blow(path)
    address = f"/v1/whistles/{whistle.whistle_id}"
    for agency in (STREET, ENFORCEMENT, "water-company", GOVERNMENT):
        client = await path.client("router", Role.AGENCY, agency)
        assert (await client.get(address)).status_code == 200
        assert len((await client.get("/v1/whistles")).json()["items"]) == 1
    stranger = await path.client("router", Role.AGENCY, "street-990102001")
    unknown = await stranger.get(f"/v1/whistles/{UUID(int=1)}")
    hidden = await stranger.get(address)
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json() == unknown.json()
    assert (await stranger.get("/v1/whistles")).json() == {"items": [], "next": None}
    for query in ({"agency": STREET}, {"agency": STREET} | SPAN):
        listed = "/v1/whistle-counts" if "from" in query else "/v1/whistles"
        assert (await stranger.get(listed, params=query)).status_code == 403
    nobody = await path.client("router", Role.REPORTER)
    assert (await nobody.get(address)).status_code == 403


async def test_a_refused_whistle_is_not_shown_to_those_it_would_have_called(path: Path) -> None:
    """Nobody was called."""
    await blow(path, coordination=())
    target = await path.client("router", Role.AGENCY, ENFORCEMENT)
    assert (await target.get("/v1/whistles")).json()["items"] == []


async def test_pages_begin_with_the_newest_and_leave_nothing_out(path: Path) -> None:
    """A district office scrolls back through weeks."""
    blown = []
    for _ in range(5):
        blown.append(str((await blow(path)).whistle_id))
        path.clock.advance(timedelta(minutes=1))
    for client, query in (
        (await path.client("router", Role.AGENCY, STREET), {}),
        (await path.client("router", Role.OPERATOR), {}),
        (await path.client("router", Role.AUDITOR), {"agency": STREET}),
    ):
        found, after = [], {}
        while True:
            page = (await client.get("/v1/whistles", params={"limit": 2, **query, **after})).json()
            found += [item["whistle_id"] for item in page["items"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert found == blown[::-1]
    bad = await client.get("/v1/whistles", params={"after": "nonsense"})
    assert bad.json()["errors"][0]["field"] == "after"


async def test_counts_show_how_often_a_street_blows_and_what_fails(path: Path) -> None:
    """A rate neither too low nor too high; the basket shows as refusals."""
    await blow(path)
    await blow(path, coordination=())
    path.clock.advance(timedelta(hours=13))  # The next day in the city.
    await blow(path, coordination=())
    supervisor = await path.client("router", Role.SUPERVISOR)
    answer = await supervisor.get("/v1/whistle-counts", params=SPAN)
    assert answer.json() == [
        {
            "agency": {"code": STREET, "name": "河街街道办事处"},
            "kind": "daily",
            "raised": 3,
            "routed": 1,
            "refused": {"coordination": 2},
        }
    ]
    first_day = {"from": "2026-11-24", "to": "2026-11-24"}
    street = await path.client("router", Role.AGENCY, STREET)
    assert (await street.get("/v1/whistle-counts", params=first_day)).json()[0]["raised"] == 2
    backwards = await street.get(
        "/v1/whistle-counts", params={"from": SPAN["to"], "to": "2026-11-24"}
    )
    assert backwards.json()["errors"][0]["field"] == "to"
