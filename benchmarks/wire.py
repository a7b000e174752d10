"""A load generator's own HTTP: small, so that what is measured is the stack and not the client.

The public clients cost 0.5-1 ms of CPU a request, as much as a whole service under test; this
one costs 0.06 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import orjson


class Connection:
    """One keep-alive connection; one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        """Remember the address; the first request connects."""
        self._address = host, port
        self._wire: _Asking | None = None

    async def post(
        self,
        path: str,
        key: str,
        body: Any,  # noqa: ANN401 - any JSON
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Send JSON; returns the status and the answer's JSON.

        Raises:
            OSError: No connection, or it broke; the next request makes a new one.
        """
        payload = orjson.dumps(body)
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {self._address[0]}\r\ncontent-type: application/json"
            f"\r\nauthorization: Bearer {key}\r\n{more}content-length: {len(payload)}\r\n\r\n"
        )
        if self._wire is None or self._wire.is_lost:
            _, self._wire = await asyncio.get_running_loop().create_connection(
                _Asking, *self._address
            )
        status, content = await self._wire.ask(head.encode() + payload)
        return status, orjson.loads(content) if content else None

    def close(self) -> None:
        """Close it."""
        if self._wire is not None:
            self._wire.close()


class _Asking(asyncio.Protocol):
    """Writes a request, waits for an answer that has a length."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True
        if self._answer and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("closed without an answer"))

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        self._answer = asyncio.get_running_loop().create_future()
        if self.is_lost:
            self._answer.set_exception(ConnectionResetError("closed"))
        else:
            self._transport.write(request)  # type: ignore[attr-defined]
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if (end := self._buffer.find(b"\r\n\r\n")) < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        body = self._buffer[end + 4 : end + 4 + length]
        self._buffer = b""
        if b"\r\nconnection: close" in head:
            self.is_lost = True
            self._transport.close()
        if self._answer and not self._answer.done():
            self._answer.set_result((int(head[9:12]), body))

    def close(self) -> None:
        self._transport.close()


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
