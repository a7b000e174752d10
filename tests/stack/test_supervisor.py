"""The supervisor, with small real processes; broker and database at the end."""

# ruff: noqa: S603 - starting programs is what this file is for; no argument comes from outside

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import asyncpg
import psutil
import pytest

from stack.kafka import KafkaBroker
from stack.postgres import EmbeddedPostgres
from stack.program import Program, StackError, find_free_port
from stack.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

WITHIN_S = 30.0
#: Says that it runs, then waits for a signal.
PATIENT = "import signal; print('running', flush=True); signal.pause()"
#: Ignores polite requests.
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + PATIENT


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, which the supervisor brings about in the background."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - processes set no event
            await asyncio.sleep(0.01)


def says_it_runs(log_file: Path) -> Callable[[], Awaitable[bool]]:
    """Make a readiness check that reads the program's log."""

    async def is_ready() -> bool:
        return "running" in await asyncio.to_thread(log_file.read_text)

    return is_ready


class Programs:
    """Makes small programs that log into one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self, name: str, code: str = PATIENT, *, after: tuple[str, ...] = (), **more: object
    ) -> Program:
        """Describe a program that runs some Python."""
        log_file = self._folder / f"{name}.log"
        values: dict[str, object] = {"ready": says_it_runs(log_file), **more}
        argv = (sys.executable, "-c", code)
        return Program(name, argv, {}, log_file, after=after, **values)  # type: ignore[arg-type]


@pytest.fixture
def program(tmp_path: Path) -> Programs:
    """Make small programs."""
    return Programs(tmp_path)


async def test_a_program_starts_when_those_before_it_are_ready(
    program: Programs, tmp_path: Path
) -> None:
    """A service never finds its database missing."""
    order = tmp_path / "order"
    noting = f"open({str(order)!r}, 'a').write(NAME); {PATIENT}"
    async with Supervisor() as supervisor:
        await supervisor.start(
            program("c", f"NAME = 'c'; {noting}", after=("a", "b")),
            program("b", f"NAME = 'b'; {noting}", after=("a",)),
            program("a", f"NAME = 'a'; {noting}"),
        )
        assert order.read_text() == "abc"
        assert list(supervisor.pids) == ["a", "b", "c"]


async def test_programs_are_stopped_in_reverse_order(program: Programs, tmp_path: Path) -> None:
    """A service can still reach its database while it says goodbye."""
    order = tmp_path / "order"
    code = textwrap.dedent(f"""
        import signal, sys
        def leave(*_):
            open({str(order)!r}, "a").write(NAME)
            sys.exit(0)
        signal.signal(signal.SIGTERM, leave)
        print("running", flush=True)
        signal.pause()
    """)
    async with Supervisor() as supervisor:
        await supervisor.start(
            program("a", f"NAME = 'a'\n{code}"),
            program("b", f"NAME = 'b'\n{code}", after=("a",)),
            program("c", f"NAME = 'c'\n{code}", after=("b",)),
        )

    assert order.read_text() == "cba"


async def test_a_killed_program_is_started_again_and_that_is_said(program: Programs) -> None:
    """The operator learns what died of what, and that it is back."""
    said: list[str] = []
    changes: list[dict[str, int]] = []
    supervisor = Supervisor(
        say=said.append, on_change=lambda: changes.append(dict(supervisor.pids))
    )
    async with supervisor:
        await supervisor.start(program("a"))
        killed = supervisor.pids["a"]

        os.kill(killed, signal.SIGKILL)
        await until(lambda: len(said) == 2)

        assert said[0].startswith("a ended (SIGKILL); starting it again in 0.2 s")
        assert said[1] == f"a is back (process {supervisor.pids['a']})"
        assert supervisor.pids["a"] != killed
        assert changes[-1] == dict(supervisor.pids)


async def test_restarts_come_at_growing_intervals(program: Programs, tmp_path: Path) -> None:
    """A program that cannot live must not take the machine with it."""
    said: list[str] = []
    # Ready once, and never again.
    once = tmp_path / "once"
    code = f"import os; os.path.exists({str(once)!r}) and exit(3); open({str(once)!r}, 'w'); "
    async with Supervisor(say=said.append) as supervisor:
        await supervisor.start(program("a", code + PATIENT, ready=None))
        await until(once.exists)
        os.kill(supervisor.pids["a"], signal.SIGKILL)
        await until(lambda: len([line for line in said if "exit code 3" in line]) == 2)

    delays = [
        line.partition(" again in ")[2].partition(" s,")[0] for line in said if "again" in line
    ]
    assert delays[:3] == ["0.2", "0.4", "0.8"]


async def test_what_ends_before_it_is_ready_fails_the_start_with_its_log(program: Programs) -> None:
    """The reason is on the terminal, and what was started before is stopped."""
    bad = program("bad", "print('no such table'); exit(4)", after=("good",))
    async with Supervisor() as supervisor:
        with pytest.raises(StackError, match=r"(?s)bad ended .*exit code 4.*no such table"):
            await supervisor.start(program("good"), bad)

    assert not supervisor.pids


async def test_what_is_never_ready_fails_the_start_with_its_log(program: Programs) -> None:
    """The limit is named, not just the failure."""
    code = PATIENT.replace("running", "waiting")
    slow = program("slow", code, ready_within_s=0.4)
    async with Supervisor() as supervisor:
        with pytest.raises(StackError, match=r"(?s)slow was not ready within 0.4 s.*waiting"):
            await supervisor.start(slow)


async def test_what_does_not_stop_is_killed(program: Programs) -> None:
    """Ctrl-C always gives the terminal back."""
    said: list[str] = []
    async with Supervisor(say=said.append) as supervisor:
        await supervisor.start(program("stubborn", STUBBORN, stop_within_s=0.2))
        process = psutil.Process(supervisor.pids["stubborn"])

    assert not process.is_running()
    assert said == ["stubborn did not stop within 0.2 s"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_block_and_stops_everything(
    program: Programs, number: signal.Signals
) -> None:
    """As if the work were done: no error, nothing left."""
    async with Supervisor() as supervisor:
        await supervisor.start(program("a"))
        process = psutil.Process(supervisor.pids["a"])
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
        await supervisor.run_forever()

    assert supervisor.was_interrupted
    assert not process.is_running()


async def test_a_second_signal_kills_what_takes_too_long(program: Programs) -> None:
    """Whoever presses Ctrl-C twice does not want to wait for a clean end."""
    async with Supervisor() as supervisor:
        await supervisor.start(program("stubborn", STUBBORN, stop_within_s=WITHIN_S))
        process = psutil.Process(supervisor.pids["stubborn"])
        loop = asyncio.get_running_loop()
        loop.call_soon(os.kill, os.getpid(), signal.SIGINT)
        loop.call_later(0.3, os.kill, os.getpid(), signal.SIGINT)
        began_at = loop.time()
        await supervisor.run_forever()

    assert not process.is_running()
    assert loop.time() - began_at < WITHIN_S / 2


async def test_what_must_happen_once_is_not_repeated_at_a_restart(
    program: Programs, tmp_path: Path
) -> None:
    """A planted failure kills a service once; restarted, it lives."""
    once = program("a", f"import os; print(os.environ.get('ONCE')); {PATIENT}")
    once = Program(
        once.name, once.argv, {}, once.log_file, ready=once.ready, env_once={"ONCE": "yes"}
    )
    said: list[str] = []
    async with Supervisor(say=said.append) as supervisor:
        await supervisor.start(once)
        os.kill(supervisor.pids["a"], signal.SIGKILL)
        await until(lambda: (tmp_path / "a.log").read_text().count("running") == 2)

    assert (tmp_path / "a.log").read_text().split() == ["yes", "running", "None", "running"]


async def test_a_program_that_ends_by_itself_is_waited_for(program: Programs) -> None:
    """Migrations run to their end before a service starts; their failure stops the start."""
    async with Supervisor() as supervisor:
        await supervisor.run_once(program("fine", "print('done')"))
        assert not supervisor.pids
        with pytest.raises(StackError, match=r"(?s)bad failed \(exit code 1\).*ValueError: no"):
            await supervisor.run_once(program("bad", "raise ValueError('no')"))


@pytest.mark.parametrize(
    "names_after",
    [{"a": ("b",), "b": ("a",)}, {"a": ("unknown",)}],
    ids=["in a circle", "after nobody"],
)
async def test_programs_that_could_never_start_are_refused(
    program: Programs, names_after: dict[str, tuple[str, ...]]
) -> None:
    """Instead of waiting for ever."""
    async with Supervisor() as supervisor:
        with pytest.raises(StackError, match="can never start"):
            await supervisor.start(*(program(n, after=after) for n, after in names_after.items()))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells children")
def test_a_killed_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
    """Also when it had no chance to stop anything."""
    script = textwrap.dedent(f"""
        import asyncio, sys
        from pathlib import Path
        from stack.supervisor import Program, Supervisor

        async def main() -> None:
            async with Supervisor() as supervisor:
                argv = (sys.executable, "-c", {STUBBORN!r})
                log = Path(sys.argv[1]) / "log"
                await supervisor.start(Program("a", argv, {{}}, log))
                print(supervisor.pids["a"], flush=True)
                await supervisor.run_forever()

        asyncio.run(main())
    """)
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        try:
            assert supervisor.stdout is not None
            child = psutil.Process(int(supervisor.stdout.readline()))
        finally:
            supervisor.kill()

    _, alive = psutil.wait_procs([child], timeout=WITHIN_S)
    assert not alive


@pytest.mark.postgres
@pytest.mark.kafka
async def test_killed_servers_come_back_with_their_data(server_folder: Path) -> None:
    """`kill -9` of database and broker at once is repaired without a person."""
    database = EmbeddedPostgres(server_folder / "postgres", find_free_port())
    broker = KafkaBroker(server_folder / "kafka", find_free_port(), find_free_port())
    said: list[str] = []
    async with Supervisor(say=said.append) as supervisor:
        for server in (database, broker):
            await asyncio.to_thread(server.prepare)
        await supervisor.start(database.program(), broker.program())
        dsn = database.dsn("kept")
        connection = await asyncpg.connect(dsn)
        await connection.execute("CREATE TABLE noted AS SELECT 42 AS n")

        for pid in supervisor.pids.values():
            os.kill(pid, signal.SIGKILL)
        await until(lambda: sum("is back" in line for line in said) == 2)
        connection.terminate()

        assert broker.answers()
        assert database.query("SELECT n FROM noted", database="kept") == "42"
