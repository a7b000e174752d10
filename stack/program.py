"""What is to run, and the few things every way of running it needs.

StackError is the one error of this package: the stack cannot be brought up, and the message says
what the person at the terminal can do about it.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from stack import leash

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"
#: Below the range from which Linux (32768) and macOS (49152) take the near end of outgoing
#: connections, so that a port stays ours while its server is down for a restart.
TEST_PORTS = range(20_000, 32_000)
#: How long a port may stay taken before that is an error.
PORT_FREE_WITHIN_S = 3.0

Say = Callable[[str], None]


class StackError(Exception):
    """The stack cannot be brought up; the message says what is missing or went wrong.

    Attributes:
        code: Stable name of the cause, in kebab-case.
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep the stable code beside the words for people."""
        super().__init__(message)
        self.code = code


def say_on_stderr(line: str) -> None:
    """Tell the person at the terminal; standard output stays free for results."""


@dataclass(frozen=True, slots=True)
class Program:
    """A process to run and keep running."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]  #: Added to the caller's environment.
    log_file: Path  #: Gets standard output and error; appended to.
    ready: Callable[[], Awaitable[bool]] | None = None  #: None: ready as soon as it runs.
    after: tuple[str, ...] = ()  #: Names of the programs that must be ready first.
    user: str | None = None  #: Whom to run as; only root may name one.
    stop_signal: signal.Signals = signal.SIGTERM  #: Asks for an orderly end.
    death_signal: signal.Signals = signal.SIGKILL  #: What it gets when its supervisor is killed.
    ready_within_s: float = 60.0
    stop_within_s: float = 20.0
    cwd: Path | None = None
    #: Added at the first start only, not at restarts: what kills it once must not kill it for ever.
    env_once: Mapping[str, str] = field(default_factory=dict)

    def leashed_argv(self) -> list[str]:
        """Return the command that dies with the calling process.

        The kernel watches the calling *thread*: a program started from a short-lived thread ends
        with that thread.
        """
        script = [sys.executable, "-I", "-S", leash.__file__]
        terms = [str(os.getpid()), str(int(self.death_signal)), self.user or ""]
        return [*script, *terms, *self.argv]

    def environment(self, *, is_restart: bool = False) -> dict[str, str]:
        """Return the complete environment the program gets."""
        return {**os.environ, **self.env, **({} if is_restart else self.env_once)}


def open_log(log_file: Path) -> BinaryIO:
    """Open a log for appending; it may quote records, so only its owner may read it."""
    log_file.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def tail(log_file: Path, lines_max: int = 25, bytes_max: int = 20_000) -> str:
    """Return the last lines of a log, for an error message."""
    try:
        with log_file.open("rb") as log:
            log.seek(max(0, log_file.stat().st_size - bytes_max))
            text = log.read().decode(errors="replace")
    except OSError as error:
        return f"(no log: {error.strerror})"
    return "\n".join(text.splitlines()[-lines_max:]) or "(the log is empty)"


def describe_exit(code: int) -> str:
    """Put an exit code as `subprocess` reports it into words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def is_port_free(port: int) -> bool:
    """Say whether a server could listen on this port of the loopback address now."""
    with socket.socket() as probe:
        # As servers do: a connection that lingers in TIME_WAIT does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def require_free_ports(server: str, *ports: int) -> None:
    """Refuse to start next to somebody else's server, whose answers would be taken for ours.

    Raises:
        StackError: A port is taken.
    """
    # A stack whose supervisor was just killed needs a moment to end.
    give_up_at = time.monotonic() + PORT_FREE_WITHIN_S
    while taken := [str(port) for port in ports if not is_port_free(port)]:
        if time.monotonic() > give_up_at:
            raise StackError(
                "port-taken", f"{server} cannot start: port {', '.join(taken)} on {HOST} is in use"
            )
        time.sleep(0.05)  # noqa: TID251 - nothing tells when a port becomes free


def find_free_port() -> int:
    """Return a port nothing listens on, for a server that is started right away."""
    for port in random.sample(TEST_PORTS, len(TEST_PORTS)):
        if is_port_free(port):
            return port
    raise StackError("port-taken", "no free port was found")


def find_free_base(count: int = 20) -> int:
    """Return the first of so many ports in a row that nothing listens on, for a whole stack.

    Raises:
        StackError: There is no such row.
    """
    bases = range(TEST_PORTS.start, TEST_PORTS.stop - count, count)
    for base in random.sample(bases, len(bases)):
        if all(is_port_free(base + offset) for offset in range(count)):
            return base
    raise StackError("no-free-ports", f"no {count} free ports in a row on this machine")
