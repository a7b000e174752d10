"""The broker from its jars: real processes, real records."""

# ruff: noqa: S603 - starting programs is what this file is for; no argument comes from outside

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError

from stack import jars, kafka
from stack.kafka import KafkaBroker
from stack.program import StackError, find_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WITHIN_S = 30.0


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A running broker that a test may kill."""
    broker = KafkaBroker(tmp_path, find_free_port(), find_free_port())
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


async def create_topic(bootstrap: str, topic: str) -> None:
    """Make a topic with one partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


async def write(bootstrap: str, topic: str, *values: bytes) -> None:
    """Write records and wait until the broker has them."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()


async def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """Read the first records of a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        async with asyncio.timeout(WITHIN_S):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


@pytest.mark.kafka
async def test_a_broker_that_answers_takes_and_gives_records(kafka_broker: KafkaBroker) -> None:
    """`start` returns when clients can work, not when a port is open."""
    await create_topic(kafka_broker.bootstrap, "stack-roundtrip")
    await write(kafka_broker.bootstrap, "stack-roundtrip", b"one", b"two")

    assert await read(kafka_broker.bootstrap, "stack-roundtrip", 2) == [b"one", b"two"]


@pytest.mark.kafka
async def test_two_members_of_a_group_share_the_partitions(kafka_broker: KafkaBroker) -> None:
    """Groups work, which in-memory stand-ins of a broker do not offer to two members."""
    topic, group = "stack-group", "stack-group"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_broker.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 4, 1)])
    await admin.close()
    members = [
        AIOKafkaConsumer(topic, bootstrap_servers=kafka_broker.bootstrap, group_id=group)
        for _ in range(2)
    ]
    try:
        for member in members:
            await member.start()
        async with asyncio.timeout(WITHIN_S):
            while any(len(member.assignment()) != 2 for member in members):
                await asyncio.gather(*(member.getmany(timeout_ms=50) for member in members))
    finally:
        for member in members:
            await member.stop()

    assert members[0].assignment().isdisjoint(members[1].assignment())


@pytest.mark.kafka
async def test_a_topic_is_not_made_by_writing_to_it(kafka_broker: KafkaBroker) -> None:
    """A mistyped topic name is an error, not a new topic nobody reads."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_broker.bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics(["stack-typo"])
    finally:
        await admin.close()

    assert described[0]["error_code"] == UnknownTopicOrPartitionError.errno


@pytest.mark.kafka
def test_the_broker_listens_on_the_loopback_address_only(kafka_broker: KafkaBroker) -> None:
    """It has no password, so nobody else may reach it."""
    connections = psutil.Process(kafka_broker.pid).net_connections()
    listening = {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}

    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


@pytest.mark.kafka
async def test_acknowledged_records_survive_kill_9(own_broker: KafkaBroker) -> None:
    """The broker comes up by itself on what a killed one left."""
    await create_topic(own_broker.bootstrap, "kept")
    await write(own_broker.bootstrap, "kept", b"before")

    own_broker.kill()
    own_broker.start()
    await write(own_broker.bootstrap, "kept", b"after")

    assert await read(own_broker.bootstrap, "kept", 2) == [b"before", b"after"]


@pytest.mark.kafka
def test_the_broker_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    """A test run or a supervisor that is killed leaves no broker behind."""
    script = (
        "import sys, signal; from pathlib import Path; from stack.kafka import KafkaBroker\n"
        "broker = KafkaBroker(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))\n"
        "broker.start(); print(broker.pid, flush=True); signal.pause()\n"
    )
    ports = [str(find_free_port()), str(find_free_port())]
    command = [sys.executable, "-c", script, str(tmp_path), *ports]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        try:
            assert starter.stdout is not None
            broker = psutil.Process(int(starter.stdout.readline()))
        finally:
            starter.kill()

    _, alive = psutil.wait_procs([broker], timeout=WITHIN_S)
    assert not alive


@pytest.mark.kafka
def test_a_taken_port_is_named_before_anything_starts(
    kafka_broker: KafkaBroker, tmp_path: Path
) -> None:
    """Otherwise the other server's answers would be taken for ours."""
    second = KafkaBroker(tmp_path, kafka_broker.port, find_free_port())

    with pytest.raises(StackError, match=str(kafka_broker.port)):
        second.start()


@pytest.mark.kafka
def test_installing_again_only_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every start calls it, so it must cost nothing and need no Maven."""
    first = kafka.install()
    monkeypatch.setenv("PATH", "")

    assert kafka.install() == first


def test_what_is_missing_is_said_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person on a fresh machine learns what to install."""
    jars.find_java()  # Found and remembered, so that only Maven is missing below.
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="Maven is missing"):
        jars.fetch(tmp_path)

    jars.find_java.cache_clear()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(StackError, match="Java is missing"):
        jars.fetch(tmp_path)


@pytest.mark.parametrize("banner", ['openjdk version "11.0.2"', 'java version "1.8.0_381"', ""])
def test_a_java_too_old_for_the_broker_is_refused(
    banner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka itself would only say that a class has the wrong version."""
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho '{banner}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    jars.find_java.cache_clear()
    try:
        with pytest.raises(StackError, match="needs Java 17 or newer"):
            jars.find_java()
    finally:
        jars.find_java.cache_clear()


def test_the_pom_fetches_the_version_the_cache_is_named_after() -> None:
    """Otherwise an update of one would silently keep running the other."""
    found = re.search(r"<kafka.version>(.*?)</kafka.version>", jars.POM.read_text())

    assert found is not None
    assert found[1] == jars.KAFKA_VERSION
