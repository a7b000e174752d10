"""From POST to webhook: latency at steady rates, CPU by process, and the highest rate held.

    python -m benchmarks.path --data .data        # a running stack, see `whistle up`

Complaints arrive by the clock, not when the last one was answered (an open loop), so a slow
stack can't slow its own load down. A rate is held if the stack keeps up with it: nothing is
left to deliver two seconds after the last POST. Everything, this program too, shares the
machine's cores.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.wire import Connection, receive
from services.cli.installation import Stack, find_stack

RATES = (15.0, 50.0, 100.0, 200.0, 400.0)
MATTERS = (
    ("小区供暖温度不达标，室内只有十五度，老人和孩子受不了，请尽快处理。", "110105"),
    ("楼下烧烤店夜里两点还在营业，噪音和油烟影响休息，希望有人来管。", "110108"),
    ("路灯坏了一个多星期，晚上回家什么也看不见，请派人维修。", "110106"),
    ("单元门口长期堆放建筑垃圾，没有人清理，味道很大。", "110112"),
    ("公交车站牌被撞歪了，等车的人很危险，请尽快修好。", "110101"),
)
SETTLE_S = 2.0


@dataclass
class Run:
    """What one rate gave; times in milliseconds, CPU in percent of one core."""

    rate: float
    posted: int = 0
    refused: int = 0
    delivered: int = 0
    post_p50: float = 0.0
    post_p99: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    backlog: int = 0
    drained_s: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    machine_cpu: float = 0.0

    @property
    def is_held(self) -> bool:
        """True if the stack kept up."""
        return not self.refused and not self.backlog


class Load:
    """Posts complaints and sees their webhooks arrive."""

    def __init__(self, stack: Stack, key: str, connections: int) -> None:
        self._stack = stack
        self._key = key
        host, port = stack.services["intake"].removeprefix("http://").split(":")
        self._idle: asyncio.Queue[Connection] = asyncio.Queue()
        for _ in range(connections):
            self._idle.put_nowait(Connection(host, int(port)))
        self._posted: dict[bytes, float] = {}
        self._arrived: dict[bytes, float] = {}
        self._count = itertools.count(time.time_ns() // 1000)

    def arrive(self, body: bytes) -> None:
        """A webhook is here: note when, by the complaint it is about."""
        now = time.monotonic()
        at = body.find(b'"complaintid":"') + 15
        self._arrived.setdefault(body[at : at + 36], now)

    async def run(self, rate: float, seconds: float) -> Run:
        """Post at a steady rate, then wait until everything is delivered."""
        self._posted, self._arrived = {}, {}
        run, posts = Run(rate), []
        before, began_cpu = cpu_seconds(self._stack), time.monotonic()
        psutil.cpu_percent()
        began = time.monotonic() + 0.1
        for n in range(int(rate * seconds)):
            due = began + n / rate
            if (wait_s := due - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            posts.append(asyncio.ensure_future(self._post(run, due)))
        ended = time.monotonic()
        while time.monotonic() < ended + SETTLE_S and self._left(posts):
            await asyncio.sleep(0.01)
        run.backlog = self._left(posts)
        after, spent = cpu_seconds(self._stack), time.monotonic() - began_cpu
        run.cpu = {n: round(100 * (after[n] - before.get(n, 0)) / spent, 1) for n in after}
        run.machine_cpu = psutil.cpu_percent()
        times = [spent for spent in await asyncio.gather(*posts) if spent is not None]
        await self._drain(run, ended)
        self._figures(run, times)
        return run

    def _left(self, posts: list[asyncio.Future[float | None]]) -> int:
        """How many complaints are not accepted yet, or not delivered."""
        waiting = sum(not post.done() for post in posts)
        return waiting + len(self._posted) - len(self._arrived)

    async def _post(self, run: Run, due: float) -> float | None:
        number = next(self._count)
        text, district = MATTERS[number % len(MATTERS)]
        body = {
            "channel": "phone",
            "text": f"{text}（{number}）",
            "place": {"district": district},
            "reporter": {"phone": f"139{number % 10**8:08d}"},
        }
        connection = await self._idle.get()
        try:
            status, answer = await connection.post("/v1/complaints", self._key, body)
        except (OSError, asyncio.IncompleteReadError):
            status, answer = 0, None
        finally:
            self._idle.put_nowait(connection)
        if status != httpx.codes.ACCEPTED:
            run.refused += 1
            return None
        # Counted from when the call came, so that waiting for a free connection counts too.
        self._posted[answer["complaint_id"].encode()] = due
        return time.monotonic() - due

    async def _drain(self, run: Run, ended: float) -> None:
        deadline = time.monotonic() + 120
        while len(self._arrived) < len(self._posted) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        run.drained_s = round(max([*self._arrived.values(), ended]) - ended, 2)

    def _figures(self, run: Run, times: list[float]) -> None:
        path = sorted(self._arrived[i] - at for i, at in self._posted.items() if i in self._arrived)
        run.posted, run.delivered = len(self._posted), len(path)
        run.post_p50, run.post_p99 = _ms(times, 0.5), _ms(times, 0.99)
        run.p50, run.p95, run.p99 = _ms(path, 0.5), _ms(path, 0.95), _ms(path, 0.99)


def _ms(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    if not ordered:
        return float("nan")
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


def cpu_seconds(stack: Stack) -> dict[str, float]:
    """CPU used so far, by program with its children, and by this one."""
    used = {}
    for name, pid in (*stack.pids.items(), ("load", psutil.Process().pid)):
        try:
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        used[name] = sum(_used(one) for one in family)
    return used


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


async def highest_held(load: Load, start: float, seconds: float, runs: list[Run]) -> float:
    """Climb from the last rate that was held until one isn't, then halve the step twice."""
    held, step = start, 50.0
    while step >= 12:
        run = await load.run(held + step, seconds)
        runs.append(run)
        show(run)
        if run.is_held:
            held = run.rate
        else:
            step /= 2
    return held


