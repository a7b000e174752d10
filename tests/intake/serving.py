"""Intake served on a free port by a thread of its own, for tools that call from outside."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath

import uvicorn

from services.policy import Policy
from services.runtime.keys import Role
from tests.intake.open311.city import open_city

_STARTED_WITHIN_S = 30


@dataclass(frozen=True, slots=True)
class Served:
    """Where intake listens, and a key for each role."""

    url: str
    keys: dict[Role, str]


class _Thread(threading.Thread):
    """Runs the service; database connections belong to the loop they were made in."""

    def __init__(self, dsn: str, secrets_file: FilePath, policy: Policy) -> None:
        super().__init__(daemon=True)
        self._told = (dsn, secrets_file, policy)
        self._server: uvicorn.Server | None = None
        self.is_up = threading.Event()
        self.served: Served | None = None

    def run(self) -> None:
        """Serve until told to stop."""
        try:
            asyncio.run(self._serve())
        finally:
            self.is_up.set()

    async def _serve(self) -> None:
        async with open_city(*self._told) as door:
            app = door.path.running["intake"].service.app
            keys = {role: await door.path.key(role, _agency(role)) for role in Role}
            with socket.create_server(("127.0.0.1", 0)) as listening:
                # Who connects from now on waits in the socket until the server takes it up.
                self.served = Served(f"http://127.0.0.1:{listening.getsockname()[1]}", keys)
                config = uvicorn.Config(app, log_level="error", lifespan="off")
                self._server = uvicorn.Server(config)
                self.is_up.set()
                await self._server.serve([listening])

    def stop(self) -> None:
        """Stop serving and wait until it has."""
        if self._server:
            self._server.should_exit = True
        self.join(_STARTED_WITHIN_S)


def _agency(role: Role) -> str | None:
    return "water-company" if role is Role.AGENCY else None


@contextmanager
def serve(dsn: str, secrets_file: FilePath, policy: Policy) -> Iterator[Served]:
    """Serve intake on a fresh database while the block lasts."""
    thread = _Thread(dsn, secrets_file, policy)
    thread.start()
    thread.is_up.wait(_STARTED_WITHIN_S)
    try:
        assert thread.served is not None, "intake didn't start"
        yield thread.served
    finally:
        thread.stop()
