"""One suite for both buses: what delivery relies on holds on the real broker and in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.runtime.bus import Bus, Member, Outgoing, Partition, Publisher, Record
from services.runtime.ids import new_id
from services.runtime.kafka import KafkaBus, ensure_topics
from services.runtime.memory import MemoryBus

PARTITIONS = 4


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
async def bus(request: pytest.FixtureRequest) -> Bus:
    """The bus under test."""
    if request.param == "memory":
        return MemoryBus(PARTITIONS)
    broker = request.getfixturevalue("kafka_broker")
    return KafkaBus(broker.bootstrap)


@pytest.fixture
async def topic(bus: Bus, request: pytest.FixtureRequest) -> str:
    """A fresh topic."""
    name = f"t-{new_id()}"
    if isinstance(bus, KafkaBus):
        broker = request.getfixturevalue("kafka_broker")
        await ensure_topics(broker.bootstrap, [name], partitions=PARTITIONS, replication=1)
    return name


@pytest.fixture
async def publisher(bus: Bus):
    """A started publisher."""
    one = bus.publisher()
    await one.start()
    yield one
    await one.stop()


class Reader:
    """A member that collects until it has enough."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.starts: dict[Partition, int] = {}
        self.assignments = 0

    async def begin(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """Answer where to start."""
        self.assignments += 1
        return {p: self.starts.get(p, 0) for p in partitions}

    async def take(self, count: int) -> list[Record]:
        """Read until `count` records are there."""
        found: list[Record] = []
        async with asyncio.timeout(30):
            while len(found) < count:
                found += await self.member.poll(500, 0.2)
        return found


async def reader(bus: Bus, group: str, topic: str) -> Reader:
    """Start a member and wait until it has partitions."""
    one = Reader(bus.member(group, [topic]))
    await one.member.start(one.begin)
    async with asyncio.timeout(30):
        while not one.member.assigned:
            await one.member.poll(1, 0.1)
    return one


def letters(topic: str, key: bytes, text: str) -> list[Outgoing]:
    """One record a letter."""
    return [Outgoing(topic, key, letter.encode(), (("n", letter.encode()),)) for letter in text]


async def test_records_of_one_key_arrive_in_order_with_headers(
    bus: Bus, topic: str, publisher: Publisher
) -> None:
    """Order per complaint is what the whole path rests on."""
    await publisher.publish([*letters(topic, b"k1", "abcdef"), *letters(topic, b"k2", "uvwxyz")])
    one = await reader(bus, "g", topic)
    found = await one.take(12)
    await one.member.stop()
    for key, text in ((b"k1", b"abcdef"), (b"k2", b"uvwxyz")):
        mine = [record for record in found if record.key == key]
        assert b"".join(record.body for record in mine) == text
        assert {record.partition for record in mine} == {mine[0].partition}
        assert mine[0].headers == (("n", text[:1]),)


async def test_reading_starts_at_the_offset_the_caller_gives(
    bus: Bus, topic: str, publisher: Publisher
) -> None:
    """The offsets that count are in PostgreSQL, not in Kafka."""
    await publisher.publish(letters(topic, b"k", "abcdef"))
    first = await reader(bus, "g1", topic)
    records = await first.take(6)
    await first.member.stop()
    second = Reader(bus.member("g2", [topic]))
    second.starts = {records[0].partition: records[0].offset + 4}
    await second.member.start(second.begin)
    found = await second.take(2)
    await second.member.stop()
    assert b"".join(record.body for record in found) == b"ef"


async def test_a_seek_back_reads_the_same_records_again(
    bus: Bus, topic: str, publisher: Publisher
) -> None:
    """A failed batch isn't skipped; without the seek the client would go on behind it."""
    await publisher.publish(letters(topic, b"k", "abc"))
    one = await reader(bus, "g", topic)
    before = await one.take(3)
    assert await one.member.poll(10, 0.1) == []
    await one.member.seek({before[0].partition: before[0].offset + 1})
    again = await one.take(2)
    await one.member.stop()
    assert [record.body for record in again] == [b"b", b"c"]


async def test_a_poll_takes_no_more_than_its_limit(
    bus: Bus, topic: str, publisher: Publisher
) -> None:
    """A batch is one transaction: its size must be bounded."""
    await publisher.publish(letters(topic, b"k", "abcdefgh"))
    one = await reader(bus, "g", topic)
    async with asyncio.timeout(30):
        while not (found := await one.member.poll(3, 0.2)):
            pass
    await one.member.stop()
    assert len(found) <= 3
    assert found[0].body == b"a"


async def test_two_members_share_all_partitions_and_a_leaver_gives_its_up(
    bus: Bus, topic: str, publisher: Publisher
) -> None:
    """Scaling out and a restart both go through here."""
    group = f"g-{new_id()}"
    one = await reader(bus, group, topic)
    assert len(one.member.assigned) == PARTITIONS
    two = Reader(bus.member(group, [topic]))

    async def join() -> None:
        await two.member.start(two.begin)
        while not two.member.assigned:
            await two.member.poll(1, 0.1)

    joining = asyncio.create_task(join())
    async with asyncio.timeout(30):
        while not joining.done() or len(one.member.assigned) != PARTITIONS // 2:
            await one.member.poll(1, 0.1)
    assert one.member.assigned.isdisjoint(two.member.assigned)
    assert len(one.member.assigned | two.member.assigned) == PARTITIONS
    await one.member.stop()
    async with asyncio.timeout(30):
        while len(two.member.assigned) < PARTITIONS:
            await two.member.poll(1, 0.1)
    await two.member.stop()


async def test_committing_a_partition_that_is_not_ours_does_no_harm(
    bus: Bus, topic: str, publisher: Publisher
) -> None:
    """A rebalance may take a partition away between a batch and its commit."""
    await publisher.publish(letters(topic, b"k", "a"))
    one = await reader(bus, "g", topic)
    found = await one.take(1)
    await one.member.commit({Partition("elsewhere", 0): 7, found[0].partition: 1})
    await one.member.seek({Partition("elsewhere", 0): 7})
    await publisher.publish(letters(topic, b"k", "b"))
    assert (await one.take(1))[0].body == b"b"
    await one.member.stop()