def show(run: Run) -> None:
    """Say what a run gave, as soon as it is there."""
    verdict = "held" if run.is_held else f"not held ({run.backlog} left, {run.refused} refused)"
    print(
        f"{run.rate:>5.0f}/s  p50 {run.p50:>7.1f}  p95 {run.p95:>7.1f}  p99 {run.p99:>7.1f} ms"
        f"  POST p50 {run.post_p50:>6.1f} p99 {run.post_p99:>7.1f}  {verdict}",
        file=sys.stderr,
    )


def table(runs: list[Run], highest: float) -> Table:
    """Show all runs side by side."""
    names = list(runs[0].cpu)
    title = f"POST to webhook; highest rate held: {highest:.0f}/s"
    found = Table("rate", "p50", "p95", "p99", "POST p50/p99", "held", *names, title=title)
    for run in runs:
        found.add_row(
            f"{run.rate:.0f}/s", f"{run.p50}", f"{run.p95}", f"{run.p99}",
            f"{run.post_p50} / {run.post_p99}", "yes" if run.is_held else "no",
            *(f"{run.cpu.get(name, 0):.0f} %" for name in names),
        )  # fmt: skip
    return found


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run everything against the stack of a data folder."""
    stack = find_stack(options.data)
    if stack is None:
        raise SystemExit(f"no stack runs on {options.data}; start one with `whistle up`")
    import tomllib  # noqa: PLC0415 - used once

    key = tomllib.loads(stack.secrets_file.read_text())["service_key"]
    load = Load(stack, key, options.connections)
    server, port = await receive(load.arrive)
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=stack.services["notifier"], headers=headers) as client:
        answer = await client.post(
            "/v1/endpoints",
            json={"url": f"http://127.0.0.1:{port}/hook", "event_types": ["OrderDispatched"]},
        )
        answer.raise_for_status()
        endpoint = answer.json()["endpoint_id"]
        try:
            await asyncio.sleep(1.5)  # Every notifier has seen the new endpoint by then.
            await load.run(30, 5)  # Warm up: connections, statements, caches.
            runs = []
            for rate in options.rates:
                runs.append(await load.run(rate, options.seconds))
                show(runs[-1])
            held = max([run.rate for run in runs if run.is_held], default=0.0)
            if options.climb:
                held = await highest_held(load, held, options.seconds, runs)
        finally:
            await client.delete(f"/v1/endpoints/{endpoint}")
            server.close()
    Console(stderr=True, width=200).print(table(sorted(runs, key=lambda run: run.rate), held))
    return {"highest_held": held, "runs": [asdict(run) | {"held": run.is_held} for run in runs]}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(".data"), help="folder of `whistle up`")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="complaints a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each rate")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--no-climb", dest="climb", action="store_false")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    found = uvloop.run(measure(options))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
