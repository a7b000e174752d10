"""Durable accepts a second at intake beside a bare handler, and callers during a bulk import.

    python -m benchmarks.intake                  # brings up what it needs, about three minutes

Both are measured in the same run, in alternating blocks, so that whatever else the machine does
hits both alike: read the ratio, not the absolutes. Broker, database, both servers and this program
share the machine's cores. An accept counts if it was answered 202; in the end the rows in the
tables are counted and must equal the answers.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
from rich.console import Console
from rich.table import Table

from benchmarks.load import a_body, answered_in, closed_loop, open_loop
from benchmarks.wire import Connection
from services.cli.up import up
from services.runtime.keys import Role, add_key
from stack.program import find_free_base, find_free_port, is_port_free

if TYPE_CHECKING:
    from services.cli.installation import Stack

CLIENTS = (1, 16, 64, 256)
RATE = 15.0
IMPORTERS, IMPORT_ITEMS = 2, 200

_UNREAD = "SELECT count(*) FROM intake.unread"


@dataclass
class Level:
    """What one number of clients gave; times in milliseconds."""

    clients: int
    intake: list[dict[str, float]] = field(default_factory=list)
    bare: list[dict[str, float]] = field(default_factory=list)

    def middle(self, whom: str, what: str) -> float:
        """The median over the blocks."""
        return statistics.median(block[what] for block in getattr(self, whom))

    @property
    def ratio(self) -> float:
        """Accepts of intake for one of the bare handler; the median over pairs of blocks."""
        pairs = zip(self.intake, self.bare, strict=True)
        return statistics.median(
            ours["per_second"] / theirs["per_second"] for ours, theirs in pairs
        )


@dataclass
class Target:
    """A server under load, and how many accepts it has answered."""

    port: int
    key: str
    accepted: int = 0


@contextlib.asynccontextmanager
async def bare_handler(dsn: str) -> AsyncIterator[Target]:
    """Run the bare handler as a process."""
    port = find_free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bare", dsn, str(port)
    )
    try:
        async with asyncio.timeout(30):
            while is_port_free(port):
                await asyncio.sleep(0.05)
        yield Target(port, "none")
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def more_of_intake(stack: Stack, port: int, count: int) -> AsyncIterator[None]:
    """Run further processes of intake on the same port."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.intake",
            env={
                **os.environ,
                **stack.environment(),
                "WHISTLE_PORT": str(port),
                "WHISTLE_INSTANCE": f"intake-{number + 2}",
            },
        )
        for number in range(count)
    ]
    if processes:
        await asyncio.sleep(6)  # The port answers already; nothing says which process does.
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            await process.wait()


async def block(target: Target, clients: int, seconds: float) -> dict[str, float]:
    """One block of load on one server."""
    found = await closed_loop(target.port, target.key, clients, seconds)
    target.accepted += len(found.seconds)
    return {
        "per_second": round(len(found.seconds) / found.lasted, 1),
        "p50": answered_in(found.seconds, 0.5),
        "p99": answered_in(found.seconds, 0.99),
        "refused": found.refused,
    }


async def drained(pool: asyncpg.Pool) -> dict[str, float]:
    """Wait until all that is durable has been understood, so that the bare handler runs alone."""
    began, left = time.monotonic(), await pool.fetchval(_UNREAD)
    while await pool.fetchval(_UNREAD):
        await asyncio.sleep(0.1)
    return {"unread": left, "read_in_s": round(time.monotonic() - began, 1)}


async def compare(
    intake: Target, bare: Target, pool: asyncpg.Pool, options: argparse.Namespace
) -> list[Level]:
    """Alternate between the two at every number of clients."""
    for target in (intake, bare):
        await block(target, 16, 3)  # Connections, statements, caches.
        await drained(pool)
    levels = []
    for clients in options.clients:
        level = Level(clients)
        for _ in range(options.blocks):
            ours = await block(intake, clients, options.seconds)
            level.intake.append(ours | await drained(pool))
            level.bare.append(await block(bare, clients, options.seconds))
        levels.append(level)
        print(f"{clients} clients: {level.ratio:.2f} x", file=sys.stderr)
    return levels


