"""Fixtures that need real servers: one broker and one PostgreSQL for the whole run.

Both start only when a test asks for them, and die with pytest however it ends (see `stack.leash`).
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stack.kafka import KafkaBroker
from stack.postgres import EmbeddedPostgres
from stack.program import find_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

#: An empty database every test database is copied from; copying one costs less than making one.
TEMPLATE = "whistle_template"


@contextlib.contextmanager
def _folder_for_a_server() -> Iterator[Path]:
    """Give a server a folder of its own, removed afterwards.

    Not pytest's `tmp_path_factory`: every pytest run takes back other users' access to the folder
    above those, and PostgreSQL runs as another user when root runs the tests.
    """
    folder = Path(tempfile.mkdtemp(prefix="whistle-test-"))
    # Before a server asks for it, so that nothing is said on the terminal.
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder for a server that one test starts for itself."""
    with _folder_for_a_server() as folder:
        yield folder


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[KafkaBroker]:
    """A running broker, shared by all tests: use topic and group names of your own."""
    with _folder_for_a_server() as folder:
        broker = KafkaBroker(folder, find_free_port(), find_free_port(), heap_mb=384)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A running PostgreSQL, shared by all tests: take a database of your own with `dsn`.

    Dropping a database waits for a checkpoint, which a disk makes slow.
    """
    with _folder_for_a_server() as folder:
        server = EmbeddedPostgres(folder, find_free_port(), is_throwaway=True)
        server.start()
        try:
            server.dsn(TEMPLATE)
            yield server
        finally:
            server.stop()


@pytest.fixture
def dsn(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The address of a fresh, empty database, dropped afterwards."""
    name = f"test_{secrets.token_hex(12)}"
    # The default strategy: copying files (`file_copy`) took twice as long, for its checkpoints.
    postgres_server.query(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    try:
        yield postgres_server.dsn(name)
    finally:
        # By force, because a failed test may have left connections behind.
        postgres_server.query(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
