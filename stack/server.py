"""A server started, stopped and killed by calls that block; the base of broker and database."""

# ruff: noqa: S603 - starting programs is what this file is for; no argument comes from outside

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from stack.program import Program, StackError, describe_exit, open_log, tail

if TYPE_CHECKING:
    from pathlib import Path

ANSWER_POLL_S = 0.05


class Server(ABC):
    """One server process with a data folder that outlives it.

    Two ways to run it: `start` and `stop` here, or `prepare` and then `program` under a
    `stack.supervisor.Supervisor`, which also restarts it.
    """

    #: What to call the server in messages.
    name: str

    def __init__(self, data_dir: Path) -> None:
        """Remember where the data is; nothing is started or written yet."""
        self.data_dir = data_dir.resolve()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Make everything the program needs; does nothing that was already done."""

    @abstractmethod
    def program(self) -> Program:
        """Describe the process, for a supervisor or for `start`."""

    @abstractmethod
    def answers(self) -> bool:
        """Say whether the server does its work for a client right now."""

    async def is_ready(self) -> bool:
        """Ask `answers` without holding up the event loop."""
        return await asyncio.to_thread(self.answers)

    @property
    def pid(self) -> int:
        """Process id of the running server.

        Raises:
            StackError: It is not running under this object.
        """
        if self._process is None or self._process.poll() is not None:
            raise StackError("not-running", f"{self.name} is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process started by `start` is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self, timeout_s: float = 60.0) -> None:
        """Start the server and return when it answers.

        Call it from a thread that outlives the server (see `Program.leashed_argv`).

        Raises:
            StackError: It ended, or did not answer in time; the message holds the log's tail.
        """
        if self.is_running:
            return
        self.prepare()
        program = self.program()
        self._process = spawn(program)
        try:
            self._wait_until_answers(program, self._process, timeout_s)
        except BaseException:
            self.kill()
            raise

    def _wait_until_answers(
        self, program: Program, process: subprocess.Popen[bytes], timeout_s: float
    ) -> None:
        give_up_at = time.monotonic() + timeout_s
        why = f"did not answer within {timeout_s:g} s"
        while time.monotonic() < give_up_at:
            # The exit is looked at first: otherwise the answer could be another server's.
            if (code := process.poll()) is not None:
                why = f"ended at once ({describe_exit(code)})"
                break
            if self.answers():
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(ANSWER_POLL_S)
        raise StackError(
            "not-ready", f"{self.name} {why}; end of {program.log_file}:\n{tail(program.log_file)}"
        )

    def stop(self) -> bool:
        """Ask for an orderly end and wait; what hangs is killed. Does nothing when stopped.

        Returns:
            False when it had to be killed.
        """
        if self._process is None:
            return True
        program = self.program()
        if self._process.poll() is None:
            self._process.send_signal(program.stop_signal)
        try:
            self._process.wait(program.stop_within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        self._process = None
        return True

    def kill(self) -> None:
        """End the server as `kill -9` does: no farewell, no clean-up."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            # The process leads a group of its own, so nothing else can be hit.
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


def spawn(program: Program) -> subprocess.Popen[bytes]:
    """Start a program on a leash, in a session of its own.

    Its own session, so that Ctrl-C at the terminal reaches only the parent, which stops its
    children in the right order.
    """
    with open_log(program.log_file) as log:
        return subprocess.Popen(
            program.leashed_argv(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=program.environment(),
            cwd=program.cwd,
            start_new_session=True,
        )
