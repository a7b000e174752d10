"""The server under every service: what a connection may cost before it has asked for anything.

uvicorn waits for ever for a client that never finishes its request, and so a few hundred idle
sockets keep everybody else out (slow loris). Here every request's head and every part of its body
must come within a time; connections beyond a number are answered 503 at once, unless they ask
whether the service is well: who crowds a service must not get it restarted.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.types import ASGIApp
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

#: The answer to a client that is cut short; it may read it or not.
_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/problem+json\r\n"
    b"connection: close\r\ncontent-length: 119\r\n\r\n"
    b'{"type":"about:blank","title":"Request Timeout","status":408,'
    b'"code":"too-slow","detail":"The request came too slowly."}'
)

#: So much of a body must come within `Patience.body_s`, unless it ends.
_PROGRESS_BYTES = 64 * 1024

#: What is read of a body that was refused already, so that its sender gets to read the refusal:
#: to close at once would reset the connection under it (RFC 9112, 9.6).
_DISCARDED_BYTES_MAX = 32_000_000


#: Answered however many connections are open.
_PROBES = frozenset({b"/healthz", b"/readyz"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and for how many a server waits."""

    head_s: float = 10.0  #: From a connection, or a request's first byte, to its last header.
    body_s: float = 20.0  #: For each 64 KB of a body, or its end.
    connections: int = 2_000  #: Beyond, 503.
    keep_alive_s: int = 75  #: Longer than the proxies' 60 s: they close first.


def protocol(patience: Patience) -> type[HttpToolsProtocol]:
    """Make the protocol of a server that has this much patience."""
    kept = {"head_s": patience.head_s, "body_s": patience.body_s}
    return type("Protocol", (_ImpatientProtocol,), kept)


class _Flow(FlowControl):
    """Says when reading goes on."""

    def __init__(self, transport: asyncio.Transport, on_resume: Callable[[], None]) -> None:
        super().__init__(transport)
        self._on_resume = on_resume

    def resume_reading(self) -> None:
        if self.read_paused:
            super().resume_reading()
            self._on_resume()


class _ImpatientProtocol(HttpToolsProtocol):
    """Cuts clients that don't get on with their request."""

    head_s: float
    body_s: float
    _timer: asyncio.TimerHandle | None = None
    _is_in_body = False
    _fresh = 0
    _discarded = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _Flow(transport, self._go_on)
        self._expect(self.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # Whatever comes ends the keep-alive timer, so it must begin another.
        if self._timer is None and not self._is_answering():
            self._expect(self.head_s)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._is_in_body, self._fresh, self._discarded = True, 0, 0
        self._expect(self.body_s)
        is_probe = self.url.partition(b"?")[0] in _PROBES
        self.limit_concurrency = None if is_probe else self.config.limit_concurrency
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._fresh += len(body)
        if self._fresh >= _PROGRESS_BYTES:
            self._fresh = 0
            self._expect(self.body_s)
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > _DISCARDED_BYTES_MAX:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_body = False
        self._expect(None)
        super().on_message_complete()

    def _go_on(self) -> None:
        """Begin to wait anew: nothing could come while we didn't read."""
        if self._is_in_body:
            self._fresh = 0
            self._expect(self.body_s)

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn declares it as never missing.
        return cycle is not None and not cycle.response_complete

    def _expect(self, within_s: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if within_s is not None:
            self._timer = self.loop.call_later(within_s, self._cut)

    def _cut(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._is_in_body and self.flow.read_paused:
            self._expect(self.body_s)  # It is us who don't read.
            return
        if not (self._is_in_body and self.cycle.response_started):
            self.transport.write(_TOO_SLOW)
        self.transport.close()


def server(
    app: ASGIApp,
    host: str,
    port: int,
    patience: Patience | None = None,
) -> uvicorn.Server:
    """Make a server; `serve` runs it."""
    patience = patience or Patience()
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host,
            port,
            http=protocol(patience),
            ws="none",  # Nobody speaks it, so nobody needs to be let in by it.
            log_level="warning",
            access_log=False,
            timeout_keep_alive=patience.keep_alive_s,
            limit_concurrency=patience.connections,
        )
    )


def shared_socket(host: str, port: int) -> socket.socket:
    """Listen on a port together with other processes; the kernel shares connections out."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind((host, port))
    listening.setblocking(False)
    return listening
