"""Clocks: how late they fire, how fast after an outage, once each though workers die; a library.

    python -m benchmarks.timers                  # needs nothing running, about three minutes

On a PostgreSQL of its own (fsync on) with 400,000 open deadlines of real cases:

- steady: deadlines come due at 300 a second; a firing is late by how long after it was durable;
- outage: 100,000 are overdue, each of a case of its own; workers fire them through the tracker's
  own stage: case, order and history written, facts in the outbox, the deadline gone;
- kills: the same with `kill -9` of a random worker again and again, and then everything is counted;
- library: the bare engine (a row updated, a fact inserted) beside pgqueuer doing an update and an
  insert a job, as many jobs, as many workers, in alternating blocks: read the ratio.

Workers, database and this program share the machine's cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.crowd import Copies, Crowd
from benchmarks.firing import MARKS, enqueue, install
from benchmarks.load import answered_in
from benchmarks.office import an_office
from benchmarks.workers import Worker, a_server, together
from services.policy import Policy, folder, load
from services.runtime.clock import SystemClock
from services.runtime.ids import new_id

#: Deadlines that the tracker sets for a new order; what more a policy sets lies further ahead.
KINDS = ("sign", "at-risk", "due")

_ADVANCE = "UPDATE tracker.deadline SET due_at = due_at + interval '30 days'"
_STREAM = """
    UPDATE tracker.deadline d SET due_at = $1::timestamptz + c.n * $2::interval
    FROM (SELECT complaint_id, row_number() OVER (ORDER BY complaint_id) AS n FROM tracker.case
          ORDER BY complaint_id LIMIT $3) AS c
    WHERE d.key = c.complaint_id AND d.kind = 'sign'
"""
_OVERDUE = """
    UPDATE tracker.deadline d SET due_at = now() - random() * interval '2 hours'
    FROM (SELECT complaint_id FROM tracker.case ORDER BY complaint_id LIMIT $2) AS c
    WHERE d.key = c.complaint_id AND d.kind = $1
"""
_LEFT = "SELECT count(*) FROM tracker.deadline WHERE due_at <= now()"
#: Facts told for each overdue deadline: (deadlines with one, with more than one, with none).
_COUNTED = """
    WITH told AS (
        SELECT convert_from(body, 'UTF8')::jsonb #>> '{data,order_id}' AS order_id,
            count(*) AS facts, count(DISTINCT id) AS ids
        FROM tracker.outbox
        WHERE convert_from(body, 'UTF8')::jsonb ->> 'type' = 'whistle.OrderBreached' GROUP BY 1
    )
    SELECT count(*) FILTER (WHERE facts = 1 AND ids = 1) AS once,
        count(*) FILTER (WHERE facts > 1) AS twice,
        count(*) FILTER (WHERE told.order_id IS NULL) AS never
    FROM (SELECT order_id::text FROM tracker.work_order ORDER BY complaint_id LIMIT $1) AS due
    LEFT JOIN told USING (order_id)
"""
_MARKED = """
    INSERT INTO tracker.mark SELECT md5(n::text)::uuid, 0 FROM generate_series(1, $1) n;
"""
_DUE_MARKS = """
    INSERT INTO tracker.deadline (key, subject, kind, due_at)
    SELECT key, key, 'due', now() - random() * interval '2 hours' FROM tracker.mark
    ON CONFLICT (key, subject, kind) DO UPDATE SET due_at = excluded.due_at
