"""What anybody may ask for: by rate, by time, by number of connections. On real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import Depends, Request

from services.runtime import limits
from services.runtime.http import create_app
from services.runtime.ids import new_id
from services.runtime.keys import Principal, Role, digest_of, require
from services.runtime.limits import Limits, Rate, RateLimiter
from services.runtime.listening import Patience, server, shared_socket
from services.runtime.problems import Problem
from stack.program import find_free_port


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        """Say what time it is."""
        return self.at


def test_a_burst_is_let_through_and_then_a_steady_rate() -> None:
    """An app that was offline sends at once what it kept; a flood doesn't end."""
    watch = Watch()
    limiter, rate = RateLimiter(watch), Rate(per_second=8, burst=3)
    assert [limiter.wait_s("a", rate) for _ in range(3)] == [0, 0, 0]
    assert limiter.wait_s("a", rate) == 0.125
    watch.at += 0.125
    assert limiter.wait_s("a", rate) == 0
    assert limiter.wait_s("a", rate) > 0


def test_one_caller_does_not_use_up_what_is_anothers() -> None:
    """Else one broken script would be an outage for everybody."""
    limiter, rate = RateLimiter(Watch()), Rate(1, 1)
    assert limiter.wait_s("a", rate) == 0
    assert limiter.wait_s("a", rate) > 0
    assert limiter.wait_s("b", rate) == 0


def test_many_callers_do_not_fill_the_memory() -> None:
    """Addresses are cheap to come by."""
    limiter, rate = RateLimiter(Watch()), Rate(1, 1)
    for number in range(limits.BUCKETS_MAX + 50):
        limiter.wait_s(number, rate)
    assert len(limiter) == limits.BUCKETS_MAX


def test_a_refusal_says_when_to_come_again() -> None:
    """Well-behaved clients go by Retry-After (RFC 9110, 10.2.3)."""
    held = Limits({"reporter": 0.5}, RateLimiter(Watch()))
    held.check("reporter", "key")
    held.check("reporter", "key")
    held.check("service", "another")
    with pytest.raises(Problem) as refused:
        held.check("reporter", "key")
    assert (refused.value.status, refused.value.code) == (429, "rate-limited")
    assert refused.value.headers == {"Retry-After": "2"}


class Ring:
    """Knows one key."""

    principal = Principal(new_id(), "a web site", Role.REPORTER)

    def __init__(self) -> None:
        self.looked_up = 0

    def recall(self, digest: bytes) -> Principal | None:
        """Nothing has been looked up yet."""

    async def find(self, digest: bytes) -> Principal | None:
        """Find it."""
        self.looked_up += 1
        return self.principal if digest == digest_of("whk_known") else None


