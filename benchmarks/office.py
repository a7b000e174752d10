"""A tracker in this process, on a real database and the bus in memory, led through stories.

Whoever speaks to the tracker (router, agencies, citizens) is spoken for here. Only the tracker's
own work is timed: reading a batch, deciding, PostgreSQL's commit, publishing, firing clocks.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psutil

from services.events import (
    AgencyAction,
    CallbackAnswered,
    CallbackDue,
    Channel,
    ComplaintReceived,
    ComplaintRouted,
    Event,
    Fact,
    Matter,
    Nature,
    OrderActionReported,
    OrderDispatched,
    Place,
    Satisfaction,
    decode,
    encode,
    topic_of,
)
from services.runtime.bus import Outgoing, Partition
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.memory import MemoryBus
from services.runtime.migrate import migrate
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.service import Context, assemble
from services.runtime.transaction import event_headers
from services.tracker.__main__ import TrackerSettings, build
from services.tracker.adapters.tallies import Tallies

if TYPE_CHECKING:
    from fastapi import FastAPI

    from services.policy import Policy
    from services.runtime.loop import DeliveryLoop
    from services.runtime.outbox import Outbox
    from services.runtime.timers import Timers
    from services.tracker.decide.case import Case

TEXT = "单元门口堆了三天的建筑垃圾没有人清运，老人进出要绕行，请尽快安排。"
#: As the service does it: once a second.
FOLD_EVERY_S = 1.0
_BACKENDS = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'whistle-tracker'
"""


@dataclass
class Office:
    """The tracker and everyone who speaks to it."""

    policy: Policy
    clock: ManualClock
    db: Database
    bus: MemoryBus
    loop: DeliveryLoop[Case]
    outbox: Outbox
    timers: Timers[Case]
    tallies: Tallies
    streets: Sequence[str]
    app: FastAPI
    spent: float = 0.0  #: Seconds of the tracker's own work in this block.
    worked: float = 0.0  #: The same since it runs.
    used: float = 0.0  #: Seconds of this process on a processor for it.
    told: dict[UUID, list[Fact]] = field(default_factory=dict)
    _folded_at: float = 0.0
    _read: Counter[int] = field(default_factory=Counter)
    _sequences: Counter[tuple[UUID, str]] = field(default_factory=Counter)

    async def say(self, facts: Sequence[tuple[UUID, Fact]]) -> None:
        """Publish facts and let the tracker do all that follows from them."""
        for key, fact in facts:
            topic = topic_of(type(fact))
            self._sequences[key, topic.source] += 1
            event = Event(
                id=new_id(),
                source=topic.source,
                type=f"whistle.{type(fact).__name__}",
                time=self.clock.now(),
                complaintid=key,
                sequence=self._sequences[key, topic.source],
                data=fact,
            )
            body, headers = encode(event), event_headers(event)
            self.bus.append(Outgoing(topic.name, str(key).encode(), body, headers))
        await self._settle()

    async def wait(self, by: timedelta) -> None:
        """Let time pass, and every clock that comes due fire."""
        self.clock.advance(by)
        await self._settle()

    async def _settle(self) -> None:
        moved = 1
        while moved:
            moved = await self._timed(self.loop.step())
            moved += await self._timed(self.timers.fire())
            moved += await self._timed(self.outbox.tell_waiting())
        await self._timed(self.db.delete_told())
        if self.worked - self._folded_at >= FOLD_EVERY_S:
            self._folded_at = self.worked
            await self._timed(self.tallies.round())
        self._listen()

    async def make_sums(self) -> None:
        """Make the sums of all months; a service has them all the time."""
        while await self.tallies.round():
            pass

    async def _timed(self, work: Awaitable[Any]) -> int:
        began, began_cpu = time.perf_counter(), time.process_time()
        moved = await work
        self.spent += time.perf_counter() - began
        self.worked += time.perf_counter() - began
        self.used += time.process_time() - began_cpu
        return moved or 0

    def _listen(self) -> None:
        """Take note of what the tracker has told."""
        for number in range(self.bus.partitions):
            records = self.bus.log(Partition("complaints.tracked", number))
            for record in records[self._read[number] :]:
                event = decode(record.body)
                self.told.setdefault(event.complaintid, []).append(event.data)
            self._read[number] = len(records)

    async def server_used(self) -> float:
        """Seconds that PostgreSQL's processes for this tracker have been on a processor."""
        used = 0.0
        for row in await self.db.fetch(_BACKENDS):
            times = psutil.Process(row["pid"]).cpu_times()
            used += times.user + times.system
        return used

    def latest(self, key: UUID, kind: type[Fact]) -> Any:  # noqa: ANN401 - of that kind
        """The latest fact of a kind that was told about a complaint."""
        return [fact for fact in self.told[key] if isinstance(fact, kind)][-1]

    # What people say.

    def received(self, n: int) -> ComplaintReceived:
        """A citizen calls."""
        return ComplaintReceived(matter=self._matter(n))

    def routed(self, n: int) -> ComplaintRouted:
        """The router names a street."""
        street = self.streets[n % len(self.streets)]
        return ComplaintRouted(
            matter=self._matter(n),
            attempt=1,
            lead=street,
            scored=street,
            standard="ordinary",
            decided_by="rule",
            rule="waste-to-street",
            explanation="The street answers for waste.",
        )

    def report(self, key: UUID, action: AgencyAction) -> OrderActionReported:
        """The agency of the latest order acts."""
        order: OrderDispatched = self.latest(key, OrderDispatched)
        return OrderActionReported(
            order_id=order.order_id,
            agency=order.agency,
            action=action,
            note="已安排清运，现场已经恢复。",
            reported_at=self.clock.now(),
        )

    def answer(
        self, key: UUID, satisfaction: Satisfaction = Satisfaction.SATISFIED
    ) -> CallbackAnswered:
        """The citizen answers."""
        due: CallbackDue = self.latest(key, CallbackDue)
        return CallbackAnswered(
            callback_id=due.callback_id,
            answered_by="citizen",
            is_contacted=True,
            is_solved=satisfaction is not Satisfaction.DISSATISFIED,
            satisfaction=satisfaction,
        )

    def _matter(self, n: int) -> Matter:
        categories = sorted(self.policy.categories)
        return Matter(
            number=f"LZ-261124-{n:06d}",
            channel=Channel.PHONE,
            received_at=self.clock.now(),
            nature=Nature.HELP,
            category=categories[n % len(categories)],
            title="建筑垃圾未清运",
            text=f"{TEXT}（来电第{n}号）",
            place=Place(district="110105", street="110105001"),
        )


@asynccontextmanager
async def an_office(dsn: str, policy: Policy, at: datetime) -> AsyncIterator[Office]:
    """Run a tracker on a database, which is brought up to date first."""
    await migrate(dsn, "platform")
    await migrate(dsn, "tracker")
    clock, bus = ManualClock(at), MemoryBus()
    db = await Database.connect(dsn, "tracker", clock=clock, size=4)
    policies = PolicyStore.fixed(policy)
    context = Context(TrackerSettings(), db, policies, clock)
    tracker = assemble("tracker", context, build, bus)
    loop, timers, app = tracker.loop, tracker.timers, tracker.service.app
    assert loop is not None and timers is not None  # noqa: S101, PT018
    await loop.start()
    streets = sorted(code for code in policy.agencies if code.startswith("street-"))
    try:
        tallies = Tallies(db, policies, clock)
        yield Office(policy, clock, db, bus, loop, tracker.outbox, timers, tallies, streets, app)
    finally:
        await loop.stop()
        await db.close()