"""


async def steady(pool: asyncpg.Pool, dsn: str, options: argparse.Namespace) -> dict[str, Any]:
    """Let deadlines come due by the clock and see how late each was durable."""
    count = int(options.rate * options.seconds)
    worker = await Worker.started("tracker", dsn, options, "--keep-on")
    begins = SystemClock().now() + timedelta(seconds=4)
    await pool.execute(_STREAM, begins, timedelta(seconds=1 / options.rate), count)
    await pool.execute("CHECKPOINT")
    worker.say("go")
    while SystemClock().now() < begins + timedelta(seconds=options.seconds) or await pool.fetchval(
        _LEFT
    ):
        await asyncio.sleep(0.25)
    worker.say("stop")
    late = (await worker.ended())["late"]
    return {
        "rate": options.rate,
        "fired": len(late),
        "p50_ms": answered_in(late, 0.5),
        "p99_ms": answered_in(late, 0.99),
        "max_ms": answered_in(late, 1.0),
    }


async def outage(pool: asyncpg.Pool, dsn: str, options: argparse.Namespace) -> dict[str, Any]:
    """Fire what came due while nobody watched, through the tracker's own stage."""
    await pool.execute(_OVERDUE, "at-risk", options.overdue)
    await pool.execute("VACUUM (ANALYZE) tracker.deadline")
    await pool.execute("CHECKPOINT")
    overdue, told = await pool.fetchval(_LEFT), await pool.fetchval("SELECT count(*) FROM outbox")
    found = await together("tracker", dsn, options)
    facts = await pool.fetchval("SELECT count(*) FROM outbox") - told
    return {**found, "overdue": overdue, "left": await pool.fetchval(_LEFT), "facts": facts}


async def kills(
    pool: asyncpg.Pool, dsn: str, options: argparse.Namespace, dice: random.Random
) -> dict[str, Any]:
    """Kill a random worker again and again while they catch up, then count."""
    await pool.execute("TRUNCATE outbox")
    await pool.execute(_OVERDUE, "due", options.killed)
    starting = (
        Worker.started("tracker", dsn, options, "--keep-on") for _ in range(options.workers)
    )
    workers = await asyncio.gather(*starting)
    for worker in workers:
        worker.say("go")
    killed = 0

    async def die(number: int) -> None:
        nonlocal killed
        while killed < options.kills and await pool.fetchval(_LEFT):
            await asyncio.sleep(dice.uniform(0.05, 0.5))
            await workers[number].kill()
            killed += 1
            workers[number] = await Worker.started("tracker", dsn, options, "--keep-on")
            workers[number].say("go")

    await asyncio.gather(*(die(number) for number in range(len(workers))))
    while await pool.fetchval(_LEFT):
        await asyncio.sleep(0.1)
    for worker in workers:
        worker.say("stop")
        await worker.ended()
    row = await pool.fetchrow(_COUNTED, options.killed)
    return {"deadlines": options.killed, "killed": killed, **dict(row)}


async def beside_a_library(
    pool: asyncpg.Pool, dsn: str, options: argparse.Namespace, advance: Callable[[int], None]
) -> dict[str, Any]:
    """Alternate between the bare engine and pgqueuer on the same rows."""
    await pool.execute(MARKS)
    await install(dsn)
    await pool.execute(_MARKED.replace("$1", str(options.jobs)))
    keys = [row["key"] for row in await pool.fetch("SELECT key FROM tracker.mark")]
    ours, theirs = [], []
    for _ in range(options.blocks):
        await pool.execute("TRUNCATE outbox")
        await pool.execute(_DUE_MARKS)
        await pool.execute("VACUUM (ANALYZE) tracker.deadline, tracker.mark")
        ours.append(await together("bare", dsn, options))
        await enqueue(dsn, keys, advance)
        await pool.execute("VACUUM (ANALYZE) public.pgqueuer, tracker.mark")
        theirs.append(await together("pgqueuer", dsn, options))
    pairs = zip(ours, theirs, strict=True)
    return {
        "jobs": options.jobs,
        "engine": ours,
        "pgqueuer": theirs,
        "ratio": round(statistics.median(a["per_second"] / b["per_second"] for a, b in pairs), 1),
        "lost": await pool.fetchval(
            "SELECT count(*) FROM tracker.mark WHERE fired <> $1", 2 * options.blocks
        ),
    }


async def prepare(
    dsn: str, policy: Policy, open_deadlines: int, advance: Callable[[int], None]
) -> None:
    """Make as many cases as give so many deadlines, none of them due."""
    now = SystemClock().now()
    key = new_id()
    async with an_office(dsn, policy, now) as office:
        await office.say([(key, office.received(0)), (key, office.routed(0))])
    async with asyncpg.create_pool(dsn, min_size=2, max_size=2) as pool:
        each = await pool.fetchval("SELECT count(*) FROM tracker.deadline")
        count = open_deadlines // each
        crowd = Crowd(pool, policy)
        indexes = await crowd.without_indexes()
        every = timedelta(hours=20) / count
        await crowd.copy(
            [Copies(key, now, 1, count, now - timedelta(hours=20), every)],
            lambda cases: advance(cases * each),
        )
        await pool.execute(_ADVANCE)
        await crowd.with_indexes(indexes)


