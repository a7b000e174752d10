"""Fetch a file from an address that a stranger gave us, and distrust every part of the answer.

The address is judged where it leads, at each redirect anew, and the connection is made to
exactly the addresses that were judged (`runtime/guard.py`). Size, time and the head of the answer
are bounded. No cookie, no proxy, no decompression, no credentials: httpcore has none of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin

import httpcore

from services.intake.decide.attachments import HEAD_BYTES, Refuse, sniff
from services.runtime.address import Target, parse_url
from services.runtime.guard import ForbiddenAddressError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.runtime.guard import Guard

#: Ordinary web servers; what listens elsewhere is seldom meant for strangers.
PORTS = frozenset({80, 443})

#: One file with everything. A server that gives a byte a second is given up on then.
TIMEOUT_S = 60.0
#: Without any byte.
_SILENCE_S = 10.0

_REDIRECTS_MAX = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200

_HEADERS = (("accept", "*/*"), ("accept-encoding", "identity"), ("user-agent", "whistle"))


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that may be kept."""

    body: bytearray
    media_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """The server didn't give it; it may later."""

    reason: str  #: A code: `timeout`, `unreachable`, `tls`, `broken`, `status-404`, …


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects only where a guard allows."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpcore.AnyIOBackend()
        self.target: Target | None = None  #: Of the request under way.

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        target = self.target
        if target is None or (target.host, target.port) != (host, port):
            raise ForbiddenAddressError(f"{host} was not asked for")
        trouble: Exception = httpcore.ConnectError("the name has no address")
        for address in await self._guard.addresses(target):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
        raise trouble


class Fetcher:
    """Fetches files; never raises for what a server does."""

    def __init__(self, guard: Guard, *, bytes_max: int, timeout_s: float = TIMEOUT_S) -> None:
        """Reach only what `guard` allows; files of `bytes_max` at the most."""
        self._guard = guard
        self._bytes_max = bytes_max
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context()

    async def fetch(self, url: str) -> Fetched | Refuse | Trouble:
        """Fetch one file, following a few redirects."""
        try:
            async with asyncio.timeout(self._timeout_s):
                for _ in range(_REDIRECTS_MAX + 1):
                    found = await self._ask(url)
                    if not isinstance(found, str):
                        return found
                    url = found
        except ForbiddenAddressError:
            return Refuse("forbidden-address")
        except _EXPECTED as error:
            return _trouble(error)
        return Refuse("too-many-redirects")

    async def _ask(self, url: str) -> Fetched | Refuse | Trouble | str:
        """Make one request; a string is where to go on."""
        url = urldefrag(url).url  # A fragment is never sent (RFC 9110, 4.2.5).
        target = parse_url(url)
        if isinstance(target, str):
            return Refuse("bad-url")
        backend = _GuardedBackend(self._guard)
        backend.target = target
        # A connection for each: nothing is kept that another's redirect could use.
        async with (
            httpcore.AsyncConnectionPool(self._tls, network_backend=backend) as pool,
            pool.stream(
                "GET",
                httpcore.URL(
                    scheme=b"https" if target.is_tls else b"http",
                    host=target.host.encode(),
                    port=target.port,
                    target=target.path.encode(),
                ),
                headers=[("host", target.authority), *_HEADERS],
                extensions={"timeout": dict.fromkeys(("connect", "read", "write"), _SILENCE_S)},
            ) as response,
        ):
            return await self._judge(url, response)

    async def _judge(
        self, url: str, response: httpcore.Response
    ) -> Fetched | Refuse | Trouble | str:
        headers = {name.lower(): value for name, value in response.headers}
        if response.status in _REDIRECTS and b"location" in headers:
            return urljoin(url, headers[b"location"].decode("latin-1"))
        if response.status != _OK:
            return Trouble(f"status-{response.status}")
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._bytes_max:
            return Refuse("too-big")
        return await self._read(response)

    async def _read(self, response: httpcore.Response) -> Fetched | Refuse:
        body, digest, media_type = bytearray(), hashlib.sha256(), None
        async for piece in response.aiter_stream():
            body += piece
            digest.update(piece)
            if len(body) > self._bytes_max:
                return Refuse("too-big")
            if media_type is None and len(body) >= HEAD_BYTES:
                # Known at once: the rest of something else isn't worth its time.
                media_type = sniff(bytes(body[:HEAD_BYTES]))
                if media_type is None:
                    return Refuse("wrong-type")
        if not body:
            return Refuse("empty")
        media_type = media_type or sniff(bytes(body))
        if media_type is None:
            return Refuse("wrong-type")
        return Fetched(body, media_type, digest.hexdigest())


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "timeout"),
    (httpcore.TimeoutException, "timeout"),
    (ssl.SSLError, "tls"),
    (httpcore.RemoteProtocolError, "broken"),
    (httpcore.ReadError, "broken"),
)
_EXPECTED = (
    OSError,
    UnicodeError,
    ValueError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
)


def _trouble(error: Exception) -> Trouble:
    if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
        return Trouble("tls")
    reasons = [reason for kind, reason in _REASONS if isinstance(error, kind)]
    return Trouble(reasons[0] if reasons else "unreachable")
