"""Keep a set of programs running, and leave none behind.

A program that ends before it was ever ready is a mistake in how the stack is set up: the start
fails and shows the end of its log. One that ends later is started again, at growing intervals and
without limit, because a broker or database that was killed comes back by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Self

from stack.program import Program, Say, StackError, describe_exit, open_log, say_on_stderr, tail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Program", "Supervisor"]

READY_POLL_S = 0.05
RESTART_DELAY_FIRST_S = 0.2
RESTART_DELAY_MAX_S = 10.0
#: A program that ran this long is taken as healthy: its next restart is quick again.
STEADY_AFTER_S = 30.0


class Supervisor:
    """Starts programs, restarts those that die, stops all of them in reverse order.

    Used as `async with`: SIGINT and SIGTERM then end the block early, as if its work were done, and
    everything is stopped on the way out; a second signal kills what has not stopped yet. Enter it
    in the thread that lives as long as the programs, normally the main one.
    """

    def __init__(
        self, *, say: Say = say_on_stderr, on_change: Callable[[], None] = lambda: None
    ) -> None:
        """Start nothing yet.

        Args:
            say: Told when a program dies and when it is back.
            on_change: Called when `pids` has changed.
        """
        self._say = say
        self._on_change = on_change
        self._programs: dict[str, Program] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._ready: dict[str, asyncio.Event] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._owner: asyncio.Task[object] | None = None
        self._signals_seen = 0
        self._is_stopping = False
        self._is_hurried = False

    @property
    def pids(self) -> Mapping[str, int]:
        """Process ids of the programs that run, in the order they were started."""
        alive = {name: p.pid for name, p in self._processes.items() if p.returncode is None}
        return MappingProxyType(alive)

    @property
    def was_interrupted(self) -> bool:
        """Whether a signal asked for the end."""
        return self._signals_seen > 0

    async def __aenter__(self) -> Self:
        """Take over SIGINT and SIGTERM."""
        self._owner = asyncio.current_task()
        loop = asyncio.get_running_loop()
        # Outside the main thread signals cannot be taken over; the caller then stops us otherwise.
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._on_signal)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Stop everything; an end by signal is no error."""
        try:
            await self.stop()
        finally:
            loop = asyncio.get_running_loop()
            with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
                for number in (signal.SIGINT, signal.SIGTERM):
                    loop.remove_signal_handler(number)
        by_signal = self.was_interrupted and exc_type is asyncio.CancelledError
        if by_signal and self._owner is not None:
            self._owner.uncancel()
        return by_signal

    async def start(self, *programs: Program) -> None:
        """Start programs, each as soon as those it comes after are ready, and wait for all.

        May be called again for further programs; those may come after earlier ones.

        Raises:
            StackError: One ended or was not ready in time; the message shows its log's tail.
        """
        for program in in_order(programs, known=self._programs):
            self._programs[program.name] = program
            self._ready[program.name] = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                for program in programs:
                    group.create_task(self._start_first(program))
        except ExceptionGroup as errors:
            # The others were cancelled because of the first; a person needs only that one.
            raise errors.exceptions[0] from None

    async def run_once(self, program: Program) -> None:
        """Run a program that ends by itself, within its `ready_within_s`.

        Raises:
            StackError: It failed or took too long; the message shows its log's tail.
        """
        process = await self._spawn(program)
        try:
            code = await asyncio.wait_for(process.wait(), program.ready_within_s)
            why = f"failed ({describe_exit(code)})" if code else None
        except TimeoutError:
            why = f"did not end within {program.ready_within_s:g} s"
        finally:
            if process.returncode is None:
                kill_group(process.pid)
                await process.wait()
            del self._processes[program.name]
        if why is not None:
            words = f"{program.name} {why}; end of {program.log_file}:\n{tail(program.log_file)}"
            raise StackError("run-failed", words)

    async def stop(self) -> None:
        """Stop everything, last started first. Does nothing when nothing runs."""
        self._is_stopping = True
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        self._keepers.clear()
        for name in reversed(tuple(self._programs)):
            if name in self._processes:
                await self._stop_one(self._programs[name], self._processes[name])
        self._programs.clear()
        self._processes.clear()
        self._is_stopping = False
        self._on_change()

    async def run_forever(self) -> None:
        """Wait until a signal ends the enclosing block."""
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # A keeper never ends by itself; if one does, it is by a mistake that must be seen.
        done, _ = await asyncio.wait(
            [never, *self._keepers.values()], return_when=asyncio.FIRST_COMPLETED
        )
        for ended in done:
            ended.result()

    async def _start_first(self, program: Program) -> None:
        for name in program.after:
            await self._ready[name].wait()
        process = await self._spawn(program)
        problem = await self._wait_until_ready(program, process)
        if problem is not None:
            raise StackError("not-ready", problem)
        self._keepers[program.name] = asyncio.create_task(self._keep(program, process))

    async def _spawn(
        self, program: Program, *, is_restart: bool = False
    ) -> asyncio.subprocess.Process:
        with open_log(program.log_file) as log:
            process = await asyncio.create_subprocess_exec(
                *program.leashed_argv(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=program.environment(is_restart=is_restart),
                cwd=program.cwd,
                # Ctrl-C at the terminal must reach only us, so that we stop them in order.
                start_new_session=True,
            )
        self._processes[program.name] = process
        self._on_change()
        return process

    async def _wait_until_ready(
        self, program: Program, process: asyncio.subprocess.Process
    ) -> str | None:
        """Return None when the program is ready, else what went wrong."""
        why = f"was not ready within {program.ready_within_s:g} s"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(program.ready_within_s):
                while process.returncode is None:
                    if program.ready is None or await program.ready():
                        self._ready[program.name].set()
                        return None
                    await asyncio.sleep(READY_POLL_S)
                why = f"ended before it was ready ({describe_exit(process.returncode)})"
        return f"{program.name} {why}; end of {program.log_file}:\n{tail(program.log_file)}"

    async def _keep(self, program: Program, process: asyncio.subprocess.Process) -> None:
        """Start a program again whenever it ends."""
        loop = asyncio.get_running_loop()
        delay_s = RESTART_DELAY_FIRST_S
        started_at = loop.time()
        while True:
            code = await process.wait()
            self._on_change()
            if loop.time() - started_at > STEADY_AFTER_S:
                delay_s = RESTART_DELAY_FIRST_S
            self._say(
                f"{program.name} ended ({describe_exit(code)}); starting it again in "
                f"{delay_s:.1f} s, log: {program.log_file}"
            )
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, RESTART_DELAY_MAX_S)
            started_at = loop.time()
            process = await self._spawn(program, is_restart=True)
            problem = await self._wait_until_ready(program, process)
            if problem is None:
                self._say(f"{program.name} is back (process {process.pid})")
            elif process.returncode is None:
                # It hangs: only an end lets it be started again.
                self._say(problem)
                kill_group(process.pid)

    async def _stop_one(self, program: Program, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None and not self._is_hurried:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(program.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), program.stop_within_s)
            except TimeoutError:
                self._say(f"{program.name} did not stop within {program.stop_within_s:g} s")
        if process.returncode is None:
            kill_group(process.pid)
        await process.wait()
        self._on_change()

    def _on_signal(self) -> None:
        self._signals_seen += 1
        if self._signals_seen == 1 and not self._is_stopping and self._owner is not None:
            self._owner.cancel()
        else:
            # Whoever asks while we stop does not want to wait.
            self._is_hurried = True
            for pid in self.pids.values():
                kill_group(pid)


def kill_group(pid: int) -> None:
    """End a program and its children as `kill -9` does; every program leads a group of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def in_order(programs: tuple[Program, ...], known: Mapping[str, Program]) -> list[Program]:
    """Put programs in an order in which each comes after those it names.

    Raises:
        StackError: A name is taken or unknown, or programs wait for each other.
    """
    names = {program.name for program in programs}
    if len(names) < len(programs) or names & known.keys():
        raise StackError("bad-programs", f"a name is used twice among {sorted(names)}")
    ordered: list[Program] = []
    waiting, placed = list(programs), set(known)
    while waiting:
        free = [program for program in waiting if placed.issuperset(program.after)]
        if not free:
            stuck = ", ".join(f"{p.name} after {'/'.join(p.after)}" for p in waiting)
            raise StackError("bad-programs", f"these can never start: {stuck}")
        ordered += free
        placed.update(program.name for program in free)
        waiting = [program for program in waiting if program.name not in placed]
    return ordered
