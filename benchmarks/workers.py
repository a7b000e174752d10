"""Processes that fire clocks, and a PostgreSQL for one benchmark."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from stack.postgres import EmbeddedPostgres
from stack.program import find_free_port


class Worker:
    """A process that fires."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Use `started`."""
        self.process = process

    @classmethod
    async def started(cls, what: str, dsn: str, options: argparse.Namespace, *more: str) -> Worker:
        """Start one and wait until it is ready."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.firing", what, dsn, *more),
            *("--policy", str(options.policy)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        worker = cls(process)
        if await worker._line() != b"ready\n":
            raise SystemExit(f"a worker for {what} did not start")
        return worker

    async def _line(self) -> bytes:
        assert self.process.stdout is not None  # noqa: S101
        return await self.process.stdout.readline()

    def say(self, word: str) -> None:
        """Write a line to it."""
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.write(word.encode() + b"\n")

    async def ended(self) -> dict[str, Any]:
        """Wait for what came of it."""
        found: dict[str, Any] = json.loads(await self._line())
        await self.process.wait()
        return found

    async def kill(self) -> None:
        """Take its power away."""
        self.process.kill()
        await self.process.wait()


async def together(what: str, dsn: str, options: argparse.Namespace) -> dict[str, Any]:
    """Let as many workers as asked for fire until nothing is due."""
    starting = (Worker.started(what, dsn, options) for _ in range(options.workers))
    workers = await asyncio.gather(*starting)
    for worker in workers:
        worker.say("go")
    found = await asyncio.gather(*(worker.ended() for worker in workers))
    fired = sum(one["fired"] for one in found)
    lasted = max(one["ended"] for one in found) - min(one["began"] for one in found)
    return {"fired": fired, "seconds": round(lasted, 2), "per_second": round(fired / lasted)}


@contextlib.asynccontextmanager
async def a_server() -> AsyncIterator[EmbeddedPostgres]:
    """Run a PostgreSQL of one's own, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="whistle-bench-") as name:
        os.chmod(name, 0o711)  # noqa: PTH101, S103 - PostgreSQL's own user must get in
        server = EmbeddedPostgres(Path(name), find_free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()
