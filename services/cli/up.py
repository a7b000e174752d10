"""Everything on this machine without containers: PostgreSQL, Kafka, the services.

`up` is what `whistle up` does. While it runs, `DATA/stack.json` says where everything is, and
`find_stack` reads it for other commands and tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table

from services.cli.installation import SERVICES, Stack, exclusively, find_stack, make_secrets
from services.cli.policy.checking import examine
from services.policy import bundle_hash
from services.runtime import policies
from services.runtime.clock import SystemClock
from stack.kafka import KafkaBroker
from stack.postgres import EmbeddedPostgres
from stack.program import HOST, Program, Say, StackError, require_free_ports
from stack.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from stack.server import Server

__all__ = ["PORT_BASE", "SERVICES", "Stack", "find_stack", "up"]

#: A service's port is this plus its position on the path, counted from 1.
PORT_BASE = 8080
#: Added to the base; beyond the ports that the console (0) and insight (5) have by default.
POSTGRES_PORT, KAFKA_PORT, KAFKA_CONTROLLER_PORT = 10, 11, 12
#: Four interpreters that start at once on two cores need a while when the machine is busy.
READY_WITHIN_S = 120.0
PROBE_WITHIN_S = 2.0


async def up(
    data: Path,
    services: tuple[str, ...] = SERVICES,
    policy: Path | None = None,
    *,
    port_base: int = PORT_BASE,
    heap_mb: int = 384,
    console: Console | None = None,
    work: Callable[[Stack], Awaitable[None]] | None = None,
) -> None:
    """Start the stack, show what runs where, stop it cleanly on Ctrl-C or SIGTERM.

    Args:
        data: Folder for everything that is kept; made if missing.
        services: Which to start; none means the broker and the database alone.
        policy: Policy folder to put in force, unless it is; needed until one is in force.
        port_base: First port of the stack; several stacks need bases at least 20 apart.
        heap_mb: Java heap of the broker at most.
        console: Where to show what happens.
        work: What to do while it runs, after which it stops; by default wait for a signal.

    Raises:
        StackError: Something is missing or did not start; the message says what to do.
    """
    _require_known(services)
    screen = console or Console(stderr=True)

    def say(line: str) -> None:
        # As plain text: a log line may contain brackets, which rich takes for markup.
        screen.print(line, markup=False, highlight=False, soft_wrap=True)

    with exclusively(data) as file:

        def publish() -> None:
            file.update(supervisor.pids)

        async with Supervisor(say=say, on_change=publish) as supervisor:
            database, broker = await asyncio.to_thread(
                _prepare, file.data, services, port_base, heap_mb, say
            )
            await supervisor.start(_logged(database, file.data), _logged(broker, file.data))
            stack = await _describe(file.data, database, broker, port_base)
            file.publish(stack, supervisor.pids)
            await _start_services(supervisor, stack, services, policy, say)
            stack = replace(stack, pids=dict(supervisor.pids))
            screen.print(_render(stack, database.port))
            await (work(stack) if work else supervisor.run_forever())


async def _describe(
    data: Path,
    database: EmbeddedPostgres,
    broker: KafkaBroker,
    port_base: int,
) -> Stack:
    return Stack(
        data=data,
        dsn=await asyncio.to_thread(database.dsn),
        kafka=broker.bootstrap,
        services={name: f"http://{HOST}:{_port(name, port_base)}" for name in SERVICES},
        supervisor_pid=os.getpid(),
    )


def _require_known(services: tuple[str, ...]) -> None:
    if unknown := set(services) - set(SERVICES):
        raise StackError("unknown-service", f"no such service: {', '.join(sorted(unknown))}")


def _prepare(
    data: Path, services: tuple[str, ...], port_base: int, heap_mb: int, say: Say
) -> tuple[EmbeddedPostgres, KafkaBroker]:
    """Make what the servers need and the keys; the first time this fetches Kafka."""
    require_free_ports("whistle", *(_port(name, port_base) for name in services))
    make_secrets(data / "secrets.toml")
    (data / "logs").mkdir(mode=0o700, exist_ok=True)
    database = EmbeddedPostgres(data / "postgres", port_base + POSTGRES_PORT, say)
    ports = (port_base + KAFKA_PORT, port_base + KAFKA_CONTROLLER_PORT)
    broker = KafkaBroker(data / "kafka", *ports, heap_mb=heap_mb)
    database.prepare()
    broker.prepare()
    return database, broker


async def _start_services(
    supervisor: Supervisor, stack: Stack, services: tuple[str, ...], policy: Path | None, say: Say
) -> None:
    """Bring tables, topics and policy up to date, then start the services."""
    if not services:
        return
    await supervisor.run_once(
        Program(
            name="migrate",
            argv=(sys.executable, "-m", "services.runtime.migrate"),
            env=stack.environment(),
            log_file=stack.log_file("migrate"),
            ready_within_s=READY_WITHIN_S,
        )
    )
    await put_in_force(stack.dsn, policy, say)
    await supervisor.start(*(_service(name, stack) for name in SERVICES if name in services))


async def put_in_force(dsn: str, folder: Path | None, say: Say) -> None:
    """Publish a policy folder, unless what it says is in force already.

    Raises:
        StackError: It has faults, or there is no policy at all.
    """
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        store = policies.PolicyStore(pool)
        await store.refresh()
        in_force = store.current.hash if store.is_loaded else None
        if folder is None:
            if in_force is None:
                # Without rules no service ever becomes ready.
                raise StackError("no-policy", "no policy is in force yet: name a policy folder")
            return
        report = await asyncio.to_thread(examine, folder, SystemClock().now().date())
        if not report.is_good:
            raise StackError(
                "policy-refused", f"{folder} has faults; `whistle policy check {folder}` lists them"
            )
        if bundle_hash(report.files) != in_force:
            published = await policies.publish(pool, report.files, actor="whistle up")
            say(f"Policy {folder} is in force ({published})")


def _service(name: str, stack: Stack) -> Program:
    url = stack.services[name]

    async def is_ready() -> bool:
        # A client of its own each time: a restart may be years after the start.
        # Without the certificates, which cost 40 ms of CPU to load and are not for loopback.
        async with httpx.AsyncClient(
            timeout=PROBE_WITHIN_S,
            trust_env=False,
            verify=False,  # noqa: S501
        ) as client:
            with contextlib.suppress(httpx.HTTPError):
                return (await client.get(f"{url}/readyz")).status_code == httpx.codes.OK
        return False

    # Told by the name of one service, so that one failure at a time is tried; and told once, so
    # that the restarted service lives.
    failpoint = os.environ.get(f"WHISTLE_FAILPOINT_{name.upper()}", "")
    return Program(
        name=name,
        argv=(sys.executable, "-m", f"services.{name}"),
        env={
            **stack.environment(),
            "WHISTLE_HOST": HOST,
            "WHISTLE_PORT": str(httpx.URL(url).port),
            # Stable over restarts: a killed service has its partitions back at once.
            "WHISTLE_INSTANCE": name,
            "WHISTLE_FAILPOINT": "",
            # Beside everything else that is kept, unless the operator has a store.
            "WHISTLE_ATTACHMENTS": os.environ.get(
                "WHISTLE_ATTACHMENTS", str(stack.data / "attachments")
            ),
        },
        env_once={"WHISTLE_FAILPOINT": failpoint},
        log_file=stack.log_file(name),
        ready=is_ready,
        after=("postgres", "kafka"),
        ready_within_s=READY_WITHIN_S,
    )


def _port(name: str, port_base: int) -> int:
    return port_base + 1 + SERVICES.index(name)


def _logged(server: Server, data: Path) -> Program:
    """Keep a server's log with those of the services."""
    return replace(server.program(), log_file=data / "logs" / f"{server.name}.log")


def _render(stack: Stack, database_port: int) -> Table:
    # Not the database's whole address, which holds its password.
    addresses = {"postgres": f"{HOST}:{database_port}", "kafka": stack.kafka, **stack.services}
    table = Table(title=f"Whistle runs on {stack.data}", title_justify="left")
    for heading in ("Name", "Address", "Process", "Log"):
        table.add_column(heading, overflow="fold")
    for name, pid in stack.pids.items():
        table.add_row(name, addresses[name], str(pid), str(stack.log_file(name)))
    return table
