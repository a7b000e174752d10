"""A town for a Hypothesis machine: one tracker, what is said to it, and what must always hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from services.events import Event, Fact, decode, topic_of
from services.policy import Policy
from services.runtime.bus import Outgoing
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.memory import MemoryBus
from services.tracker.__main__ import TrackerSettings, build
from tests.builders import NOON, an_event, as_outgoing
from tests.harness import Path, running
from tests.policies import CAUSES, SLA, WHISTLES, a_policy
from tests.tracker.machine_checks import broken

T = TypeVar("T")

HOURS = st.sampled_from([1, 2, 5, 23, 24, 72, 24 * 8, 24 * 40])
#: So long what was said lay somewhere before the tracker read it.
LAGS = st.sampled_from([timedelta(0), timedelta(0), timedelta(hours=3), timedelta(hours=30)])

_RULES = """
[relief.extension]
at_most = "5d"
times_max = 2
source = "test"

[relief.pauses.unreachable]
name = "联系不上诉求人"
granted_by = "policy"
at_most = "3d"
times_max = 1
source = "test"

[relief.pauses.inspection]
name = "等待检测结果"
at_most = "30d"
times_max = 2
source = "test"

[relief.deferral]
at_most = "365d"
source = "test"

[[scoring.exclusions]]
key = "unlawful"
name = "诉求不合法"
source = "test"
"""
_CONTACT = 'contact_within = "24h"\nhandle_within = "7d"'


@cache
def machine_policy() -> Policy:
    """The tiny policy with limits; every duration is in hours or natural days."""
    return a_policy(
        sla=SLA.replace('handle_within = "7d"', _CONTACT) + _RULES,
        whistles='judge_within = "10d"\n' + WHISTLES.replace('"3wd"', '"3d"'),
        causes=CAUSES,
    )


def steps(examples: int, each: int) -> settings:
    """How many stories, and how long each is."""
    return settings(
        max_examples=examples,
        stateful_step_count=each,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


class Place:
    """What outlives a story: the bus, the clock, the tables, and the tracker until it dies."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.bus, self.clock = MemoryBus(), ManualClock(NOON)
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.path: Path | None = None

    def open(self) -> None:
        """A tracker comes up on what an earlier one left."""
        if self.path is None:
            self.runner.run(self._open())

    async def _open(self) -> None:
        builds, options = {"tracker": build}, {"tracker": TrackerSettings()}
        policy = machine_policy()
        opened = running(self.dsn, self.clock, policy, builds, options, bus=self.bus)
        self.path = await self.stack.enter_async_context(opened)

    def die(self) -> None:
        """It stops; what it knows is in its tables."""
        self.path = None
        self.runner.run(self.stack.aclose())

    def settle(self) -> None:
        """Let everything happen that can; a tracker that fails is no use to later stories."""
        assert self.path is not None
        try:
            self.runner.run(self.path.settle())
        except BaseException:
            self.die()
            raise


@contextmanager
def a_place(dsn: str) -> Iterator[Place]:
    """One for a test; time goes on from story to story."""
    place = Place(dsn)
    with place.runner:
        try:
            yield place
        finally:
            place.die()


class Town(RuleBasedStateMachine):
    """One tracker on one database, and what is said to it in one story."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place, self.bus, self.clock = place, place.bus, place.clock
        self.log: list[Outgoing] = []
        self.sequences: dict[tuple[UUID, str], int] = {}
        self.heard: dict[bytes, Event] = {}

    @initialize()
    def start(self) -> None:
        """The tracker is there."""
        self.place.open()

    def _fetch(self, ask: Callable[[asyncpg.Pool], Coroutine[Any, Any, T]]) -> T:
        assert self.place.path is not None
        return self.place.runner.run(ask(self.place.path.pool))

    # What is said, and what is told.

    def _event(self, key: UUID, fact: Fact) -> Event:
        source = topic_of(type(fact)).source
        number = self.sequences[key, source] = self.sequences.get((key, source), 0) + 1
        return an_event(fact, key, source=source, sequence=number)

    def _publish(self, *events: Event) -> None:
        for event in events:
            self.log.append(as_outgoing(event, topic_of(type(event.data)).name))
            self.bus.append(self.log[-1])
        self.place.settle()

    def _say_of(self, key: UUID, fact: Fact) -> Event:
        event = self._event(key, fact)
        self._publish(event)
        return event

    def _events(self, key: UUID) -> list[Event]:
        """All that the tracker told of a key, in its order; nothing is decoded twice."""
        found, wanted = [], str(key).encode()
        for record in self.bus.records("complaints.tracked"):
            if record.key == wanted:
                if record.body not in self.heard:
                    self.heard[record.body] = decode(record.body)
                found.append(self.heard[record.body])
        return found

    def _told_of(self, key: UUID, kind: type[Fact]) -> list[Any]:
        return [event.data for event in self._events(key) if isinstance(event.data, kind)]

    def _ago(self, lag: timedelta, since: datetime) -> datetime:
        return max(since, self.clock.now() - lag)

    # What goes wrong on the way.

    @precondition(lambda self: self.log != [])
    @rule(data=st.data())
    def something_comes_again(self, data: st.DataObject) -> None:
        """Publishers repeat themselves."""
        self.bus.append(data.draw(st.sampled_from(self.log)))
        self.place.settle()

    @rule()
    def the_tracker_dies(self) -> None:
        """And another one goes on where it stopped."""
        self.place.die()
        self.place.open()

    # What must be true after every step.

    def keys(self) -> list[UUID]:
        """Whatever this story is about."""
        raise NotImplementedError

    @invariant()
    def holds_together(self) -> None:
        """No clock is an orphan, no state waits for nobody, no history or timeline has a gap."""
        if self.place.path is not None:
            assert self._fetch(lambda pool: broken(pool, self.keys())) == []

    @invariant()
    def tells_without_gaps(self) -> None:
        """The facts of a key are numbered one by one."""
        for key in self.keys():
            numbers = [event.sequence for event in self._events(key)]
            assert numbers == list(range(1, len(numbers) + 1))


def new_keys(number: int) -> list[UUID]:
    """Ids of so many complaints."""
    return [new_id() for _ in range(number)]
