"""The notifier from outside: city systems that it calls, the tracker that it hears, its rows."""

from __future__ import annotations

import asyncio
import json
import sys
import tomllib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx

from benchmarks.telling import Tracker
from services.policy import folder, load

if TYPE_CHECKING:
    from services.cli.installation import Stack

_DELIVERED = "SELECT count(*) FROM notifier.delivery WHERE state = 'delivered'"
_UNTOLD = "SELECT count(*) FROM notifier.outbox"
_EMPTY = "TRUNCATE notifier.delivery, notifier.event, notifier.complaint"


@dataclass
class Receivers:
    """The process of `benchmarks.receiving`."""

    process: asyncio.subprocess.Process
    port: int

    @classmethod
    async def started(cls) -> Receivers:
        """Start it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.receiving"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**28,
        )
        return cls(process, int(await cls._line(process)))

    @staticmethod
    async def _line(process: asyncio.subprocess.Process) -> bytes:
        assert process.stdout is not None  # noqa: S101
        return await process.stdout.readline()

    def host(self, n: int) -> str:
        """Name the n-th receiver."""
        return f"127.1.{n // 250}.{n % 250 + 1}"

    def url(self, n: int) -> str:
        """Say where the n-th listens."""
        return f"http://{self.host(n)}:{self.port}/in"

    def behave(self, manner: str, *numbers: int) -> None:
        """Let receivers behave so from now on."""
        self._order({"hosts": [self.host(n) for n in numbers], "manner": manner})

    async def report(self) -> list[tuple[str, str, float]]:
        """Say what came since the last report: host, event, when by the monotonic clock."""
        self._order({"report": True})
        found = json.loads(await self._line(self.process))
        return [(host, event, at) for host, event, at in found["came"]]

    def _order(self, order: dict[str, Any]) -> None:
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.write(json.dumps(order).encode() + b"\n")

    async def stop(self) -> None:
        """End it."""
        self.process.kill()
        await self.process.wait()


@dataclass
class Outside:
    """Everything around one notifier."""

    stack: Stack
    pool: asyncpg.Pool
    client: httpx.AsyncClient
    receivers: Receivers
    tracker: Tracker
    agencies: Sequence[str]  #: All of the policy.
    endpoints: list[str] = field(default_factory=list)

    async def subscribe(self, count: int, **more: object) -> Sequence[str]:
        """Have so many endpoints, one agency each; returns the agencies."""
        for endpoint_id in self.endpoints:
            (await self.client.delete(f"/v1/endpoints/{endpoint_id}")).raise_for_status()
        self.endpoints.clear()
        for n in range(count):
            body = {
                "url": self.receivers.url(n),
                "agency": self.agencies[n],
                "event_types": ["OrderDispatched"],
                **more,
            }
            answer = await self.client.post("/v1/endpoints", json=body)
            answer.raise_for_status()
            self.endpoints.append(answer.json()["endpoint_id"])
        await asyncio.sleep(1.5)  # Every process has seen them by then.
        return self.agencies[:count]

    async def settled(self, count: int, within_s: float = 120.0) -> None:
        """Wait until so many are delivered and everything is told."""
        async with asyncio.timeout(within_s):
            while await self.pool.fetchval(_DELIVERED) < count:
                await asyncio.sleep(0.1)
            while await self.pool.fetchval(_UNTOLD):
                await asyncio.sleep(0.1)

    async def forget(self) -> None:
        """Begin with empty tables."""
        await self.pool.execute(_EMPTY)
        self.tracker.told.clear()
        await self.receivers.report()


@asynccontextmanager
async def around(stack: Stack, policy: Path) -> AsyncIterator[Outside]:
    """Start everything around the notifier of a stack."""
    key = tomllib.loads(stack.secrets_file.read_text())["service_key"]
    headers = {"authorization": f"Bearer {key}"}
    url, tracker = stack.services["notifier"], Tracker(stack.kafka)
    receivers = await Receivers.started()
    await tracker.start()
    try:
        async with (
            asyncpg.create_pool(stack.dsn, min_size=1, max_size=2) as pool,
            httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client,
        ):
            agencies = sorted(load(folder.read(policy)).agencies)
            yield Outside(stack, pool, client, receivers, tracker, agencies)
    finally:
        await tracker.stop()
        await receivers.stop()
