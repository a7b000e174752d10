"""`whistle deliveries`: an operator finds what failed and sends it once more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.deliveries import app
from services.runtime.ids import new_id
from services.runtime.keys import Role
from tests.cli.serving import served
from tests.notifier.conftest import Door, open_door
from tests.notifier.receivers import a_receiver, answer
from tests.notifier.stories import a_dispatch

RUN = CliRunner()

pytestmark = pytest.mark.postgres


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[tuple[Door, Any]]:
    """A notifier on a port that gives up at once, and the command line beside it."""
    async with open_door(dsn, tmp_path, hook_schedule="0s") as door:
        service = door.path.running["notifier"].service
        async with served(service.front or service.app) as url:
            key_file = tmp_path / "service.toml"
            key_file.write_text(f'service_key = "{await door.path.key(Role.SERVICE)}"\n')
            env = {
                "WHISTLE_DSN": dsn,
                "WHISTLE_SECRETS_FILE": str(key_file),
                "WHISTLE_NOTIFIER_URL": url,
            }

            async def whistle(*arguments: str) -> Any:
                return await asyncio.to_thread(RUN.invoke, app, list(arguments), env=env)

            yield door, whistle


async def test_what_failed_is_found_shown_counted_and_sent_once_more(
    desk: tuple[Door, Any],
) -> None:
    """The whole way of somebody who was called at night."""
    door, whistle = desk
    async with a_receiver() as receiver:
        receiver.scripts = [answer(500, b"disk full"), answer(500)]
        endpoint = await door.add_endpoint(receiver.url)
        await door.track(a_dispatch())
        await door.track(a_dispatch(), complaint_id=new_id())
        page = json.loads((await whistle("ls", "--status", "500", "--limit", "1", "--json")).stdout)
        shown = await whistle("ls", "--state", "failed", "--limit", "1")
        assert f"--before {page['next']}" in shown.stdout
        one = await whistle("show", page["next"])
        assert "OrderDispatched" in one.stdout
        assert "500" in one.stdout
        chosen = ("replay", "--endpoint", endpoint["endpoint_id"], "--type", "OrderDispatched")
        counted = await whistle(*chosen, "--dry-run")
        assert "2 would be sent once more." in counted.stdout
        single = await whistle("replay", page["next"], "--json")
        assert json.loads(single.stdout) == {"replayed": 1}
        rest = await whistle(*chosen)
        assert "1 will be sent once more." in rest.stdout
        await door.settle()
    assert [row["state"] for row in await door.rows()] == ["delivered"] * 2


async def test_a_replay_names_one_delivery_or_one_endpoint(desk: tuple[Door, Any]) -> None:
    """Nobody sends everything again by leaving something out."""
    _, whistle = desk
    neither = await whistle("replay")
    assert (neither.exit_code, "Name a delivery" in neither.output) == (2, True)
    unknown = await whistle("replay", str(new_id()))
    assert (unknown.exit_code, "There is no such delivery." in unknown.output) == (1, True)
