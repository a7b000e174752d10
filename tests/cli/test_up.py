"""`whistle up` with real servers; what the services do with them is tested elsewhere."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import stat
import tomllib
from typing import TYPE_CHECKING

import asyncpg
import psutil
import pytest
from rich.console import Console

from services.cli.installation import exclusively, make_secrets
from services.cli.up import Stack, find_stack, up
from stack.program import StackError, find_free_base

if TYPE_CHECKING:
    from pathlib import Path

WITHIN_S = 60.0


@pytest.mark.kafka
@pytest.mark.postgres
async def test_the_servers_run_while_work_is_done_and_are_gone_afterwards(
    server_folder: Path,
) -> None:
    """Other commands find a running stack by its folder, and nothing stale later."""
    screen = Console(file=io.StringIO(), width=200)
    seen: list[Stack] = []

    async def work(stack: Stack) -> None:
        seen.append(stack)
        found = find_stack(server_folder)
        assert found == stack
        connection = await asyncpg.connect(stack.dsn)
        assert await connection.fetchval("SELECT current_database()") == "whistle"
        await connection.close()

    await up(server_folder, (), port_base=find_free_base(), console=screen, work=work)

    (stack,) = seen
    assert not any(psutil.pid_exists(pid) for pid in stack.pids.values())
    assert find_stack(server_folder) is None
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    for name in ("postgres", "kafka"):
        assert name in shown
        assert str(stack.pids[name]) in shown


@pytest.mark.kafka
@pytest.mark.postgres
async def test_the_stack_file_follows_a_restart_and_ctrl_c_ends_it(server_folder: Path) -> None:
    """The file never names a process that is gone, and Ctrl-C is no error."""
    screen = Console(file=io.StringIO())

    async def work(stack: Stack) -> None:
        killed = stack.pids["postgres"]

        def is_noted() -> bool:
            found = find_stack(server_folder)
            return found is not None and found.pids.get("postgres", killed) != killed

        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(WITHIN_S):
            while not is_noted():  # noqa: ASYNC110 - files set no event
                await asyncio.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.get_running_loop().create_future()

    await up(server_folder, (), port_base=find_free_base(), console=screen, work=work)

    assert find_stack(server_folder) is None


@pytest.mark.kafka
@pytest.mark.postgres
async def test_services_are_not_started_without_a_policy(server_folder: Path) -> None:
    """They would never become ready, and nobody would know why."""
    screen = Console(file=io.StringIO())
    with pytest.raises(StackError, match="name a policy folder"):
        await up(server_folder, ("intake",), port_base=find_free_base(), console=screen)

    assert find_stack(server_folder) is None


async def test_two_stacks_never_share_a_folder(tmp_path: Path) -> None:
    """The second is told so instead of waiting or breaking the first."""
    with exclusively(tmp_path), pytest.raises(StackError, match="another `whistle up` runs"):
        await up(tmp_path, ())


async def test_an_unknown_service_is_named(tmp_path: Path) -> None:
    """Before anything is started."""
    with pytest.raises(StackError, match="no such service: rooter"):
        await up(tmp_path, ("intake", "rooter"))


def test_the_keys_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    """With new keys nothing that was stored could be read."""
    path = tmp_path / "secrets.toml"
    make_secrets(path)
    first = path.read_text()
    make_secrets(path)

    assert path.read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = tomllib.loads(first)
    assert keys["admin_key"].startswith("whk_")
    assert keys["service_key"].startswith("whk_")
    assert len(set(keys.values())) == len(keys) == 6


def test_a_file_left_by_a_killed_supervisor_is_not_believed(tmp_path: Path) -> None:
    """Its processes died with it."""
    gone = psutil.Popen(["true"])
    gone.wait()
    with exclusively(tmp_path) as file:
        file.publish(Stack(tmp_path, "dsn", "kafka", {}, gone.pid), {})
        assert find_stack(tmp_path) is None
