"""The bus on a real Kafka broker. The only file that knows the Kafka client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError, TopicAlreadyExistsError
from aiokafka.partitioner import murmur2

from services.runtime import telemetry
from services.runtime.bus import Outgoing, Partition, Record
from services.runtime.errors import MisconfiguredError, TransientError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

log = telemetry.get_logger()

#: Largest batch of one partition in bytes. Measured: 16 KiB, the default, costs three times as
#: much CPU an event; above 256 KiB nothing is gained.
_BATCH_BYTES = 256 * 1024

#: After this a publish or a connection attempt counts as failed and is tried again.
_REQUEST_TIMEOUT_MS = 15_000


class KafkaBus:
    """Publishers and group members on one cluster."""

    def __init__(self, bootstrap: str, *, instance: str | None = None) -> None:
        """Remember the address.

        Args:
            bootstrap: `host:port`, several separated by commas.
            instance: Name of this process in its group, stable over restarts and unique; with
                it a restarted process takes its partitions over at once instead of after the
                session timeout of the one that died (KIP-345).
        """
        self._bootstrap = bootstrap
        self._instance = instance

    def publisher(self) -> KafkaPublisher:
        """Make a publisher; start it before use."""
        return KafkaPublisher(self._bootstrap)

    def member(self, group: str, topics: Sequence[str]) -> KafkaMember:
        """Make a group member; start it before use."""
        instance = f"{group}-{self._instance}" if self._instance else None
        return KafkaMember(self._bootstrap, group, topics, instance)


class KafkaPublisher:
    """Writes whole batches a partition; all replicas acknowledge."""

    def __init__(self, bootstrap: str) -> None:
        """Use `KafkaBus.publisher`."""
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None
        self._partitions: dict[str, int] = {}

    async def start(self) -> None:
        """Connect, retrying until the broker answers."""
        while self._producer is None:
            try:
                self._producer = await self._connect()
            except (KafkaError, OSError) as error:
                log.warning("broker-unreachable", error=str(error))
                await asyncio.sleep(0.5)

    async def _connect(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            max_batch_size=_BATCH_BYTES,
            compression_type="lz4",
            request_timeout_ms=_REQUEST_TIMEOUT_MS,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def stop(self) -> None:
        """Flush and disconnect."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Write all records and wait for every acknowledgement."""
        try:
            if self._producer is None:
                self._producer = await self._connect()
            acks = [
                ack
                for partition, part in (await self._by_partition(records)).items()
                for ack in await self._send(self._producer, partition, part)
            ]
            await asyncio.wait_for(asyncio.gather(*acks), _REQUEST_TIMEOUT_MS / 1000)
        except (KafkaError, OSError, TimeoutError) as error:
            await self._reconnect_later()
            raise TransientError(f"publish: {error!r}") from error
        for record in records:
            telemetry.PUBLISHED.labels(record.topic).inc()

    async def _by_partition(self, records: Sequence[Outgoing]) -> dict[Partition, list[Outgoing]]:
        parts: dict[Partition, list[Outgoing]] = {}
        for record in records:
            count = self._partitions.get(record.topic) or await self._count(record.topic)
            parts.setdefault(Partition(record.topic, partition_of(record.key, count)), []).append(
                record
            )
        return parts

    async def _count(self, topic: str) -> int:
        assert self._producer is not None  # noqa: S101 - publish has just connected
        self._partitions[topic] = len(await self._producer.partitions_for(topic))
        return self._partitions[topic]

    @staticmethod
    async def _send(
        producer: AIOKafkaProducer, partition: Partition, records: Sequence[Outgoing]
    ) -> list[Awaitable[Any]]:
        acks = []
        batch = producer.create_batch()
        for record in records:
            while True:
                fits = batch.append(
                    key=record.key, value=record.body, timestamp=None, headers=[*record.headers]
                )
                if fits is not None:
                    break
                if not batch.record_count():
                    raise KafkaError(f"a record of {len(record.body)} bytes fits no batch")
                acks.append(
                    await producer.send_batch(batch, partition.topic, partition=partition.number)
                )
                batch = producer.create_batch()
        acks.append(await producer.send_batch(batch, partition.topic, partition=partition.number))
        return acks

    async def _reconnect_later(self) -> None:
        """Drop the client: after a failed batch an idempotent producer may be out of step."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await asyncio.wait_for(producer.stop(), 5)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("producer-stop-failed", error=repr(error))


class KafkaMember:
    """Reads as one member of a consumer group; offsets are the caller's."""

    def __init__(
        self, bootstrap: str, group: str, topics: Sequence[str], instance: str | None
    ) -> None:
        """Use `KafkaBus.member`."""
        self._topics = topics
        self._client = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            group_instance_id=instance,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # The same partition of every topic goes to the same member, so that all events of a
            # complaint are applied by one process.
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            max_poll_interval_ms=600_000,
            fetch_max_wait_ms=500,
            request_timeout_ms=40_000,
        )

    @property
    def assigned(self) -> frozenset[Partition]:
        """The partitions that are this member's at the moment."""
        return frozenset(Partition(p.topic, p.partition) for p in self._client.assignment())

    async def start(
        self, starts: Callable[[Sequence[Partition]], Awaitable[Mapping[Partition, int]]]
    ) -> None:
        """Join, retrying until the broker answers."""
        self._client.subscribe(self._topics, listener=_Listener(self, starts))
        while True:
            try:
                await self._client.start()
            except (KafkaError, OSError) as error:
                log.warning("broker-unreachable", error=str(error))
                await asyncio.sleep(0.5)
            else:
                return

    async def stop(self) -> None:
        """Leave the group."""
        await self._client.stop()

    async def poll(self, limit: int, wait_s: float) -> list[Record]:
        """Take what is there."""
        try:
            found = await self._client.getmany(timeout_ms=int(wait_s * 1000), max_records=limit)
        except (KafkaError, OSError) as error:
            raise TransientError(f"poll: {error!r}") from error
        return [
            Record(
                Partition(p.topic, p.partition), r.offset, r.key, r.value or b"", tuple(r.headers)
            )
            for p, records in found.items()
            for r in records
        ]

    async def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Read on from these offsets."""
        assigned = self.assigned
        for partition, offset in offsets.items():
            if partition in assigned:
                self._client.seek(TopicPartition(*partition), offset)

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Tell the broker, for lag tools."""
        assigned = self.assigned
        mine = {TopicPartition(*p): offset for p, offset in offsets.items() if p in assigned}
        try:
            if mine:
                await self._client.commit(mine)
        except (KafkaError, OSError) as error:
            log.info("commit-skipped", error=repr(error))


