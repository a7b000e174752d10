"""The tracker running alone: intake, router and notifier are spoken for by the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.events import (
    AgencyAction,
    CallbackAnswered,
    CallbackDue,
    Event,
    Fact,
    OrderActionReported,
    OrderDispatched,
    Satisfaction,
    decode,
    topic_of,
)
from services.policy import Policy
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.keys import Role
from services.tracker.__main__ import TrackerSettings, build
from tests.builders import NOON, an_event, as_outgoing
from tests.harness import Path, running
from tests.tracker.stories import STREET, routed, the_policy


class World:
    """The tracker, and everyone who speaks to it, each numbering their own facts."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        self.path = path
        self.clock = clock
        self.sequences: dict[tuple[UUID, str], int] = {}

    async def say(self, complaint_id: UUID, *facts: Fact) -> list[Event]:
        """Publish facts and let everything happen."""
        events = []
        for fact in facts:
            topic = topic_of(type(fact))
            place = (complaint_id, topic.source)
            self.sequences[place] = self.sequences.get(place, 0) + 1
            event = an_event(
                fact, complaint_id, source=topic.source, sequence=self.sequences[place]
            )
            self.path.bus.append(as_outgoing(event, topic.name))
            events.append(event)
        await self.path.settle()
        return events

    async def wait(self, by: timedelta) -> None:
        """Let time pass, in one go, as after an outage."""
        self.clock.advance(by)
        await self.path.settle()

    def said(self, complaint_id: UUID) -> list[str]:
        """What the tracker has told about a complaint."""
        return [type(event.data).__name__ for event in self.events(complaint_id)]

    def events(self, complaint_id: UUID) -> list[Event]:
        """The same as events."""
        key = str(complaint_id).encode()
        records = self.path.bus.records("complaints.tracked")
        return [decode(record.body) for record in records if record.key == key]

    def order(self, complaint_id: UUID) -> OrderDispatched:
        """The latest order."""
        told = [event.data for event in self.events(complaint_id)]
        return [fact for fact in told if isinstance(fact, OrderDispatched)][-1]

    def report(self, complaint_id: UUID, action: AgencyAction) -> OrderActionReported:
        """The agency of the latest order reports."""
        order = self.order(complaint_id)
        return OrderActionReported(
            order_id=order.order_id,
            agency=order.agency,
            action=action,
            note="已处理",
            reported_at=self.clock.now(),
        )

    def answer(self, complaint_id: UUID, **changes: Any) -> CallbackAnswered:
        """The citizen answers the latest call-back; pleased unless changed."""
        told = [event.data for event in self.events(complaint_id)]
        fields: dict[str, Any] = {
            "callback_id": [f for f in told if isinstance(f, CallbackDue)][-1].callback_id,
            "answered_by": "citizen",
            "is_contacted": True,
            "is_solved": True,
            "satisfaction": Satisfaction.SATISFIED,
        }
        return CallbackAnswered(**(fields | changes))


@asynccontextmanager
async def a_world(
    dsn: str, policy: Policy | None = None, others: tuple[Policy, ...] = ()
) -> AsyncIterator[World]:
    """Run a tracker on a fresh database, at noon."""
    clock = ManualClock(NOON)
    builds, settings = {"tracker": build}, {"tracker": TrackerSettings()}
    chosen = policy or the_policy()
    async with running(dsn, clock, chosen, builds, settings, others=others) as path:
        yield World(path, clock)


async def get(
    world: World,
    path: str,
    role: Role | None = Role.OPERATOR,
    key_of: str | None = None,
    **params: Any,
) -> tuple[int, Any]:
    """Ask the tracker; returns status and JSON."""
    async with await world.path.client("tracker", role, key_of) as client:
        answer = await client.get(path, params=params)
    return answer.status_code, answer.json()


async def dispatch(world: World, lead: str = STREET, **changes: Any) -> UUID:
    """A new complaint is routed; the changes are the router's words."""
    key = new_id()
    await world.say(key, routed(lead=lead, **changes))
    return key


async def resolve(world: World, key: UUID) -> None:
    """The agency of its latest order says it is done."""
    await world.say(key, world.report(key, AgencyAction.RESOLVE))
