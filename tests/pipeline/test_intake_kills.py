"""`kill -9` of intake at every failpoint of accepting, while 64 clients post and try again.

One database, one broker, and one intake after the other: each dies at its failpoint, and the next
one, armed with the next, takes over. The clients know nothing of it: they try again, most with an
Idempotency-Key, some with nothing but their own system's id.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
import tomllib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from benchmarks.wire import Connection
from services.cli.installation import Stack
from services.cli.up import put_in_force, up
from services.cli.watching import follow
from services.events import Event
from stack.program import find_free_base, is_port_free
from tests.pipeline.installation import POLICY

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

CLIENTS = 64
POSTS_MIN = 20 * CLIENTS

#: In an order in which each leaves behind what the next one needs, and where in a surge it hits.
ARMED = (
    "before_transaction:3",
    "before_commit:3",
    "after_accept_before_answer:3",
    "midway_through_answers:90",
    "after_publish_before_mark_sent:3",
    "after_commit_before_publish:3",
    "after_sweep_before_delete:1",
)


@dataclass
class Clients:
    """Clients that post until they are told to stop, and never give up on a post."""

    port: int
    key: str
    ids: dict[int, str] = field(default_factory=dict)  #: What each post was answered.
    retries: int = 0
    is_over: bool = False
    _numbers: Any = field(default_factory=itertools.count)

    async def run(self) -> None:
        """Post from all clients until `is_over`."""
        await asyncio.gather(*(self._client() for _ in range(CLIENTS)))

    async def _client(self) -> None:
        connection = Connection("127.0.0.1", self.port)
        while not self.is_over:
            number = next(self._numbers)
            self.ids[number] = await self._taken(connection, number)
        connection.close()

    async def ask_again(self) -> dict[int, str]:
        """Send every post once more."""
        found: dict[int, str] = {}
        waiting = iter(sorted(self.ids))

        async def client() -> None:
            connection = Connection("127.0.0.1", self.port)
            for number in waiting:
                found[number] = await self._taken(connection, number)
            connection.close()

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        return found

    async def _taken(self, connection: Connection, number: int) -> str:
        body: dict[str, Any] = {
            "channel": "phone",
            "text": f"第{number}个井盖松动，汽车开过时响声很大，请来人看看。",
            "reporter": {"phone": f"1900000{number % 10_000:04d}"},
        }
        headers = {"idempotency-key": f"post-{number}"}
        if number % 3 == 0:
            body |= {"origin": "lamp-posts", "external_id": f"post-{number}"}
            headers = {}
        while True:
            with suppress(OSError):
                status, answer = await connection.post("/v1/complaints", self.key, body, headers)
                if status == 202:
                    return str(answer["complaint_id"])
                assert status == 503, answer
            self.retries += 1
            await asyncio.sleep(0.2)


async def _intake(stack: Stack, port: int, failpoint: str) -> asyncio.subprocess.Process:
    env = {
        **os.environ,
        **stack.environment(),
        "WHISTLE_PORT": str(port),
        "WHISTLE_INSTANCE": "intake",
        "WHISTLE_FAILPOINT": failpoint,
    }
    log = stack.log_file("intake").open("ab")
    with log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.intake", env=env, stdout=log, stderr=log
        )


async def _told(stack: Stack) -> list[Event]:
    events: list[Event] = []
    reading = follow(stack.kafka, ["complaints.received"], from_beginning=True)
    with suppress(TimeoutError):
        while True:
            async with asyncio.timeout(3):
                _, event = await anext(reading)
            assert event is not None
            events.append(event)
    return events


async def _prepared(stack: Stack) -> None:
    migrating = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.runtime.migrate", env=os.environ | stack.environment()
    )
    assert await migrating.wait() == 0
    await put_in_force(stack.dsn, POLICY, lambda _line: None)


async def _surge(stack: Stack, port: int) -> Clients:
    key = tomllib.loads(stack.secrets_file.read_text())["service_key"]
    clients = Clients(port, key)
    posting = asyncio.ensure_future(clients.run())
    for failpoint in ARMED:
        died = await (await _intake(stack, port, failpoint)).wait()
        said = stack.log_file("intake").read_text()[-2000:]
        assert died == -signal.SIGKILL, f"{failpoint} was never hit: {said}"
    last = await _intake(stack, port, "")
    try:
        while len(clients.ids) < POSTS_MIN:
            await asyncio.wait({posting}, timeout=0.1)
        clients.is_over = True
        await posting
        assert await clients.ask_again() == clients.ids
        await _swept(stack)
    finally:
        last.terminate()
        await last.wait()
    return clients


async def _swept(stack: Stack) -> None:
    """Wait until everything that is durable has been read and told."""
    conn = await asyncpg.connect(stack.dsn)
    left = "SELECT (SELECT count(*) FROM intake.unread) + (SELECT count(*) FROM intake.outbox)"
    async with asyncio.timeout(60):
        while await conn.fetchval(left):
            await conn.execute("SELECT pg_sleep(0.1)")
    await conn.close()


async def _stored(stack: Stack) -> set[str]:
    conn = await asyncpg.connect(stack.dsn)
    rows = await conn.fetch("SELECT complaint_id FROM intake.complaint")
    await conn.close()
    return {str(row["complaint_id"]) for row in rows}


async def test_nothing_said_is_lost_or_doubled_over_kills_at_every_failpoint(
    server_folder: Path,
) -> None:
    """Counted at the callers, in the database and on the topic."""
    base = find_free_base()
    port = base + 1
    assert is_port_free(port)

    async def work(stack: Stack) -> None:
        await _prepared(stack)
        clients = await _surge(stack, port)
        assert clients.retries > len(ARMED)
        said = set(clients.ids.values())
        assert len(said) == len(clients.ids) >= POSTS_MIN
        assert await _stored(stack) == said
        events = await _told(stack)
        distinct = {event.id: event for event in events}
        told = Counter(str(event.complaintid) for event in distinct.values())
        assert told == Counter(said)
        assert {event.sequence for event in events} == {1}
        print(f"{len(said)} posts, {clients.retries} retries, {len(events)} records")

    await up(server_folder, (), port_base=base, work=work)
