"""City systems for `benchmarks.notifier`, as one process: 127.1.x.y is a receiver each.

    python -m benchmarks.receiving        # says its port; takes orders line by line, in JSON

Every address of 127.0.0.0/8 answers on the same port, so each endpoint has a host of its own, as in
a city: no client can share connections between two of them. An order is `{"report": true}`, which
is answered with what came since the last report, or `{"hosts": [...], "manner": "silence"}`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from typing import Any

import uvloop

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_PIECE = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

#: What a receiver answers at once, by its manner; those that need time are in `Receiving`.
ANSWERS = {
    "good": OK,
    "silence": b"",
    "busy": b"HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
    "throttle": b"HTTP/1.1 429 Slow down\r\ncontent-length: 0\r\n\r\n",
    "broken": b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/\r\n"
    b"content-length: 0\r\n\r\n",
    "garbage": b"220 mail.example ESMTP\r\n",
    "drip": b"",
    "endless-head": b"HTTP/1.1 200 OK\r\n",
    "endless-body": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    "reset": b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nbeg",
}
#: What the slow ones go on with: bytes, and seconds between them.
_GOING_ON = {
    "drip": (b"H", 1.0),
    "endless-head": (b"x-more: " + b"y" * 1000 + b"\r\n", 0.001),
    "endless-body": (_PIECE, 0.001),
}


class City:
    """All receivers: how each behaves, and what came to it."""

    def __init__(self) -> None:
        """Be friendly and empty."""
        self.manners: dict[str, str] = {}
        self.came: list[tuple[str, str, float]] = []
        self.refused = 0

    def report(self) -> dict[str, Any]:
        """Say what came since the last time: host, webhook-id and when, in arrival's order."""
        came, self.came = self.came, []
        refused, self.refused = self.refused, 0
        return {"came": came, "refused": refused}


class Receiving(asyncio.Protocol):
    """One connection of one receiver."""

    def __init__(self, city: City) -> None:
        """Belong to a city."""
        self._city = city
        self._buffer = b""
        self._host = ""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn which receiver was called (asyncio)."""
        self._transport = transport
        self._host = transport.get_extra_info("sockname")[0]

    def data_received(self, data: bytes) -> None:
        """Read requests that have a length, and answer them (asyncio)."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = int(_header(head, b"content-length"))
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            self._answer(_header(head, b"webhook-id").decode())

    def _answer(self, webhook_id: str) -> None:
        manner = self._city.manners.get(self._host, "good")
        if manner == "good":
            self._city.came.append((self._host, webhook_id, time.monotonic()))
            self._transport.write(OK)
            return
        self._city.refused += 1
        self._transport.write(ANSWERS[manner])
        if manner == "reset":
            self._transport.abort()
        elif manner == "garbage":
            self._transport.close()
        elif manner in _GOING_ON:
            self._go_on(*_GOING_ON[manner])

    def _go_on(self, piece: bytes, pause_s: float) -> None:
        if not self._transport.is_closing():
            if self._transport.get_write_buffer_size() < 1_000_000:
                self._transport.write(piece)
            asyncio.get_running_loop().call_later(pause_s, self._go_on, piece, pause_s)


def _header(head: bytes, name: bytes) -> bytes:
    at = head.find(b"\r\n" + name + b":")
    return head[at + len(name) + 3 :].split(b"\r\n", 1)[0].strip() if at >= 0 else b"0"


async def serve() -> None:
    """Serve until standard input closes."""
    loop, city = asyncio.get_running_loop(), City()
    server = await loop.create_server(lambda: Receiving(city), "0.0.0.0", 0, backlog=4096)  # noqa: S104 - all of 127/8
    print(server.sockets[0].getsockname()[1], flush=True)
    gc.freeze()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        if "report" in order:
            print(json.dumps(city.report()), flush=True)
        else:
            for host in order["hosts"]:
                city.manners[host] = order["manner"]


if __name__ == "__main__":
    uvloop.run(serve())
