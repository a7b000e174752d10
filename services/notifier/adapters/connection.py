"""One connection of the webhook client: a request out, the beginning of an answer in."""

from __future__ import annotations

import asyncio
from typing import cast

import httptools

from services.notifier.decide.attempt import Answer

#: What is read of an answer's body; enough to see an error message.
BODY_BYTES_MAX = 4096

#: What an answer's head may be long.
HEAD_BYTES_MAX = 65_536

#: Statuses below are interim, such as 103: the answer is still to come.
_FIRST_FINAL_STATUS = 200


class BrokenError(Exception):
    """What came back isn't HTTP."""


class Connection(asyncio.Protocol):
    """Sends one request at a time."""

    def __init__(self, body_bytes_max: int = BODY_BYTES_MAX) -> None:
        """Wait for the connection to be made; read so much of a body."""
        self._body_bytes_max = body_bytes_max
        self.is_open = True
        self.is_reusable = False
        self.idle_since = 0.0
        self._transport: asyncio.Transport
        self._answer: asyncio.Future[Answer] | None = None
        self._parser: httptools.HttpResponseParser
        self._status = 0
        self._retry_after: str | None = None
        self._body = bytearray()
        self._head_bytes = 0

    async def ask(self, request: bytes) -> Answer:
        """Send a request and wait for the answer.

        Raises:
            ConnectionResetError: It was closed before any answer.
            BrokenError: The answer isn't HTTP.
        """
        if not self.is_open:
            raise ConnectionResetError("closed while idle")
        self._answer = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._status, self._retry_after, self._head_bytes = 0, None, 0
        self._body.clear()
        self.is_reusable = False
        self._transport.write(request)
        return await self._answer

    def abort(self) -> None:
        """Close at once."""
        self.is_open = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport (asyncio)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse what came (asyncio)."""
        if self._answer is None or self._answer.done():
            self.abort()  # It speaks without being asked.
            return
        self._head_bytes += 0 if self._status else len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(BrokenError(str(error) or "not HTTP/1.1"))
        if not self._status and self._head_bytes > HEAD_BYTES_MAX:
            self._fail(BrokenError("the head of the answer has no end"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Take what is there as the answer, if its status is (asyncio)."""
        self.is_open = False
        if self._status:
            self._finish()
        else:
            self._fail(ConnectionResetError("closed without an answer"), cause=exc)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the one header that matters (httptools)."""
        if name.lower() == b"retry-after":
            self._retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Note the status, unless it is an interim one such as 103 (httptools)."""
        status = self._parser.get_status_code()
        self._status = status if status >= _FIRST_FINAL_STATUS else 0

    def on_body(self, body: bytes) -> None:
        """Keep the beginning; a longer body isn't worth the connection (httptools)."""
        self._body += body[: self._body_bytes_max - len(self._body)]
        if len(self._body) >= self._body_bytes_max:
            self._finish()

    def on_message_complete(self) -> None:
        """Hand the answer over (httptools)."""
        if self._status and self._answer is not None and not self._answer.done():
            self.is_reusable = self._parser.should_keep_alive()
            self._finish()

    def _finish(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(self._status, bytes(self._body), self._retry_after))

    def _fail(self, error: Exception, *, cause: Exception | None = None) -> None:
        if self._answer is not None and not self._answer.done():
            error.__cause__ = cause
            self._answer.set_exception(error)
