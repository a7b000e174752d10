"""One player's way to a service: a key, and trying again as a good client does.

Why not httpx: every request of it costs milliseconds of CPU here, and the whole city shares two
cores with the services it is to show. A small keep-alive client to this machine's own services
is all that is needed.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Waits between tries; the limits of the demo are seconds, so it doesn't wait long.
_TRIES, _BETWEEN_S = 40, 0.15
_TIMEOUT_S = 10.0
#: uvicorn closes an idle connection after 5 s; a request that crosses the closing is lost.
_IDLE_S = 3.0
_CONNECTIONS_MAX = 64
_HEAD_BYTES_MAX = 65_536
_DETAIL_MAX = 200
_SUCCESS = 2  #: First digit of the status.

#: Not there yet (a webhook can be faster than the door's own copy), or overloaded.
_TRY_AGAIN = {404, 502, 503, 504}


class RefusedError(Exception):
    """A service said no; the message says which and why.

    Attributes:
        status: Of the last answer; 0 if there was none.
    """

    def __init__(self, message: str, status: int) -> None:
        """Keep the status beside the words for people."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered."""

    status: int
    is_json: bool
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """Read the body."""
        return orjson.loads(self.body)

    def __str__(self) -> str:
        """Say it in one line."""
        if self.is_json:
            return f"{self.status} {self.body.decode(errors='replace')[:_DETAIL_MAX]}"
        return f"{self.status} {HTTPStatus(self.status).phrase}"


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    idle_since_s: float = 0.0


class Door:
    """Asks services in the name of whoever holds a key."""

    def __init__(self) -> None:
        """Open connections when they are needed."""
        self._idle: defaultdict[tuple[str, int], list[_Connection]] = defaultdict(list)
        self._gate = asyncio.Semaphore(_CONNECTIONS_MAX)

    async def close(self) -> None:
        """Close the connections."""
        for connections in self._idle.values():
            for connection in connections:
                connection.writer.close()
        self._idle.clear()

    async def ask(
        self,
        method: str,
        url: str,
        key: str | None = None,
        *,
        once: str | None = None,
        json: Any = None,  # noqa: ANN401 - any JSON
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask, and ask again while the answer is "not now".

        Args:
            method: Of HTTP.
            url: Whole.
            key: `whk_…`, where one is needed.
            once: Idempotency-Key: makes asking again safe.
            json: Body.
            form: Body, as a browser sends it.
            params: Query.

        Raises:
            RefusedError: It stayed with no, or nothing answered.
        """
        where = urlsplit(url)
        path = f"{where.path}?{urlencode(params)}" if params else where.path
        request = _request(method, path, where.netloc, _headers(key, once), _body(json, form))
        said, status = "", 0
        for tried in range(_TRIES):
            if tried:
                await asyncio.sleep(_BETWEEN_S)
            try:
                answer = await self._send(where.hostname or "", where.port or 80, request)
            except (OSError, EOFError, TimeoutError) as error:
                said, status = repr(error), 0
                continue
            if answer.status // 100 == _SUCCESS:
                return answer
            said, status = str(answer), answer.status
            if status not in _TRY_AGAIN:
                break
        raise RefusedError(f"{method} {where.path}: {said}", status)

    async def _send(self, host: str, port: int, request: bytes) -> Answer:
        async with self._gate, asyncio.timeout(_TIMEOUT_S):
            connection = await self._connect(host, port)
            try:
                connection.writer.write(request)
                answer = await _read(connection.reader)
            except BaseException:
                connection.writer.close()
                raise
            connection.idle_since_s = asyncio.get_running_loop().time()
            self._idle[host, port].append(connection)
            return answer

    async def _connect(self, host: str, port: int) -> _Connection:
        idle, now_s = self._idle[host, port], asyncio.get_running_loop().time()
        while idle:
            connection = idle.pop()
            if now_s - connection.idle_since_s < _IDLE_S and not connection.reader.at_eof():
                return connection
            connection.writer.close()
        return _Connection(*await asyncio.open_connection(host, port, limit=_HEAD_BYTES_MAX))


def _headers(key: str | None, once: str | None) -> dict[str, str]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return headers | ({"idempotency-key": once} if once else {})


def _body(json: Any, form: Mapping[str, str] | None) -> tuple[str, bytes]:  # noqa: ANN401
    if form is not None:
        return "application/x-www-form-urlencoded", urlencode(form).encode()
    return "application/json", b"" if json is None else orjson.dumps(json)


def _request(
    method: str, path: str, host: str, headers: Mapping[str, str], body: tuple[str, bytes]
) -> bytes:
    kind, content = body
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}", f"content-length: {len(content)}"]
    lines += [f"content-type: {kind}"] if content else []
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def _read(reader: asyncio.StreamReader) -> Answer:
    """Read one answer; our services always say how long it is."""
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(status.split(" ")[1]), "json" in headers.get("content-type", ""), body)
