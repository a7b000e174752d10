"""Beginnings of files as real ones have them, and servers that give them out or misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(200))
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(200))
HTML = b"<!doctype html><html><script>alert(1)</script>" + b" " * 100
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">' + b" " * 100

Script = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A web server on a free port; each path has a script."""

    scripts: dict[str, Script] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    port: int = 0

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            self.asked.append(path)
            self.heads.append(head)
            await self.scripts[path](path, writer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def a_server(**scripts: Script) -> AsyncIterator[Server]:
    """Run a server whose paths are named by the keywords."""
    made = Server({f"/{name}": script for name, script in scripts.items()})
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


def raw(data: bytes) -> Script:
    """Say these bytes and close."""

    async def script(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return script


def gives(body: bytes, status: int = 200, **headers: str) -> Script:
    """Answer plainly."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def moved(location: str, status: int = 302) -> Script:
    """Lead elsewhere."""
    return gives(b"", status, location=location)
