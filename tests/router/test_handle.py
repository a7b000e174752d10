"""The router on a real PostgreSQL and the bus in memory: events in, durable decisions out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from services.events import (
    ComplaintHeld,
    ComplaintReceived,
    ComplaintRouted,
    ComplaintSupplemented,
    Event,
    OrderReturned,
    OrderSigned,
    Place,
)
from services.router.__main__ import RouterSettings, build
from services.router.adapters import RouteReader, RouteTables
from services.runtime.clock import ManualClock
from services.runtime.ids import child_id, new_id
from tests.builders import NOON, a_matter, a_received_event, an_event, as_outgoing
from tests.harness import Path, running
from tests.policies import a_policy

pytestmark = pytest.mark.postgres

EAST = Place(district="990101")
ORDER = UUID(int=9)


@pytest.fixture
async def path(dsn: str) -> AsyncIterator[Path]:
    """The router alone, settled."""
    clock = ManualClock(NOON)
    settings = {"router": RouterSettings()}
    async with running(dsn, clock, a_policy(), {"router": build}, settings) as path:
        yield path


async def publish(path: Path, topic: str, *events: Event) -> None:
    await path.bus.publisher().publish([as_outgoing(event, topic) for event in events])
    await path.settle()


def a_return(complaint_id: UUID, agency: str, attempt: int, sequence: int) -> Event:
    fact = OrderReturned(order_id=ORDER, agency=agency, attempt=attempt, reason="不归我们管")
    return an_event(fact, complaint_id, source="tracker", sequence=sequence)


async def test_what_is_received_is_routed_once(path: Path) -> None:
    """Redelivered or not: one outcome, with an id that follows from its cause."""
    event = a_received_event(text="家里停水了", place=EAST)
    await publish(path, "complaints.received", event, event)
    (told,) = path.events("complaints.routed")
    assert isinstance(told.data, ComplaintRouted)
    assert told.data.lead == "water-company"
    assert told.id == child_id(event.id, "ComplaintRouted")
    assert (told.source, told.sequence, told.policy) == ("router", 1, a_policy().hash)


async def test_a_return_is_routed_anew_and_the_history_keeps_both(path: Path) -> None:
    """The audit asks who had it, when, by which rule and under which policy."""
    event = a_received_event(text="家里停水了", place=EAST)
    await publish(path, "complaints.received", event)
    key = event.complaintid
    signed = an_event(
        OrderSigned(order_id=ORDER, agency="water-company"), key, source="tracker", sequence=1
    )
    path.clock.advance(timedelta(hours=1))
    await publish(path, "complaints.tracked", signed, a_return(key, "water-company", 1, 2))
    facts = [told.data for told in path.events("complaints.routed")]
    assert [fact.lead for fact in facts if isinstance(fact, ComplaintRouted)] == [
        "water-company",
        "government-990101",
    ]
    found = await RouteReader(path.running["router"].db).find(key)
    assert found is not None
    route, history = found
    assert (route.attempt, route.excluded) == (2, ("water-company",))
    assert [(row["number"], row["decision"]["lead"]) for row in history] == [
        (1, "water-company"),
        (2, "government-990101"),
    ]
    assert history[1]["decided_at"] - history[0]["decided_at"] == timedelta(hours=1)


async def test_a_return_that_overtakes_its_complaint_waits_for_it(path: Path) -> None:
    """Nothing orders two topics."""
    event = a_received_event(text="家里停水了", place=EAST)
    early = a_return(event.complaintid, "water-company", 1, 1)
    await publish(path, "complaints.tracked", early)
    assert path.events("complaints.routed") == []
    await publish(path, "complaints.received", event)
    last = path.events("complaints.routed")[-1].data
    assert isinstance(last, ComplaintRouted)
    assert last.excluded == ("water-company",)


async def test_received_and_returned_in_one_batch_leave_the_whole_history(path: Path) -> None:
    """A replay after an outage brings both at once; the state is stored once, both decisions."""
    event = a_received_event(text="家里停水了", place=EAST)
    bus = path.bus.publisher()
    returned = a_return(event.complaintid, "water-company", 1, 1)
    await bus.publish([as_outgoing(event, "complaints.received")])
    await bus.publish([as_outgoing(returned, "complaints.tracked")])
    await path.settle()
    found = await RouteReader(path.running["router"].db).find(event.complaintid)
    assert found is not None
    assert [row["number"] for row in found[1]] == [1, 2]


async def test_other_facts_change_nothing(path: Path) -> None:
    """Follow-ups are the tracker's; the router only takes note of their numbers."""
    event = a_received_event(text="家里停水了", place=EAST)
    urge = an_event(ComplaintSupplemented(kind="urge", text="快点"), event.complaintid, sequence=2)
    await publish(path, "complaints.received", event, urge)
    assert path.facts("complaints.routed") == ["ComplaintRouted"]


async def test_a_batch_of_many_complaints_is_stored_whole(path: Path) -> None:
    """Each with its own outcome, in one transaction."""
    texts = ["家里停水了", "邻居吵架", "楼道着火了", "公交车到站不停"]
    events = [a_received_event(text=texts[n % 4], place=Place()) for n in range(40)]
    await publish(path, "complaints.received", *events)
    facts = path.facts("complaints.routed")
    assert sorted(facts) == (
        ["ComplaintDiverted"] * 10 + ["ComplaintHeld"] * 10 + ["ComplaintRouted"] * 20
    )
    db = path.running["router"].db
    assert await db.fetchval("SELECT count(*) FROM route") == 40
    assert await db.fetchval("SELECT count(*) FROM route_attempt") == 40


async def test_a_stored_route_reads_back_as_it_was(path: Path) -> None:
    """What a re-route starts from must be what the first decision knew."""
    fact = ComplaintReceived(
        matter=a_matter(text="邻居吵架", title="噪声", place=Place(), is_secret=True),
        origin="import:letters",
    )
    event = an_event(fact)
    await publish(path, "complaints.received", event)
    async with path.running["router"].db.transaction() as tx:
        route = (await RouteTables().load(tx, [event.complaintid, new_id()]))[event.complaintid]
    assert route.matter == fact.matter
    assert (route.source, route.outcome, route.held_reason) == (
        "import:letters",
        "held",
        "no-place",
    )
    told = path.events("complaints.routed")[0].data
    assert isinstance(told, ComplaintHeld)
    assert (route.candidates, route.explanation) == (told.candidates, told.explanation)
