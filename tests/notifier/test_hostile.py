"""Receivers that do the worst they can: each ends as specified, and costs a bounded amount.

Wherever an answer never ends, the deadline of the whole exchange ends it: `DEADLINE_S` here.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network

import pytest

from services.notifier.adapters.connection import BODY_BYTES_MAX, HEAD_BYTES_MAX, Connection
from services.notifier.adapters.wire import Wire
from services.notifier.decide import Answer, Trouble
from services.notifier.decide.attempt import PAUSE
from services.runtime.address import Reach
from services.runtime.guard import Guard
from services.runtime.ids import new_id
from tests.builders import NOON
from tests.notifier.conftest import open_door
from tests.notifier.receivers import Script, a_receiver, answer, raw
from tests.notifier.stories import a_dispatch

LOOPBACK = Reach((ip_network("127.0.0.0/8"),))
HEADERS = (("content-type", "application/json"), ("webhook-id", "1"))
DEADLINE_S = 0.3

OK_HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK_HEAD + b"transfer-encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(2_000_000))


def endless(head: bytes, piece: bytes, pause_s: float = 0.0) -> Script:
    """Begin with a head and never stop."""

    async def script(_, writer) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return script


def reset(data: bytes) -> Script:
    """Answer these bytes and reset the connection."""

    async def script(_, writer) -> None:
        writer.write(data)
        await writer.drain()
        writer.transport.abort()

    return script


@dataclass(frozen=True)
class Case:
    """A receiver, and what its attempt is written down as: a status, or a trouble."""

    script: Script
    expected: int | str
    body_bytes: int = 0


CASES = {
    "never answers": Case(endless(b"", b"", 0.05), "timeout"),
    "a byte a second": Case(endless(b"H", b"T", 1.0), "timeout"),
    "a byte of its body a second": Case(endless(OK_HEAD + b"\r\n", b"x", 1.0), "timeout"),
    "10 GB of body": Case(
        endless(OK_HEAD + b"content-length: 10000000000\r\n\r\n", b"x" * 65_536),
        200,
        BODY_BYTES_MAX,
    ),
    "chunks without end": Case(
        endless(CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"), 200, BODY_BYTES_MAX
    ),
    "headers without end": Case(endless(OK_HEAD, b"x-more: " + b"y" * 1000 + b"\r\n"), "protocol"),
    "one header without end": Case(endless(OK_HEAD + b"x: ", b"y" * 4096), "protocol"),
    "a chunk's extension without end": Case(endless(CHUNKED + b"5;", b"x" * 65_536), "timeout"),
    "trailers without end": Case(
        endless(CHUNKED + b"0\r\n", b"x-more: " + b"y" * 1000 + b"\r\n", 0.001), "timeout"
    ),
    "1xx for ever": Case(endless(b"", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"), "protocol"),
    "100 for ever, slowly": Case(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05), "timeout"),
    "a redirect to metadata": Case(
        answer(302, b"", location="http://169.254.169.254/latest/meta-data/"), 302
    ),
    "200, then a reset": Case(reset(OK_HEAD + b"content-length: 500\r\n\r\nbeg"), 200, len(b"beg")),
    "a reset in its status line": Case(reset(b"HTTP/1.1 2"), "unreachable"),
    "chunked nonsense": Case(raw(CHUNKED + b"zz\r\nnonsense\r\n"), "protocol"),
    "a chunk of negative length": Case(raw(CHUNKED + b"-1\r\n"), "protocol"),
    "two lengths": Case(
        raw(OK_HEAD + b"content-length: 2\r\ncontent-length: 200\r\n\r\nok"), "protocol"
    ),
    "a length and chunks": Case(
        raw(OK_HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok"), "protocol"
    ),
    "a gzip bomb": Case(
        raw(OK_HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(BOMB) + BOMB),
        200,
        len(BOMB),
    ),
    "HTTP/0.9": Case(raw(b"<html>hello</html>\n"), "protocol"),
    "another protocol": Case(raw(b"220 mail.example ESMTP\r\n"), "protocol"),
    "HTTP/2": Case(raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)), "protocol"),
    "a status of four digits": Case(raw(b"HTTP/1.1 2000 OK\r\n\r\n"), "protocol"),
    "an upgrade": Case(
        raw(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"), "protocol"
    ),
    "429 without a word": Case(answer(429), 429, len(b"ok")),
}


class Watching(Wire):
    """A wire whose connections can be looked at."""

    def __init__(self, timeout_s: float = 10) -> None:
        """Reach loopback."""
        super().__init__(Guard(LOOPBACK), timeout_s=timeout_s)
        self.connections: list[Connection] = []

    async def _connect(self, target):
        connection = await super()._connect(target)
        self.connections.append(connection)
        return connection


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_hostile_receiver_ends_as_specified(case):
    """With a bounded part of what it sent in memory, and its connection closed or idle."""
    wire = Watching(DEADLINE_S if case.expected == "timeout" else 10)
    async with a_receiver(case.script) as receiver:
        result = await wire.post(receiver.url, HEADERS, b"{}")
        if isinstance(case.expected, int):
            assert isinstance(result, Answer), result
            assert (result.status, len(result.body)) == (case.expected, case.body_bytes)
        else:
            assert isinstance(result, Trouble), result
            assert result.code == case.expected
        assert len(receiver.requests) == 1
        (connection,) = wire.connections
        assert len(connection._body) <= BODY_BYTES_MAX
        # A parser keeps no more than the piece it was given; the head is counted as it comes.
        assert connection._head_bytes <= HEAD_BYTES_MAX + 262_144
        assert connection.is_open == connection.is_reusable
    await wire.close()


async def test_a_gzip_bomb_is_never_unpacked():
    """What is kept of it are its own bytes; a person may look at them, we don't."""
    async with a_receiver(CASES["a gzip bomb"].script) as receiver:
        result = await Watching().post(receiver.url, HEADERS, b"{}")
    assert isinstance(result, Answer)
    assert result.body == BOMB


