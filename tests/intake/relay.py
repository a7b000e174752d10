"""A wire that a test can cut: everything goes through it to a real server, or nothing does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from stack.program import HOST, find_free_port


class Relay:
    """Forwards connections to a server, until it is cut."""

    def __init__(self, port: int) -> None:
        self.port = find_free_port()
        self._server_port = port
        self._listening: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def mend(self) -> None:
        """Let connections through from now on."""
        self._listening = await asyncio.start_server(self._connect, HOST, self.port)

    def cut(self) -> None:
        """End all connections and let no new ones through."""
        assert self._listening is not None
        self._listening.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(HOST, self._server_port)
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65_536):
                writer.write(piece)
        except OSError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def relay(dsn: str) -> AsyncIterator[tuple[Relay, str]]:
    """Give a wire to a database and the address at its near end."""
    there = urlsplit(dsn)
    assert there.port
    wire = Relay(there.port)
    await wire.mend()
    try:
        yield wire, dsn.replace(f":{there.port}/", f":{wire.port}/")
    finally:
        wire.cut()