class KafkaFollower(KafkaMember):
    """Reads whole topics without a group and keeps no offset: for people who watch."""

    def __init__(self, bootstrap: str, topics: Sequence[str], *, from_beginning: bool) -> None:
        reset = "earliest" if from_beginning else "latest"
        self._client = AIOKafkaConsumer(
            *topics, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset=reset
        )
        self.connect = self._client.start


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the client has no types
    """Begins every newly assigned partition where PostgreSQL says."""

    def __init__(
        self,
        member: KafkaMember,
        starts: Callable[[Sequence[Partition]], Awaitable[Mapping[Partition, int]]],
    ) -> None:
        self._member = member
        self._starts = starts

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Do nothing: a batch still in flight is fenced by its offset."""

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Seek to the offsets that count."""
        partitions = [Partition(p.topic, p.partition) for p in assigned]
        await self._member.seek(await self._starts(partitions))
        log.info("partitions-assigned", count=len(partitions))


def partition_of(key: bytes, count: int) -> int:
    """Choose the partition as Kafka's own clients do, so that all writers agree."""
    return int(murmur2(key) & 0x7FFFFFFF) % count


async def ensure_topics(
    bootstrap: str, names: Sequence[str], *, partitions: int, replication: int
) -> None:
    """Create the topics that don't exist yet.

    Raises:
        MisconfiguredError: A topic exists with another number of partitions, which would
            tear one complaint's events apart.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        wanted = [NewTopic(n, partitions, replication) for n in names]
        try:
            await admin.create_topics(wanted)
        except TopicAlreadyExistsError:
            log.info("topics-exist")
        for topic in await admin.describe_topics([*names]):
            found = len(topic["partitions"])
            if found not in {0, partitions}:
                raise MisconfiguredError(
                    f"{topic['topic']} has {found} partitions, not {partitions}"
                )
    finally:
        await admin.close()
