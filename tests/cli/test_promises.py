"""`whistle sla recompute`: shown first, moved only on a supervisor's word."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from services.cli.promises import Recount, app, shift_of
from services.events import DeadlineRecomputed
from services.intake.__main__ import IntakeSettings
from services.intake.__main__ import build as build_intake
from services.policy import load
from services.runtime.clock import ManualClock
from services.runtime.keys import Role
from services.tracker.__main__ import TrackerSettings
from services.tracker.__main__ import build as build_tracker
from tests.builders import NOON
from tests.cli.serving import served
from tests.harness import running
from tests.intake.callers import SECRETS
from tests.policies import SLA, policy_files
from tests.tracker.stories import routed
from tests.tracker.world import World

RUN = CliRunner()
SHORTER = SLA.replace('handle_within = "7d"', 'handle_within = "3d"')

pytestmark = pytest.mark.postgres


@dataclass
class Town:
    """A tracker and a door at work, one promise running, and a new policy in a folder."""

    world: World
    key: UUID
    new: str
    supervisor: str
    env: dict[str, str | None] = field(default_factory=dict)

    async def whistle(self, *arguments: str) -> Any:
        """Run `whistle sla recompute`, beside the services."""
        said = ["recompute", "--policy", self.new, *arguments]
        result = await asyncio.to_thread(RUN.invoke, app, said, env=self.env)
        await self.world.path.settle()
        return result

    def moved(self) -> list[DeadlineRecomputed]:
        """What was told to have moved."""
        told = [event.data for event in self.world.events(self.key)]
        return [fact for fact in told if isinstance(fact, DeadlineRecomputed)]


@pytest.fixture
async def town(dsn: str, tmp_path: Path) -> AsyncIterator[Town]:
    """One complaint with an order; seven days were promised, three would be."""
    folder = tmp_path / "new"
    folder.mkdir()
    for name, content in policy_files(sla=SHORTER).items():
        (folder / name).write_bytes(content)
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(SECRETS)
    settings = {
        "intake": IntakeSettings(secrets_file=secrets),
        "tracker": TrackerSettings(secrets_file=secrets),
    }
    builds = {"intake": build_intake, "tracker": build_tracker}
    clock, others = ManualClock(NOON), (load(policy_files(sla=SHORTER)),)
    started = running(dsn, clock, load(policy_files()), builds, settings, others=others)
    async with started as path, AsyncExitStack() as doors:
        urls = [await doors.enter_async_context(served(_front(path, name))) for name in builds]
        world = World(path, clock)
        client = await path.client("intake", Role.OPERATOR)
        body = {"channel": "phone", "text": "垃圾没有人清运"}
        key = UUID((await client.post("/v1/complaints", json=body)).json()["complaint_id"])
        await path.settle()
        await world.say(key, routed())
        key_file = tmp_path / "service.toml"
        key_file.write_text(f'service_key = "{await path.key(Role.SERVICE)}"\n')
        env: dict[str, str | None] = {
            "WHISTLE_DSN": dsn,
            "WHISTLE_PLATFORM_DSN": None,
            "WHISTLE_SECRETS_FILE": str(key_file),
            "WHISTLE_INTAKE_URL": urls[0],
            "WHISTLE_TRACKER_URL": urls[1],
            "WHISTLE_KEY": None,
        }
        yield Town(world, key, str(folder), await path.key(Role.SUPERVISOR), env)


def _front(path: Any, name: str) -> Any:
    service = path.running[name].service
    return service.front or service.app


async def test_a_dry_run_shows_what_would_move_and_moves_nothing(town: Town) -> None:
    """By agency, with examples; the folder is not put in force by looking."""
    result = await town.whistle("--dry-run", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["cases"], told["moved"], told["is_approved"]) == (1, 1, False)
    assert told["by_agency"][0]["earlier"] == 1
    assert shift_of(told["examples"][0]) == -timedelta(days=4)
    assert town.moved() == []


async def test_approved_by_a_supervisor_it_moves(town: Town) -> None:
    """And a second time there is nothing left to move."""
    was = town.world.order(town.key).due_at
    result = await town.whistle("--approve", "--key", town.supervisor)
    assert result.exit_code == 0, result.output
    assert "1 orders were told to move" in result.stdout
    [moved] = town.moved()
    assert moved.due_at == was - timedelta(days=4)
    again = json.loads((await town.whistle("--json")).stdout)
    assert (again["cases"], again["moved"]) == (0, 0)


async def test_without_a_supervisors_key_nothing_moves(town: Town) -> None:
    """Neither without any key, nor with one that may only read."""
    assert (await town.whistle("--approve")).exit_code == 2
    auditor = await town.world.path.key(Role.AUDITOR)
    assert (await town.whistle("--approve", "--key", auditor)).exit_code == 1
    assert town.moved() == []


def test_only_what_was_provisional_is_counted_if_asked() -> None:
    """When a year's calendar is published, only those orders are to move."""
    order = {
        "agency": "a",
        "was_due_at": "2027-01-08T16:00:00Z",
        "due_at": "2027-01-11T16:00:00Z",
        "is_provisional": False,
    }
    page = {
        "looked_at": 2,
        "items": [
            {**order, "complaint_id": "1", "was_provisional": True},
            {**order, "complaint_id": "2", "was_provisional": False},
        ],
    }
    found = Recount("0" * 16)
    assert found.add(page, only_provisional=True) == ["1"]
    row = {"agency": "a", "earlier": 0, "later": 1, "no_longer_provisional": 1}
    assert (found.cases, found.moved, found.by_agency()) == (2, 1, [row])
