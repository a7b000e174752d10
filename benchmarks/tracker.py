"""Lifecycles a second beside an empty and a full database, and how long every API takes there.

    python -m benchmarks.tracker                 # needs nothing running, about four minutes

A lifecycle is received, routed, signed, resolved, call-back due (a clock fires), answered, closed,
through the tracker's own loop, stage, timers and outbox, on a PostgreSQL of its own (fsync on) and
the bus in memory: Kafka costs the same whatever is stored. Once a second of work the notes of the
sums are folded, as the service does it, and that counts, too. One database is empty, one holds
1,000,000 cases with orders, call-backs, history and clocks; both are measured in the same run in
alternating blocks: read the ratio, not the absolutes. Only the tracker's own work is timed. Where
other programs share the machine, the ratio of processor time is the steadier one.

Then every GET of the tracker's API is asked of the full one, in this process, FastAPI included.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.crowd import Copies, Crowd
from benchmarks.load import answered_in
from benchmarks.office import Office, an_office
from benchmarks.workers import a_server
from services.events import AgencyAction, Satisfaction
from services.policy import Policy, folder, load
from services.runtime.clock import SystemClock
from services.runtime.ids import new_id
from services.runtime.keys import KeyRing, Role
from services.runtime.service import spare_the_collector

KEY = "benchmark"
LIMIT_MS = 50.0
#: States that are asked for, alone and with each other filter.
STATES = {
    "/v1/cases": ("held", "handling", "resolved", "answered", "closed"),
    "/v1/orders": ("open", "overdue", "signed", "resolved", "returned"),
}

#: What share of the city's cases went how; the last three are open. Made up to have of
#: everything: pleased or not at all, late, never answered.
STORIES = {
    "pleased": 0.55,
    "content": 0.12,
    "unsolved": 0.09,
    "late": 0.08,
    "silent": 0.10,
    "asked": 0.01,
    "signed": 0.03,
    "dispatched": 0.02,
}
OPEN = ("asked", "signed", "dispatched")
ANSWERS = {"content": Satisfaction.BASICALLY, "unsolved": Satisfaction.DISSATISFIED}

_AHEAD = "UPDATE tracker.deadline SET due_at = due_at + interval '5 years'"
_SOME_CASES = "SELECT complaint_id, number FROM tracker.case ORDER BY random() LIMIT 200"


async def live(office: Office, keys: Sequence[UUID], story: str = "pleased") -> None:
    """Lead complaints through a whole life, or as far as the story goes; see `STORIES`."""
    numbered = list(enumerate(keys))
    await office.say([(key, office.received(n)) for n, key in numbered])
    await office.say([(key, office.routed(n)) for n, key in numbered])
    if story == "dispatched":
        return
    office.clock.advance(timedelta(minutes=5))
    await office.say([(key, office.report(key, AgencyAction.SIGN)) for key in keys])
    if story == "signed":
        return
    if story == "late":
        await office.wait(timedelta(days=40))
    office.clock.advance(timedelta(minutes=30))
    await office.say([(key, office.report(key, AgencyAction.RESOLVE)) for key in keys])
    await office.wait(timedelta(days=8))  # A policy may ask only once the order's time is over.
    if story == "asked":
        return
    if story == "silent":
        await office.wait(timedelta(days=40))
        return
    satisfaction = ANSWERS.get(story, Satisfaction.SATISFIED)
    await office.say([(key, office.answer(key, satisfaction)) for key in keys])


async def block(office: Office, count: int) -> tuple[float, float]:
    """Lifecycles a second, and seconds of processors for one, of one block."""
    keys = [new_id() for _ in range(count)]
    office.spent = office.used = 0.0
    office.told.clear()
    before = await office.server_used()
    await live(office, keys)
    used = office.used + await office.server_used() - before
    closed = sum(type(office.told[key][-1]).__name__ == "CaseClosed" for key in keys)
    if closed != count:
        raise SystemExit(f"only {closed} of {count} lifecycles ended: {office.told[keys[0]]}")
    return count / office.spent, used / count


async def fill(
    dsn: str, policy: Policy, office: Office, cases: int, advance: Callable[[int], None]
) -> None:
    """Live each story once, then copy them: most closed long ago, a few still open."""
    opened_at: dict[UUID, datetime] = {}
    models: list[tuple[UUID, int, bool]] = []
    for story, share in STORIES.items():
        key = new_id()
        opened_at[key] = office.clock.now()
        await live(office, [key], story)
        models.append((key, int(cases * share), story not in OPEN))
    now, first, copies = SystemClock().now(), 1, []
    for key, count, is_closed in models:
        begins_at = now - (timedelta(days=730) if is_closed else timedelta(hours=20))
        ends_at = now - (timedelta(days=1) if is_closed else timedelta())
        every = (ends_at - begins_at) / max(count, 1)
        shifted = begins_at - first * every
        copies.append(Copies(key, opened_at[key], first, count, shifted, every))
        first += count
    async with asyncpg.create_pool(dsn, min_size=2, max_size=2, command_timeout=600) as pool:
        crowd = Crowd(pool, policy)
        indexes = await crowd.without_indexes()
        await crowd.copy(copies, advance)
        await pool.execute(_AHEAD)
        await crowd.with_indexes(indexes)
    await office.make_sums()


async def lifecycles(
    empty: Office, full: Office, options: argparse.Namespace, advance: Callable[[int], None]
) -> dict[str, Any]:
    """Alternate between the two."""
    for office in (empty, full):
        await block(office, options.lifecycles // 4)  # Statements, caches.
        await office.make_sums()
    pairs = []
    for number in range(options.blocks):
        order = (empty, full) if number % 2 else (full, empty)
        found = {id(office): await block(office, options.lifecycles) for office in order}
        pairs.append((found[id(empty)], found[id(full)]))
        advance(1)

    def middle(of: Callable[[tuple[float, float], tuple[float, float]], float]) -> float:
        return round(statistics.median(of(a, b) for a, b in pairs), 3)

    return {
        "empty_per_second": middle(lambda a, _: a[0]),
        "full_per_second": middle(lambda _, b: b[0]),
        "ratio": middle(lambda a, b: b[0] / a[0]),
        "ratios": [round(b[0] / a[0], 3) for a, b in pairs],
        "empty_cpu_ms": middle(lambda a, _: 1000 * a[1]),
        "full_cpu_ms": middle(lambda _, b: 1000 * b[1]),
        "cpu_ratio": middle(lambda a, b: a[1] / b[1]),
    }


Ask = Callable[[], tuple[str, dict[str, str]]]


def _asked(path: str, **params: str | Callable[[], str]) -> Ask:
    return lambda: (path, {k: v if isinstance(v, str) else v() for k, v in params.items()})


def questions(
    policy: Policy, cases: Sequence[asyncpg.Record], dice: random.Random
) -> Iterator[tuple[str, Ask]]:
    """Every API that lists or shows, with each of its filters; each call asks for another."""

    def a_case(what: str) -> Callable[[], str]:
        return lambda: str(dice.choice(cases)[what])

    streets = sorted(code for code in policy.agencies if code.startswith("street-"))
    filters: dict[str, Callable[[], str]] = {
        "agency": lambda: dice.choice(streets),
        "district": lambda: dice.choice(streets).removeprefix("street-")[:6],
        "category": lambda: dice.choice(sorted(policy.categories)),
    }
    yield "case", lambda: (f"/v1/cases/{a_case('complaint_id')()}", {})
    yield "cases, number", _asked("/v1/cases", number=a_case("number"))
    yield "cases, further page", _asked("/v1/cases", cursor=a_case("complaint_id"))
    for path, states in STATES.items():
        what = path.removeprefix("/v1/")
        yield what, _asked(path)
        for state, (name, value) in itertools.product(states, filters.items()):
            yield f"{what}, {state}", _asked(path, state=state)
            yield f"{what}, {name}", _asked(path, **{name: value})
            yield f"{what}, {name}, {state}", _asked(path, state=state, **{name: value})
    month = SystemClock().now() - timedelta(days=75)
    for by in ("agency", "district", "street", "category"):
        yield f"rates by {by}, a month", _asked("/v1/rates", by=by, month=f"{month:%Y-%m}")
    yield "whistle rates, a month", _asked("/v1/whistle-rates", month=f"{month:%Y-%m}")
    yield "totals", _asked("/v1/totals")


async def ask_all(
    office: Office, pool: asyncpg.Pool, options: argparse.Namespace, advance: Callable[[int], None]
) -> dict[str, dict[str, Any]]:
    """Ask every question many times; times in milliseconds."""
    app = office.app
    app.state.keys = KeyRing(pool, {KEY: Role.SUPERVISOR})
    spare_the_collector()  # As the service does.
    dice = random.Random(6)  # noqa: S311 - the same every time
    cases = await pool.fetch(_SOME_CASES)
    found: dict[str, dict[str, Any]] = {}
    transport = httpx.ASGITransport(app)
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://tracker", headers=headers
    ) as client:
        others = _others(app, {"/v1/cases", "/v1/orders", "/v1/rates", "/v1/totals"})
        # By name: a question that comes twice is asked once.
        for name, ask in dict([*questions(office.policy, cases, dice), *others]).items():
            found[name] = await _times(client, ask, options.asks)
            advance(1)
    return found


def _others(app: Any, known: set[str]) -> list[tuple[str, Ask]]:  # noqa: ANN401 - FastAPI's
    """What else can be asked without saying about what: so new APIs are measured at once."""
    paths = app.openapi()["paths"]
    return [
        (path, _asked(path))
        for path, methods in paths.items()
        if path.startswith("/v1/") and path not in known and "{" not in path
        if (get := methods.get("get")) is not None
        if not any(parameter["required"] for parameter in get.get("parameters", ()))
    ]


async def _times(client: httpx.AsyncClient, ask: Ask, count: int) -> dict[str, Any]:
    times: list[float] = []
    began = time.monotonic()
    for _ in range(count + 1):
        path, params = ask()
        started = time.perf_counter()
        answer = await client.get(path, params=params)
        times.append(time.perf_counter() - started)
        if answer.status_code != httpx.codes.OK:
            raise SystemExit(f"{path} {params} answered {answer.status_code}: {answer.text}")
        if time.monotonic() - began > 5:
            break
    measured = times[1:] or times  # The first one plans.
    return {
        "asks": len(measured),
        "p50": answered_in(measured, 0.5),
        "p99": answered_in(measured, 0.99),
    }


async def measure(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Fill one database, leave one empty, and go to and fro."""
    policy = load(folder.read(options.policy))
    found: dict[str, Any] = {
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "cases": options.cases,
    }
    now = SystemClock().now() - timedelta(hours=4)
    async with a_server() as server:
        dsn = server.dsn("full")
        async with (
            an_office(server.dsn("empty"), policy, now) as empty,
            an_office(dsn, policy, now) as full,
            asyncpg.create_pool(dsn, min_size=1, max_size=2, command_timeout=600) as pool,
        ):
            began = time.monotonic()
            task = progress.add_task("cases", total=options.cases)
            await fill(dsn, policy, full, options.cases, lambda n: progress.advance(task, n))
            found["filled_in_s"] = round(time.monotonic() - began)
            size = await pool.fetchval("SELECT pg_size_pretty(pg_database_size('full'))")
            found["size"] = size
            task2 = progress.add_task("lifecycles", total=options.blocks)
            found["lifecycles"] = await lifecycles(
                empty, full, options, lambda n: progress.advance(task2, n)
            )
            print(found, file=sys.stderr)
            if options.asks:
                task3 = progress.add_task("APIs", total=None)
                found["apis"] = await ask_all(
                    full, pool, options, lambda n: progress.advance(task3, n)
                )
    return found