async def test_whoever_speaks_unasked_on_an_idle_connection_loses_it():
    """The answer to the next request must not be one that was smuggled in before."""
    smuggled = OK_HEAD + b"content-length: 0\r\n\r\n" + b"HTTP/1.1 410 Gone\r\n\r\n"
    wire = Watching()
    async with a_receiver() as receiver:
        receiver.scripts = [raw(smuggled)]
        await wire.post(receiver.url, HEADERS, b"{}")
        result = await wire.post(receiver.url, HEADERS, b"{}")
    await wire.close()
    assert result == Answer(200, b"ok")


class Rebinding(Guard):
    """A name server that answers something else each time."""

    def __init__(self, *answers: list[str]) -> None:
        """Give these answers, one after the other."""
        super().__init__(Reach((ip_network("127.0.0.1/32"),)))
        self.answers = list(answers)

    async def resolve(self, target):
        """Answer the next one."""
        return self.answers.pop(0)


async def test_the_connection_goes_to_the_address_that_was_checked():
    """A name may answer well when looked at and with our own network a moment later."""
    async with a_receiver() as receiver:
        # Were the name looked up again for connecting, there would be no such name.
        wire = Wire(Rebinding(["127.0.0.1"], ["127.0.0.2"]), timeout_s=5)
        url = f"http://rebinding.invalid:{receiver.port}/in"
        assert await wire.post(url, HEADERS, b"{}") == Answer(200, b"ok")
        await wire.close()
        result = await wire.post(url, HEADERS, b"{}")
        assert isinstance(result, Trouble)
        assert result.code == "forbidden-address"
        assert len(receiver.requests) == 1


async def test_an_open_connection_is_no_way_around_the_guard():
    """It leads where it led when it was checked, whatever the name says now."""
    async with a_receiver() as receiver:
        wire = Wire(Rebinding(["127.0.0.1"], ["169.254.169.254"]), timeout_s=5)
        url = f"http://rebinding.invalid:{receiver.port}/in"
        for _ in range(2):
            assert await wire.post(url, HEADERS, b"{}") == Answer(200, b"ok")
        assert receiver.connections == 1
        await wire.close()


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
async def test_no_proxy_is_taken_from_the_environment(monkeypatch, variable):
    """It would connect wherever it likes: past the guard."""
    async with a_receiver() as proxy, a_receiver() as receiver:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        wire = Watching()
        assert await wire.post(receiver.url, HEADERS, b"{}") == Answer(200, b"ok")
        await wire.close()
        assert proxy.requests == []


@pytest.mark.postgres
async def test_hostile_receivers_harm_no_other_delivery(dsn, tmp_path):
    """Every one of them at once, and a good one: it gets everything, they end as specified."""
    scripts: dict[str, Callable] = {name: case.script for name, case in CASES.items()}
    async with (
        open_door(dsn, tmp_path, hook_timeout_s=DEADLINE_S) as door,
        a_receiver() as well,
        hostile_ones(scripts) as urls,
    ):
        names = {}
        for name, url in urls.items():
            names[(await door.add_endpoint(url))["endpoint_id"]] = name
        await door.add_endpoint(well.url)
        for _ in range(5):
            await door.publish(a_dispatch(), complaint_id=new_id())
        await door.settle()
        assert len(set(well.ids)) == 5
        rows = await door.rows("endpoint_id, state, history")
        entries: dict[str, set[object]] = {}
        for row in rows:
            for entry in row["history"]:
                name = names.get(str(row["endpoint_id"]), "well")
                entries.setdefault(name, set()).add(entry.get("status", entry.get("error")))
        assert entries.pop("well") == {200}
        assert entries.keys() == CASES.keys()
        # On a busy machine the deadline may come before the end of what has one.
        odd = {n: e for n, e in entries.items() if not e <= {CASES[n].expected, "timeout"}}
        assert odd == {}
        # A 429 that names no time gets rest all the same.
        db = door.path.running["notifier"].db
        ids = {name: endpoint_id for endpoint_id, name in names.items()}
        paused = "SELECT paused_until FROM endpoint WHERE endpoint_id = $1"
        assert await db.fetchval(paused, ids["429 without a word"]) == NOON + PAUSE


class hostile_ones:  # noqa: N801 - used like a function
    """Run a receiver for each script."""

    def __init__(self, scripts) -> None:
        """Remember what to run."""
        self._scripts, self._open = scripts, []

    async def __aenter__(self) -> dict[str, str]:
        """Start them; returns where each listens."""
        urls = {}
        for name, script in self._scripts.items():
            opened = a_receiver(script)
            urls[name] = (await opened.__aenter__()).url
            self._open.append(opened)
        return urls

    async def __aexit__(self, *_) -> None:
        """Stop them."""
        for opened in self._open:
            await opened.__aexit__(None, None, None)