async def surge(intake: Target, import_key: str, seconds: float) -> dict[str, float]:
    """Callers come by the clock while files are imported as fast as they are taken."""
    done = asyncio.Event()
    imports = [asyncio.ensure_future(_import(intake, import_key, done)) for _ in range(IMPORTERS)]
    await asyncio.sleep(1)
    began = time.monotonic()
    found = await open_loop(intake.port, intake.key, RATE, seconds)
    lasted = time.monotonic() - began
    done.set()
    imported = sum(await asyncio.gather(*imports))
    intake.accepted += len(found.seconds) + imported
    return {
        "rate": RATE,
        "posted": len(found.seconds),
        "refused": found.refused,
        "imported_per_second": round(imported / (lasted + 1), 1),
        "p50": answered_in(found.seconds, 0.5),
        "p99": answered_in(found.seconds, 0.99),
        "max": answered_in(found.seconds, 1.0),
    }


async def _import(intake: Target, key: str, done: asyncio.Event) -> int:
    connection, taken = Connection("127.0.0.1", intake.port), 0
    numbers = itertools.count(random.randrange(10**9))  # noqa: S311
    while not done.is_set():
        items = [
            a_body(n, origin="archive", external_id=f"row-{n}")
            for n in itertools.islice(numbers, IMPORT_ITEMS)
        ]
        status, answer = await connection.post("/v1/complaints/batch", key, {"items": items})
        if status == 200:
            taken += sum(one["status"] == 202 and one["is_new"] for one in answer["results"])
        else:
            await asyncio.sleep(1)
    connection.close()
    return taken


async def measure(stack: Stack, options: argparse.Namespace) -> dict[str, Any]:
    """Run everything against a stack that has intake alone."""
    secrets = tomllib.loads(stack.secrets_file.read_text())
    pool = await asyncpg.create_pool(stack.dsn, min_size=1, max_size=1)
    callers, _ = await add_key(pool, "callers", Role.OPERATOR)
    port = int(stack.services["intake"].rpartition(":")[2])
    intake = Target(port, callers if options.limits else secrets["service_key"])
    found: dict[str, Any] = {"processes": options.processes, "cores": os.cpu_count()}
    found |= {"load_before": os.getloadavg()[0]}
    others = more_of_intake(stack, port, options.processes - 1)
    async with others, bare_handler(stack.dsn) as bare:
        if options.clients:
            levels = await compare(intake, bare, pool, options)
            found["levels"] = [asdict(one) | {"ratio": round(one.ratio, 2)} for one in levels]
            Console(stderr=True).print(table(levels))
        if options.surge:
            intake.key = callers
            found["surge"] = await surge(intake, secrets["service_key"], options.surge)
            Console(stderr=True).print(found["surge"])
        found["durable"] = {
            "intake": await pool.fetchval("SELECT count(*) FROM intake.complaint"),
            "bare": await pool.fetchval("SELECT count(*) FROM bare_complaint"),
        }
        found["accepted"] = {"intake": intake.accepted, "bare": bare.accepted}
    await pool.close()
    return found


def table(levels: list[Level]) -> Table:
    """Show both side by side; medians over the blocks."""
    head = ("clients", "intake/s", "p50", "p99 ms", "bare/s", "p50", "p99 ms", "ratio")
    shown = Table(*head, "unread", "read in s")
    for one in levels:
        figures = [
            one.middle(who, w) for who in ("intake", "bare") for w in ("per_second", "p50", "p99")
        ]
        later = [f"{one.middle('intake', what):.1f}" for what in ("unread", "read_in_s")]
        numbers = (f"{n:.1f}" for n in figures)
        shown.add_row(str(one.clients), *numbers, f"{one.ratio:.2f}", *later)
    return shown


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """Bring up database, broker and intake, measure, take them down."""
    found: dict[str, Any] = {}

    async def work(stack: Stack) -> None:
        found.update(await measure(stack, options))

    base = find_free_base()
    with tempfile.TemporaryDirectory(prefix="whistle-bench-") as folder:
        await up(Path(folder), ("intake",), options.policy, port_base=base, work=work)
    return found


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policy", type=Path, default=Path("policy/beijing"))
    parser.add_argument("--clients", type=int, nargs="*", default=CLIENTS)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a block")
    parser.add_argument("--blocks", type=int, default=3, help="blocks of each at each level")
    parser.add_argument("--processes", type=int, default=1, help="of intake, on one port")
    parser.add_argument("--surge", type=float, default=20.0, help="seconds; 0 leaves it out")
    parser.add_argument(
        "--limits", action="store_true", help="with a caller's key, held to its rate"
    )
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/intake.json"))
    options = parser.parse_args()
    os.environ["WHISTLE_REUSE_PORT"] = "true" if options.processes > 1 else "false"
    found = asyncio.run(run(options))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=2) + "\n")
    if found["durable"] != found["accepted"]:
        raise SystemExit(f"answered {found['accepted']}, but stored {found['durable']}")


if __name__ == "__main__":
    main()
