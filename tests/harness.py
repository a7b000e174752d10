"""Services on a real PostgreSQL and the bus in memory, driven step by step: no sleeping."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from services.events import Event, decode
from services.policy import Policy
from services.runtime.clock import Clock
from services.runtime.keys import KeyRing, Role, add_key
from services.runtime.memory import MemoryBus
from services.runtime.migrate import migrate
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.service import Context, Running, Service, assemble

Build = Callable[[Context], Service]


@dataclass
class Path:
    """Running services; `settle` lets everything that can happen happen."""

    bus: MemoryBus
    clock: Clock
    pool: asyncpg.Pool
    running: dict[str, Running] = field(default_factory=dict)

    async def settle(self) -> None:
        """Drive loops, outboxes and timers until nothing moves any more."""
        moved = 1
        while moved:
            moved = 0
            for one in self.running.values():
                reader = getattr(one.service.app.state, "reader", None)
                moved += await reader.read() if reader else 0
                moved += await one.outbox.tell_waiting()
                if one.loop:
                    moved += await one.loop.step()
                if one.timers:
                    moved += await one.timers.fire()

    def events(self, topic: str) -> list[Event]:
        """Everything said on a topic, in the order of its partitions."""
        return [decode(record.body) for record in self.bus.records(topic)]

    def facts(self, topic: str) -> list[str]:
        """The names of what was said on a topic."""
        return [type(event.data).__name__ for event in self.events(topic)]

    async def key(self, role: Role, agency: str | None = None) -> str:
        """Make an API key."""
        return (await add_key(self.pool, f"test {role}", role, agency))[0]

    async def client(self, service: str, role: Role | None, agency: str | None = None) -> Any:
        """An HTTP client of one service, with a key of this role."""
        headers = {"Authorization": f"Bearer {await self.key(role, agency)}"} if role else {}
        one = self.running[service].service
        transport = httpx.ASGITransport(one.front or one.app)
        return httpx.AsyncClient(transport=transport, base_url=f"http://{service}", headers=headers)


@asynccontextmanager
async def running(
    dsn: str,
    clock: Clock,
    policy: Policy,
    builds: Mapping[str, Build],
    settings: Mapping[str, Any],
    *,
    bus: MemoryBus | None = None,
    others: tuple[Policy, ...] = (),
) -> AsyncIterator[Path]:
    """Assemble services and join their groups; nothing moves until `settle`.

    Args:
        dsn: An empty database, or one of an earlier run.
        clock: Usually a `ManualClock`.
        policy: The rules in force.
        builds: Each service's `build`, by name.
        settings: Each service's settings, by name.
        bus: The bus of an earlier run, to go on with.
        others: Policies that were published besides.
    """
    await migrate(dsn, "platform")
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=2)
    path = Path(bus or MemoryBus(), clock, pool)
    policies = PolicyStore.fixed(policy, *others)
    try:
        for name, build in builds.items():
            await migrate(dsn, name)
            db = await Database.connect(dsn, name, clock=clock, size=20)
            context = Context(settings[name], db, policies, clock)
            one = assemble(name, context, build, path.bus)
            one.service.app.state.keys = KeyRing(pool)
            one.service.app.state.health = one
            path.running[name] = one
            if one.loop:
                await one.loop.start()
        yield path
    finally:
        for one in path.running.values():
            if one.loop:
                await one.loop.stop()
            await one.db.close()
        await pool.close()
