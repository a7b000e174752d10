"""A load generator's own HTTP: small, so that what is measured is the stack and not the client.

The public clients cost 0.5-1 ms of CPU a request, as much as a whole service under test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson


class Connection:
    """One keep-alive connection; one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        """Remember the address; the first request connects."""
        self._address = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, key: str, body: Any) -> tuple[int, Any]:  # noqa: ANN401
        """Send JSON; returns the status and the answer's JSON."""
        payload = orjson.dumps(body)
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {self._address[0]}\r\ncontent-type: application/json"
            f"\r\nauthorization: Bearer {key}\r\ncontent-length: {len(payload)}\r\n\r\n"
        )
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address)
        reader, writer = self._streams
        try:
            writer.write(head.encode() + payload)
            answer = await reader.readuntil(b"\r\n\r\n")
            lowered = answer.lower()
            at = lowered.index(b"content-length:") + len(b"content-length:")
            length = int(lowered[at : lowered.index(b"\r", at)])
            content = await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            writer.close()
            self._streams = None
            raise
        return int(answer[9:12]), orjson.loads(content) if content else None


class _Receiving(asyncio.Protocol):
    """Reads requests with a length, answers 200, hands the bodies on."""

    def __init__(self, deliver: Callable[[bytes], None]) -> None:
        self._deliver = deliver
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")  # type: ignore[attr-defined]
            self._deliver(body)


async def receive(deliver: Callable[[bytes], None]) -> tuple[asyncio.Server, int]:
    """Serve on a free port; `deliver` gets each request's body."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Receiving(deliver), "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]