async def measure(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Run every part that was asked for, one after the other."""
    seed = options.seed if options.seed is not None else random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}", file=sys.stderr)
    found: dict[str, Any] = {
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "workers": options.workers,
        "seed": seed,
    }
    policy = load(folder.read(options.policy))
    dice = random.Random(seed)  # noqa: S311

    def advancing(task: TaskID) -> Callable[[int], None]:
        return lambda amount: progress.advance(task, amount)

    async with a_server() as server:
        dsn = server.dsn("clocks")
        task = progress.add_task("open deadlines", total=options.open)
        await prepare(dsn, policy, options.open, advancing(task))
        async with asyncpg.create_pool(
            dsn, min_size=1, max_size=4, server_settings={"search_path": "tracker,public"}
        ) as pool:
            found["open"] = await pool.fetchval("SELECT count(*) FROM deadline")
            task = progress.add_task("library's jobs", total=options.jobs * options.blocks)
            parts: dict[str, Callable[[], Awaitable[dict[str, Any]]]] = {
                "steady": lambda: steady(pool, dsn, options),
                "outage": lambda: outage(pool, dsn, options),
                "kills": lambda: kills(pool, dsn, options, dice),
                "library": lambda: beside_a_library(pool, dsn, options, advancing(task)),
            }
            for name in options.parts:
                began = time.monotonic()
                part = progress.add_task(name, total=1)
                found[name] = await parts[name]()
                progress.advance(part)
                print(f"{name}: {found[name]} in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return found


def table(found: dict[str, Any]) -> Table:
    """Show what was found."""
    shown = Table("what", "found", title=f"{found['open']:,} open, {found['workers']} workers")
    if one := found.get("steady"):
        late = f"p50 {one['p50_ms']} ms, p99 {one['p99_ms']} ms, max {one['max_ms']} ms"
        shown.add_row(f"late at {one['rate']:.0f}/s", late)
    if one := found.get("outage"):
        shown.add_row(f"{one['overdue']:,} overdue", f"{one['per_second']:,}/s, {one['left']} left")
    if one := found.get("kills"):
        counts = f"{one['once']:,} once, {one['twice']} twice, {one['never']} never"
        shown.add_row(f"{one['deadlines']:,} with {one['killed']} kills", counts)
    if one := found.get("library"):
        rates = [
            statistics.median(b["per_second"] for b in one[who]) for who in ("engine", "pgqueuer")
        ]
        shown.add_row("engine beside pgqueuer", f"{rates[0]:,.0f}/s to {rates[1]:,.0f}/s")
        shown.add_row("ratio", f"{one['ratio']} x")
    return shown


def faults(found: dict[str, Any]) -> list[str]:
    """Say what was counted that must not be."""
    wrong = []
    if (one := found.get("outage")) and (one["fired"], one["left"]) != (one["overdue"], 0):
        wrong.append(f"outage: {one}")
    if (one := found.get("kills")) and one["once"] != one["deadlines"]:
        wrong.append(f"kills: {one}")
    if (one := found.get("library")) and one["lost"]:
        wrong.append(f"library: {one['lost']} rows were not updated once by each job")
    return wrong


PARTS: Sequence[str] = ("steady", "outage", "kills", "library")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policy", type=Path, default=Path("policy/beijing"))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--open", type=int, default=400_000, help="deadlines")
    parser.add_argument("--rate", type=float, default=300.0, help="firings a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="of the steady rate")
    parser.add_argument("--overdue", type=int, default=100_000, help="after the outage")
    parser.add_argument("--workers", type=int, default=3, help="processes that fire")
    parser.add_argument("--killed", type=int, default=30_000, help="deadlines amid kills")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=20_000, help="of the library, a block")
    parser.add_argument("--blocks", type=int, default=2, help="of each beside the library")
    parser.add_argument("--seed", type=int, help="of the kills; printed")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/timers.json"))
    options = parser.parse_args()
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        found = asyncio.run(measure(options, progress))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=2) + "\n")
    Console(stderr=True).print(table(found))
    if wrong := faults(found):
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
