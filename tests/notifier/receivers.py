"""Real HTTP receivers on free ports, as friendly or hostile as a test needs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

#: Writes an answer to a request; returning closes nothing.
Script = Callable[["Received", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict:
        """The body's JSON."""
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """A server that answers 200, unless scripted."""

    port: int = 0
    requests: list[Received] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    default: Script | None = None
    connections: int = 0
    _arrival: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/in"

    @property
    def ids(self) -> list[str]:
        """The `webhook-id` of every request."""
        return [request.headers["webhook-id"] for request in self.requests]

    async def received(self, count: int) -> None:
        """Wait until so many requests have come in."""
        while len(self.requests) < count:
            self._arrival.clear()
            await self._arrival.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *lines = head.strip().split("\r\n")
                headers = {k.lower(): v for k, v in (one.split(": ", 1) for one in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                received = Received(line.split(" ")[1], headers, body)
                self.requests.append(received)
                self._arrival.set()
                script = self.scripts.pop(0) if self.scripts else self.default or answer(200)
                await script(received, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def answer(status: int, body: bytes = b"ok", **headers: str) -> Script:
    """Answer plainly."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def raw(data: bytes, *, then_close: bool = False) -> Script:
    """Answer these bytes."""

    async def script(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        if then_close:
            writer.close()

    return script


def silence(until: asyncio.Event) -> Script:
    """Answer nothing until told."""

    async def script(_: Received, writer: asyncio.StreamWriter) -> None:
        await until.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    return script


@asynccontextmanager
async def a_receiver(
    default: Script | None = None, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver(default=default)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
