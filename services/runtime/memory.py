"""The bus in memory, with Kafka's promises: partitions, groups, positions, rebalances.

Shipped, not a mock: it passes the same conformance suite as the real broker. It lives in one
event loop and keeps nothing. Faults are switched on by name (`is_down`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.runtime.bus import Outgoing, Partition, Record
from services.runtime.errors import TransientError
from services.runtime.kafka import partition_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence


class MemoryBus:
    """Topics that live as long as this object."""

    def __init__(self, partitions: int = 4) -> None:
        """Give every topic the same number of partitions."""
        self.partitions = partitions
        self.is_down = False  #: While True nobody can read or write.
        self.committed: dict[tuple[str, Partition], int] = {}
        self._logs: dict[Partition, list[Record]] = {}
        self._groups: dict[str, list[MemoryMember]] = {}
        self._arrived = asyncio.Event()

    def publisher(self) -> MemoryPublisher:
        """Make a publisher."""
        return MemoryPublisher(self)

    def member(self, group: str, topics: Sequence[str]) -> MemoryMember:
        """Make a group member; start it before use."""
        return MemoryMember(self, group, topics)

    def records(self, topic: str) -> list[Record]:
        """Everything on a topic, partition by partition."""
        return [
            record
            for number in range(self.partitions)
            for record in self.log(Partition(topic, number))
        ]

    def log(self, partition: Partition) -> list[Record]:
        """The records of one partition."""
        return self._logs.setdefault(partition, [])

    def append(self, outgoing: Outgoing) -> None:
        """Write one record at the end of its key's partition."""
        partition = Partition(outgoing.topic, partition_of(outgoing.key, self.partitions))
        log = self.log(partition)
        log.append(Record(partition, len(log), outgoing.key, outgoing.body, outgoing.headers))
        self._arrived.set()

    async def wait_for_arrival(self, wait_s: float) -> None:
        """Wait until something is written, `wait_s` seconds at the most."""
        self._arrived.clear()
        try:
            await asyncio.wait_for(self._arrived.wait(), wait_s)
        except TimeoutError:
            return

    def check_up(self) -> None:
        """Raise as a client does that can't reach its broker."""
        if self.is_down:
            raise TransientError("the bus is down")

    async def join(self, member: MemoryMember) -> None:
        """Add a member and share the partitions out anew."""
        self._groups.setdefault(member.group, []).append(member)
        await self._rebalance(member.group)

    async def leave(self, member: MemoryMember) -> None:
        """Take a member out and share its partitions out."""
        members = self._groups.get(member.group, [])
        if member in members:
            members.remove(member)
            await self._rebalance(member.group)

    async def _rebalance(self, group: str) -> None:
        """Range assignment: the same numbers of every topic to the same member."""
        members = self._groups[group]
        for index, member in enumerate(members):
            mine = [
                n for n in range(self.partitions) if n * len(members) // self.partitions == index
            ]
            await member.assign([Partition(topic, n) for topic in member.topics for n in mine])


class MemoryPublisher:
    """Writes to a `MemoryBus`."""

    def __init__(self, bus: MemoryBus) -> None:
        """Use `MemoryBus.publisher`."""
        self._bus = bus

    async def start(self) -> None:
        """Need nothing."""

    async def stop(self) -> None:
        """Leave nothing open."""

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Write all records, or none while the bus is down."""
        self._bus.check_up()
        for record in records:
            self._bus.append(record)
        await asyncio.sleep(0)


class MemoryMember:
    """Reads from a `MemoryBus`."""

    def __init__(self, bus: MemoryBus, group: str, topics: Sequence[str]) -> None:
        """Use `MemoryBus.member`."""
        self.group = group
        self.topics = tuple(topics)
        self._bus = bus
        self._positions: dict[Partition, int] = {}
        self._starts: Callable[[Sequence[Partition]], Awaitable[Mapping[Partition, int]]]

    @property
    def assigned(self) -> frozenset[Partition]:
        """The partitions that are this member's at the moment."""
        return frozenset(self._positions)

    async def start(
        self, starts: Callable[[Sequence[Partition]], Awaitable[Mapping[Partition, int]]]
    ) -> None:
        """Join the group."""
        self._starts = starts
        await self._bus.join(self)

    async def stop(self) -> None:
        """Leave the group."""
        self._positions = {}
        await self._bus.leave(self)

    async def assign(self, partitions: Sequence[Partition]) -> None:
        """Take over partitions, each from where the caller says."""
        starts = await self._starts(partitions)
        self._positions = {partition: starts.get(partition, 0) for partition in partitions}

    async def poll(self, limit: int, wait_s: float) -> list[Record]:
        """Take what is there."""
        self._bus.check_up()
        found = self._take(limit)
        if not found and wait_s > 0:
            await self._bus.wait_for_arrival(wait_s)
            self._bus.check_up()
            found = self._take(limit)
        return found

    def _take(self, limit: int) -> list[Record]:
        found: list[Record] = []
        for partition, position in self._positions.items():
            part = self._bus.log(partition)[position : position + limit - len(found)]
            found.extend(part)
            self._positions[partition] = position + len(part)
        return found

    async def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Read on from these offsets."""
        self._positions |= {p: o for p, o in offsets.items() if p in self._positions}

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Remember, for tests that look at lag."""
        for partition, offset in offsets.items():
            if partition in self._positions:
                self._bus.committed[self.group, partition] = offset
