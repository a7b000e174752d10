"""Intake alone on a real PostgreSQL and the bus in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import httpx
import pytest

from services.events import Event, Fact
from services.intake.__main__ import IntakeSettings, build
from services.runtime.clock import ManualClock
from services.runtime.keys import Role
from tests.builders import NOON, an_event, as_outgoing
from tests.harness import Path, running
from tests.intake.callers import SECRETS
from tests.policies import a_policy


@dataclass
class Door:
    """Intake, and ways to knock."""

    path: Path
    clock: ManualClock
    settings: IntakeSettings
    _sequences: dict[Any, int]

    async def client(self, role: Role | None, agency: str | None = None) -> httpx.AsyncClient:
        """A caller with a key of this role."""
        client: httpx.AsyncClient = await self.path.client("intake", role, agency)
        return client

    async def received(self) -> list[Event]:
        """Everything intake has said."""
        await self.path.settle()
        return self.path.events("complaints.received")

    async def track(self, complaint_id: Any, *facts: Fact) -> None:
        """Let the tracker say facts about a complaint."""
        publisher = self.path.bus.publisher()
        for fact in facts:
            sequence = self._sequences.get(complaint_id, 0) + 1
            self._sequences[complaint_id] = sequence
            event = an_event(fact, complaint_id, source="tracker", sequence=sequence)
            await publisher.publish([as_outgoing(event, "complaints.tracked")])
        await self.path.settle()


@asynccontextmanager
async def open_door(
    dsn: str, secrets_file: FilePath, settings: IntakeSettings | None = None
) -> AsyncIterator[Door]:
    """Run intake on a database."""
    clock = ManualClock(NOON)
    settings = settings or IntakeSettings(secrets_file=secrets_file)
    async with running(dsn, clock, a_policy(), {"intake": build}, {"intake": settings}) as path:
        yield Door(path, clock, settings, {})


@pytest.fixture
def secrets_file(tmp_path: FilePath) -> FilePath:
    """The keys of a test's installation."""
    file = tmp_path / "secrets.toml"
    file.write_text(SECRETS)
    return file


@pytest.fixture
async def door(dsn: str, secrets_file: FilePath) -> AsyncIterator[Door]:
    """Intake on a fresh database."""
    async with open_door(dsn, secrets_file) as opened:
        yield opened