@dataclass
class Listening:
    """A server, and what it did."""

    port: int
    bodies: list[int]
    app: Any
    asked: asyncio.Event  #: Somebody waits at `/slow`.
    going_on: asyncio.Event  #: Lets them go on.

    def client(self) -> httpx.AsyncClient:
        """A client of the ordinary kind."""
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False)

    async def ask(self, *parts: bytes) -> bytes:
        """Send the parts, then read until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        return answer


@contextlib.asynccontextmanager
async def listening(patience: Patience, rates: dict[str, float]) -> AsyncIterator[Listening]:
    """Run a server that reads bodies."""
    app = create_app("test")
    bodies: list[int] = []
    asked, going_on = asyncio.Event(), asyncio.Event()

    @app.post("/read")
    async def read(request: Request) -> dict[str, int]:
        bodies.append(0)
        async for chunk in request.stream():
            bodies[-1] += len(chunk)
            if bodies[-1] > 100_000:
                raise Problem(413, "too-big", "A body has 100000 bytes at the most.")
        return {"bytes": bodies[-1]}

    @app.get("/open")
    async def opened() -> None:
        """Ask nobody for a key."""

    @app.get("/slow/{name}")
    async def slow(name: str) -> dict[str, str]:
        asked.set()
        await going_on.wait()
        return {"name": name}

    @app.get("/mine")
    async def mine(principal: Principal = Depends(require(Role.REPORTER))) -> dict[str, str]:  # noqa: B008
        return {"name": principal.name}

    app.state.keys = Ring()
    app.state.limits = Limits(rates, RateLimiter(Watch()))
    port = find_free_port()
    one = server(app, "127.0.0.1", port, patience)
    one.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    sockets = [shared_socket("127.0.0.1", port)]
    serving = asyncio.ensure_future(one.serve(sockets))
    try:
        await _up(port)
        yield Listening(port, bodies, app, asked, going_on)
    finally:
        one.should_exit = True
        await serving


async def _up(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"POST /read HT",),
        (b"POST /read HTTP/1.1\r\nhost: a\r\nx-one: 1\r\n",),
        (b"POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n12",),
        (b"\r\n",),
    ],
    ids=["says nothing", "half a line", "no end of headers", "half a body", "an empty line"],
)
async def test_who_does_not_get_on_is_cut(parts: Iterable[bytes]) -> None:
    """A few hundred idle sockets (slow loris) must not keep everybody else out."""
    async with listening(Patience(head_s=0.15, body_s=0.15), {}) as one:
        answer = await one.ask(*parts)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too-slow"' in answer


async def test_who_gets_on_is_not_cut() -> None:
    """A body that keeps coming, over a connection that is used again."""
    async with listening(Patience(head_s=0.5, body_s=0.5), {}) as one, one.client() as client:
        answers = [await client.post("/read", content=b"x" * 90_000) for _ in range(3)]
    assert [answer.json() for answer in answers] == [{"bytes": 90_000}] * 3


async def test_a_big_body_is_refused_before_it_is_read() -> None:
    """Ten megabytes without a length: what is kept of them is one piece over the limit."""

    async def content() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b"x" * 65_536

    async with listening(Patience(), {}) as one:
        async with one.client() as client:
            answer = await client.post("/read", content=content())
            again = await client.post("/read", content=b"small")
        assert answer.status_code == 413
        assert answer.json()["code"] == "too-big"
        assert one.bodies[0] < 100_000 + 2 * 1024 * 1024
        assert again.json() == {"bytes": 5}


async def test_beyond_a_number_of_connections_callers_are_sent_away() -> None:
    """Every open connection costs memory; what is there must go on being served."""
    async with listening(Patience(connections=3), {}) as one:
        open_ones = [await asyncio.open_connection("127.0.0.1", one.port) for _ in range(3)]
        answer = await one.ask(b"GET /mine HTTP/1.1\r\nhost: a\r\n\r\n")
        lively = await one.ask(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        for _, writer in open_ones:
            writer.close()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert lively.startswith(b"HTTP/1.1 200 ")


async def test_who_sends_ahead_has_the_whole_time_once_we_read_on() -> None:
    """While an earlier request is answered we don't read, so nothing can come."""
    patience = Patience(body_s=0.3)
    async with listening(patience, {}) as one:
        reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
        writer.write(
            b"GET /slow/a HTTP/1.1\r\nhost: a\r\n\r\n"
            b"POST /read HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 4\r\n\r\n12"
        )
        await one.asked.wait()
        loop = asyncio.get_running_loop()
        late = loop.create_future()
        loop.call_later(0.25, late.set_result, None)
        await late
        one.going_on.set()
        late = loop.create_future()
        loop.call_later(0.15, late.set_result, None)
        await late
        writer.write(b"34")
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
    assert answer.endswith(b'{"bytes":4}')


async def test_keys_and_addresses_are_held_to_their_rates() -> None:
    """A key has its own; who has none, or guesses, shares the one of the address."""
    rates = {"reporter": 0.5, "anonymous": 0.75}
    async with listening(Patience(), rates) as one, one.client() as client:

        async def asked(key: str | None, path: str = "/mine") -> int:
            headers = {"authorization": f"Bearer {key}"} if key else {}
            return (await client.get(path, headers=headers)).status_code

        assert [await asked("whk_known") for _ in range(3)] == [200, 200, 429]
        assert [await asked("whk_guess") for _ in range(2)] == [401, 401]
        assert await asked("whk_guess", "/open") == 200
        looked_up = one.app.state.keys.looked_up
        assert [await asked(who) for who in ("whk_guess", None)] == [429, 429]
        assert await asked("whk_other", "/open") == 429
        assert one.app.state.keys.looked_up == looked_up
        assert (await client.get("/healthz")).status_code == 200
