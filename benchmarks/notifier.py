"""Deliveries a second beside bare HTTP loops, how late they are, and what outages do to others.

    python -m benchmarks.notifier                     # brings up what it needs, about ten minutes
    python -m benchmarks.notifier --parts kills       # 100,000 deliveries under random kill -9

Ours goes the real way: events on Kafka, rows in PostgreSQL, signed, every attempt recorded, every
outcome told through the outbox; a block ends when the last row is written. The bare loops sign and
POST the same payloads to the same receivers, in alternating blocks: read the ratio, not the
absolutes. Broker, database, receivers, notifier and this program share the machine's cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.killing import kills
from benchmarks.lateness import hostile, outage, steady
from benchmarks.outside import Outside, around
from benchmarks.telling import orders
from services.cli.up import up
from stack.program import find_free_base

if TYPE_CHECKING:
    from services.cli.installation import Stack

ENDPOINTS = (1, 25, 500)
#: The bare loops, and the share of a block that each sends: httpx would take a minute for all.
BARE = {"httpx": 0.2, "aiohttp": 1.0}
#: Requests in flight: as many as the notifier has at one endpoint; more helps neither client.
TASKS_PER_ENDPOINT, TASKS_MAX = 8, 32

#: A schedule, and a timeout, for ten minutes in one: everything ten times as fast.
SHORT_SCHEDULE = "0s 1s 30s 1m 2m 5m 10m 20m 20m 20m"
SHORT_TIMEOUT_S = 1.5

_LAST = "SELECT extract(epoch FROM max(finished_at))::float FROM notifier.delivery"
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'whistle-notifier'"


async def ours(city: Outside, count: int, endpoints: int) -> dict[str, float]:
    """Deliver so many events; the clock runs from the first event to the last row."""
    await city.forget()
    events = list(orders(count, city.agencies[:endpoints]))
    notifier = psutil.Process(city.stack.pids["notifier"])
    used, server = _used(notifier), await _server_used(city)
    began, began_at = time.monotonic(), time.time()
    await city.tracker.tell(events)
    await city.settled(count)
    came = await city.receivers.report()
    ended_at = await city.pool.fetchval(_LAST)
    if len({event for _, event, _ in came}) != count:
        raise SystemExit(f"{count} told, {len(came)} came")
    return {
        "per_second": round(count / (ended_at - began_at), 1),
        "received_per_second": round(count / (max(at for _, _, at in came) - began), 1),
        "cpu_ms": round(1000 * (_used(notifier) - used) / count, 3),
        "server_cpu_ms": round(1000 * (await _server_used(city) - server) / count, 3),
    }


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _server_used(city: Outside) -> float:
    rows = await city.pool.fetch(_BACKENDS)
    return sum(_used(psutil.Process(row["pid"])) for row in rows)


async def bare(city: Outside, name: str, count: int, endpoints: int) -> dict[str, float]:
    """Let a bare loop send so many."""
    order = {
        "urls": [city.receivers.url(n) for n in range(endpoints)],
        "count": count,
        "tasks": min(TASKS_MAX, TASKS_PER_ENDPOINT * endpoints),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.sending", name, json.dumps(order)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    found = json.loads(said)
    await city.receivers.report()
    if found["failed"]:
        raise SystemExit(f"{name}: {found['failed']} of {count} failed")
    return {"per_second": round(count / found["seconds"], 1)}


async def compare(city: Outside, options: argparse.Namespace) -> dict[str, Any]:
    """Alternate between the three at every number of endpoints."""
    levels: dict[str, Any] = {}
    for endpoints in options.endpoints:
        await city.subscribe(endpoints)
        await ours(city, options.count // 4, endpoints)  # Connections, statements, caches.
        blocks: dict[str, list[dict[str, float]]] = {"ours": [], **{name: [] for name in BARE}}
        for _ in range(options.blocks):
            blocks["ours"].append(await ours(city, options.count, endpoints))
            for name, share in BARE.items():
                count = int(options.count * share)
                blocks[name].append(await bare(city, name, count, endpoints))
        levels[str(endpoints)] = blocks | {"ratio": _ratio(blocks)}
        print(f"{endpoints} endpoints: {levels[str(endpoints)]}", file=sys.stderr)
    return levels


def _ratio(blocks: dict[str, list[dict[str, float]]]) -> float:
    """Ours for one of the faster bare loop; the median over alternating blocks."""
    faster = max(BARE, key=lambda name: _middle(blocks[name]))
    pairs = zip(blocks["ours"], blocks[faster], strict=True)
    return round(statistics.median(a["per_second"] / b["per_second"] for a, b in pairs), 3)


def _middle(blocks: list[dict[str, float]]) -> float:
    return statistics.median(one["per_second"] for one in blocks)


def show(levels: dict[str, Any]) -> None:
    """Show the three side by side; medians over the blocks."""
    shown = Table("endpoints", "ours/s", *(f"{name}/s" for name in BARE), "ratio", "CPU ms each")
    for endpoints, found in levels.items():
        rates = [f"{_middle(found[name]):.0f}" for name in ("ours", *BARE)]
        cpu = statistics.median(one["cpu_ms"] for one in found["ours"])
        shown.add_row(endpoints, *rates, f"{found['ratio']:.2f}", f"{cpu:.2f}")
    Console(stderr=True).print(shown)


Part = Callable[[Outside, argparse.Namespace], Awaitable[dict[str, Any]]]
PARTS: dict[str, Part] = {
    "compare": compare,
    "steady": steady,
    "outage": outage,
    "hostile": hostile,
    "kills": kills,
}


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """Bring up database, broker and notifier, measure, take them down."""
    found: dict[str, Any] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]}

    async def work(stack: Stack) -> None:
        async with around(stack, options.policy) as city:
            for name in options.parts:
                found[name] = await PARTS[name](city, options)
                print(f"{name}: {json.dumps(found[name])}", file=sys.stderr)

    base = find_free_base()
    with tempfile.TemporaryDirectory(prefix="whistle-bench-") as folder:
        await up(Path(folder), ("notifier",), options.policy, port_base=base, work=work)
    return found


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policy", type=Path, default=Path("policy/beijing"))
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=[p for p in PARTS if p != "kills"]
    )
    parser.add_argument("--endpoints", type=int, nargs="+", default=ENDPOINTS)
    parser.add_argument("--count", type=int, default=10_000, help="deliveries in a block")
    parser.add_argument("--blocks", type=int, default=3, help="blocks of each at each level")
    parser.add_argument("--rate", type=float, default=300.0, help="events a second, by the clock")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each steady block")
    parser.add_argument("--killed", type=int, default=100_000, help="deliveries under kills")
    parser.add_argument("--seed", type=int, default=0, help="of the kills; 0 draws one")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/notifier.json"))
    options = parser.parse_args()
    os.environ["WHISTLE_HOOK_ALLOW"] = "127.0.0.0/8"
    if {"outage", "hostile", "kills"} & set(options.parts):
        os.environ["WHISTLE_HOOK_SCHEDULE"] = SHORT_SCHEDULE
        os.environ["WHISTLE_HOOK_TIMEOUT_S"] = str(SHORT_TIMEOUT_S)
    found = asyncio.run(run(options))
    if "compare" in found:
        show(found["compare"])
    known = json.loads(options.json.read_text()) if options.json.exists() else {}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(known | found, indent=2) + "\n")


if __name__ == "__main__":
    main()
