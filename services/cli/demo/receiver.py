"""The web server of everybody outside: agencies' systems and the SMS gateway.

POST with a Content-Length and keep-alive is all that the notifier's client needs, so this is
all there is; a framework would take signals and logs over.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self

from stack.program import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    #: Path, headers with names in lower case, body; gives the status to answer with.
    Answer = Callable[[str, Mapping[str, str], bytes], int]

_HEAD_BYTES_MAX = 65_536


class Receiver:
    """Listens on a free port while it is entered."""

    def __init__(self) -> None:
        """Serve nothing yet: the address is needed before anybody is there to answer."""
        self._answers: dict[str, Answer] = {}
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def serve(self, prefix: str, answer: Answer) -> None:
        """Ask `answer` about requests whose path begins so; it must not wait for anything."""
        self._answers[prefix] = answer

    @property
    def url(self) -> str:
        """Base address."""
        assert self._server is not None  # noqa: S101 - only used while entered
        return f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._serve, HOST, 0, limit=_HEAD_BYTES_MAX)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening and close what is open."""
        assert self._server is not None  # noqa: S101 - entered
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    await self._take_one(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _take_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.rstrip().split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path = request.split(" ")[1]
        found = [answer for prefix, answer in self._answers.items() if path.startswith(prefix)]
        status = found[0](path, headers, body) if found else 404
        writer.write(f"HTTP/1.1 {status} Demo\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
