"""A router on a real port, with a policy published, for commands that ask it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any
from uuid import UUID

from click.testing import Result
from typer.testing import CliRunner

from services.cli.policy import app
from services.events import OrderReturned
from services.policy import load
from services.router.__main__ import RouterSettings, build
from services.runtime import policies
from services.runtime.clock import ManualClock
from services.runtime.keys import Role
from tests.builders import NOON, a_received_event, an_event, as_outgoing
from tests.cli.serving import served
from tests.harness import Path, running
from tests.policies import policy_files

RUN = CliRunner()


@dataclass
class RoutingCity:
    """Complaints come in, agencies return them, and officials ask."""

    path: Path
    folder: FilePath
    env: dict[str, str | None] = field(default_factory=dict)

    async def receive(self, **matter: Any) -> UUID:
        """Let a complaint come in; gives its id."""
        event = a_received_event(**matter)
        await self.path.bus.publisher().publish([as_outgoing(event, "complaints.received")])
        await self.path.settle()
        return event.complaintid

    async def receive_many(self, count: int, **matter: Any) -> None:
        """Let like complaints come in, all at once."""
        events = [a_received_event(**matter) for _ in range(count)]
        told = [as_outgoing(event, "complaints.received") for event in events]
        await self.path.bus.publisher().publish(told)
        await self.path.settle()

    async def give_back(self, key: UUID, agency: str, reason: str = "不归我们管") -> None:
        """Let an agency return a complaint that it has as the first."""
        fact = OrderReturned(order_id=UUID(int=9), agency=agency, attempt=1, reason=reason)
        event = an_event(fact, key, source="tracker")
        await self.path.bus.publisher().publish([as_outgoing(event, "complaints.tracked")])
        await self.path.settle()

    def policy(self, name: str, **overrides: str | None) -> str:
        """Write a policy folder; gives its name."""
        folder = self.folder / name
        folder.mkdir()
        for file, content in policy_files(**overrides).items():
            (folder / file).write_bytes(content)
        return str(folder)

    async def whistle(self, *arguments: str) -> Result:
        """Run `whistle policy` beside the router."""
        return await asyncio.to_thread(RUN.invoke, app, list(arguments), env=self.env)

    async def told(self, *arguments: str) -> Any:
        """Run a command that must succeed; gives its JSON."""
        result = await self.whistle(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@asynccontextmanager
async def open_routing_city(dsn: str, folder: FilePath) -> AsyncIterator[RoutingCity]:
    """Serve a router on a fresh database while the block lasts."""
    files = policy_files()
    settings = {"router": RouterSettings()}
    started = running(dsn, ManualClock(NOON), load(files), {"router": build}, settings)
    async with started as path, served(path.running["router"].service.app) as url:
        await policies.publish(path.pool, files, actor="test")
        secrets = folder / "secrets.toml"
        secrets.write_text(f'service_key = "{await path.key(Role.SERVICE)}"\n')
        env: dict[str, str | None] = {
            "WHISTLE_DSN": dsn,
            "WHISTLE_PLATFORM_DSN": None,
            "WHISTLE_SECRETS_FILE": str(secrets),
            "WHISTLE_ROUTER_URL": url,
        }
        yield RoutingCity(path, folder, env)
