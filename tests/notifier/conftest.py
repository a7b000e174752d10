"""The notifier alone on a real PostgreSQL, with the bus in memory and real receivers."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.events import Event, Fact
from services.notifier.__main__ import NotifierSettings, Parts, build
from services.policy import Policy
from services.runtime.clock import ManualClock
from services.runtime.keys import Role
from tests.builders import NOON, an_event, as_outgoing
from tests.harness import Path, running
from tests.notifier.stories import COMPLAINT
from tests.policies import a_policy

SECRETS = "\n".join(
    [
        *(
            f'{name} = "{base64.b64encode(name.encode().ljust(32, b"-")).decode()}"'
            for name in ("vault_key", "callback_secret", "token_key", "endpoint_key")
        ),
        'admin_key = "whk_admin"',
        'service_key = "whk_service"',
    ]
)


@dataclass
class Door:
    """The notifier, and a tracker that speaks to it."""

    path: Path
    clock: ManualClock
    settings: NotifierSettings
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    _sequences: dict[UUID, int] = field(default_factory=dict)

    @property
    def parts(self) -> Parts:
        """What the notifier consists of."""
        return self.path.running["notifier"].service.app.state.notifier

    async def client(self, role: Role = Role.OPERATOR, agency: str | None = None) -> Any:
        """A caller with a key of this role."""
        client = await self.path.client("notifier", role, agency)
        self.clients.append(client)
        return client

    async def add_endpoint(self, url: str, **fields: Any) -> dict[str, Any]:
        """Register an endpoint as an operator does."""
        response = await (await self.client()).post("/v1/endpoints", json={"url": url, **fields})
        assert response.status_code == 201, response.text
        return response.json()

    async def publish(self, *facts: Fact, complaint_id: UUID = COMPLAINT) -> list[Event]:
        """Let the tracker say facts about a complaint."""
        publisher, events = self.path.bus.publisher(), []
        for fact in facts:
            sequence = self._sequences.get(complaint_id, 0) + 1
            self._sequences[complaint_id] = sequence
            event = an_event(fact, complaint_id, source="tracker", sequence=sequence)
            await publisher.publish([as_outgoing(event, "complaints.tracked")])
            events.append(event)
        return events

    async def track(self, *facts: Fact, complaint_id: UUID = COMPLAINT) -> list[Event]:
        """Let the tracker say facts, and everything happen that follows."""
        events = await self.publish(*facts, complaint_id=complaint_id)
        await self.settle()
        return events

    async def settle(self) -> None:
        """Let everything happen that is due."""
        await self.path.settle()
        await self.parts.settle()
        await self.path.settle()

    async def sent(self) -> None:
        """Wait until no request is on its way."""
        while self.parts.lanes._tasks:
            await asyncio.wait(self.parts.lanes._tasks)

    def told(self) -> list[Event]:
        """Everything the notifier has said, as the topic has it."""
        return self.path.events("complaints.notified")

    def facts(self) -> list[str]:
        """The names of it."""
        return [type(event.data).__name__ for event in self.told()]

    async def rows(self, columns: str = "*") -> list[Any]:
        """The deliveries in the database."""
        db = self.path.running["notifier"].db
        return await db.fetch(f"SELECT {columns} FROM delivery ORDER BY complaint_id, sequence")


@asynccontextmanager
async def open_door(
    dsn: str, folder: FilePath, policy: Policy | None = None, **settings: Any
) -> AsyncIterator[Door]:
    """Run the notifier on a database."""
    secrets_file = folder / "secrets.toml"
    secrets_file.write_text(SECRETS)
    fields: dict[str, Any] = {
        "secrets_file": secrets_file,
        "hook_allow": "127.0.0.0/8",
        "hook_timeout_s": 5,
        "callback_log": folder / "callbacks.ndjson",
        "public_url": "https://city.example/",
    }
    made = NotifierSettings(**(fields | settings))
    clock = ManualClock(NOON)
    builds = {"notifier": build}
    async with running(dsn, clock, policy or a_policy(), builds, {"notifier": made}) as path:
        door = Door(path, clock, made)
        try:
            yield door
        finally:
            await door.parts.lanes.stop(0)
            for wire in door.parts.wires:
                await wire.close()
            for client in door.clients:
                await client.aclose()


@pytest.fixture
async def door(dsn: str, tmp_path: FilePath) -> AsyncIterator[Door]:
    """The notifier with its usual settings."""
    async with open_door(dsn, tmp_path) as opened:
        yield opened