def table(found: dict[str, Any]) -> Table:
    """Show the slowest first."""
    one = found["lifecycles"]
    title = (
        f"{one['empty_per_second']}/s empty, {one['full_per_second']}/s beside {found['cases']:,}"
        f" cases: {one['ratio']} (by processor time {one['cpu_ratio']})"
    )
    shown = Table("asked", "p50 ms", "p99 ms", "asks", title=title)
    for name, times in sorted(found.get("apis", {}).items(), key=lambda kv: -kv[1]["p99"]):
        shown.add_row(name, f"{times['p50']}", f"{times['p99']}", str(times["asks"]))
    return shown


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policy", type=Path, default=Path("policy/beijing"))
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--lifecycles", type=int, default=500, help="of a block")
    parser.add_argument("--blocks", type=int, default=7, help="of each database")
    parser.add_argument("--asks", type=int, default=100, help="of each API; 0 leaves them out")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/tracker.json"))
    options = parser.parse_args()
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        found = asyncio.run(measure(options, progress))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=2) + "\n")
    Console(stderr=True).print(table(found))
    slow = [
        name
        for name, times in found.get("apis", {}).items()
        if times["p99"] > LIMIT_MS and not name.startswith("totals")
    ]
    if slow:
        raise SystemExit(f"slower than {LIMIT_MS:.0f} ms at the 99th percentile: {', '.join(slow)}")


if __name__ == "__main__":
    main()
