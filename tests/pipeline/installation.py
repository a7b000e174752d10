"""A whole installation as processes, as an operator starts it, and its account of itself."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.wire import receive
from services.cli.installation import Stack, find_stack
from services.cli.up import SERVICES
from services.cli.watching import follow
from services.events import TOPICS, Event
from services.policy import load
from services.policy.folder import read
from stack.program import find_free_base

POLICY = Path(__file__).parents[2] / "policy" / "haikou"
READY_WITHIN_S = 120.0
SETTLED_WITHIN_S = 180.0
#: What the router says of every complaint, once.
OUTCOMES = ("routed", "held", "diverted", "answered")


@dataclass
class Installation:
    """A running stack with a receiver for everything that it tells city systems."""

    data: Path
    log: Path
    stack: Stack
    client: httpx.AsyncClient
    webhooks: Counter[str] = field(default_factory=Counter)  #: How often each event came.

    async def ask(self, service: str, path: str) -> Any:
        """Get JSON, waiting out a service that is being restarted."""
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                with suppress(httpx.TransportError):
                    answer = await self.client.get(self.stack.services[service] + path)
                    if answer.status_code == httpx.codes.OK:
                        return answer.json()
                await asyncio.sleep(0.2)

    def pid(self, name: str) -> int:
        """The process that runs now under this name."""
        found = find_stack(self.data)
        assert found is not None
        return found.pids[name]

    def kill(self, name: str) -> None:
        """Kill a process without warning; it may be down already."""
        with suppress(ProcessLookupError, KeyError):
            os.kill(self.pid(name), signal.SIGKILL)

    async def import_rows(self, rows: Path) -> dict[str, Any]:
        """Import a file as an operator does."""
        words = ("import", rows, "--policy", POLICY, "--mapping", "orders", "--data", self.data)
        done = await whistle(*map(str, words), "--json", stdout=asyncio.subprocess.PIPE)
        said, _ = await done.communicate()
        assert done.returncode == 0, said
        found: dict[str, Any] = json.loads(said)
        return found

    async def settled(self, count: int) -> dict[str, Any]:
        """Wait until every complaint has its outcome, its case and its webhook."""
        deadline = asyncio.get_running_loop().time() + SETTLED_WITHIN_S
        while True:
            router = await self.ask("router", "/v1/totals")
            cases = (await self.ask("tracker", "/v1/totals"))["cases"]
            deliveries = (await self.ask("notifier", "/v1/totals"))["deliveries"]
            is_done = (
                sum(router[name] for name in OUTCOMES) == count
                and sum(case["count"] for case in cases) == count
                and deliveries.get("delivered", 0) == router["routed"] == sum(deliveries.values())
            )
            if is_done:
                return dict(router)
            is_late = asyncio.get_running_loop().time() > deadline
            assert not is_late, (router, cases, deliveries)
            await asyncio.sleep(0.5)

    async def history(self, count: int) -> list[Event]:
        """Everything that was said on all topics, until nothing more comes."""
        events: list[Event] = []
        reading = follow(self.stack.kafka, [topic.name for topic in TOPICS], from_beginning=True)
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(5):
                    _, event = await anext(reading)
                assert event is not None
                events.append(event)
        assert len(events) >= count
        return events


async def whistle(*words: str, **options: Any) -> asyncio.subprocess.Process:
    """Run the command line."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cli", *words, **options
    )


@asynccontextmanager
async def installation(data: Path, failpoints: dict[str, str]) -> AsyncIterator[Installation]:
    """Start everything, with a failpoint armed in each service named, and stop it afterwards."""
    armed = {f"WHISTLE_FAILPOINT_{name.upper()}": point for name, point in failpoints.items()}
    # A delivery whose receiver was slow once would else wait five minutes for its third attempt.
    hooks = {"WHISTLE_HOOK_ALLOW": "127.0.0.0/8", "WHISTLE_HOOK_SCHEDULE": "0s 2s 5s 5s 5s 10s"}
    env = os.environ | armed | hooks
    log = data / "up.log"
    words = (
        "up",
        "--data",
        str(data),
        "--policy",
        str(POLICY),
        "--port-base",
        str(find_free_base()),
    )
    with log.open("w") as output:
        process = await whistle(*words, env=env, stdout=output, stderr=output)
    try:
        stack = await _started(data, log, process)
        key = tomllib.loads(stack.secrets_file.read_text())["service_key"]
        headers = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(headers=headers, timeout=10, trust_env=False) as client:
            one = Installation(data, log, stack, client)
            server, port = await receive(_count(one.webhooks))
            answer = await client.post(
                f"{stack.services['notifier']}/v1/endpoints",
                json={"url": f"http://127.0.0.1:{port}/", "event_types": ["OrderDispatched"]},
            )
            answer.raise_for_status()
            yield one
            server.close()
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await process.wait()


async def _started(data: Path, log: Path, process: asyncio.subprocess.Process) -> Stack:
    async with asyncio.timeout(READY_WITHIN_S):
        while "Whistle runs on" not in log.read_text():
            assert process.returncode is None, log.read_text()
            await asyncio.sleep(0.2)
    stack = find_stack(data)
    assert stack is not None
    assert set(SERVICES) <= stack.pids.keys()
    return stack


def _count(webhooks: Counter[str]) -> Callable[[bytes], None]:
    def deliver(body: bytes) -> None:
        webhooks[json.loads(body)["id"]] += 1

    return deliver


def write_rows(path: Path, count: int) -> None:
    """Write orders in the shape of a city's export, in words of nobody's."""
    policy = load(read(POLICY))
    categories = sorted({rule.category for rule in policy.catalogue if rule.category})
    districts = [one for one in policy.divisions.values() if one.level == "district"]
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ["order_id", "date", "l1", "l2", "l3", "l4", "title", "text_stripped", "district"]
        )
        for n in range(count):
            chain = [
                policy.categories[code].name
                for code in policy.category_chain(categories[n % len(categories)])
            ]
            names = ([*reversed(chain)] + [""] * 4)[:4] if n % 4 else [""] * 4
            district = districts[n % len(districts)].name if n % 3 else ""
            rows.writerow(
                [
                    f"row-{n}",
                    "2018-03-01",
                    *names,
                    "",
                    f"市民反映的第{n}件事，希望尽快处理。",
                    district,
                ]
            )


def faults_of(events: list[Event], count: int) -> list[str]:
    """Check the history, not the end state: nothing lost, doubled, out of order or made up."""
    faults = []
    by_id: dict[Any, set[tuple[str, int]]] = defaultdict(set)
    sequences: dict[tuple[Any, str], set[int]] = defaultdict(set)
    for event in events:
        by_id[event.id].add((event.source, event.sequence))
        sequences[event.complaintid, event.source].add(event.sequence)
    faults += [
        f"event {one} has two places: {places}" for one, places in by_id.items() if len(places) > 1
    ]
    faults += [
        f"complaint {key} has a gap in what {source} said: {sorted(numbers)}"
        for (key, source), numbers in sequences.items()
        if numbers != set(range(1, len(numbers) + 1))
    ]
    distinct = {event.id: event for event in events}.values()
    for source, names in (
        ("intake", {"ComplaintReceived"}),
        ("router", {"ComplaintRouted", "ComplaintHeld", "ComplaintDiverted"}),
        ("tracker", {"CaseOpened"}),
    ):
        told = Counter(e.complaintid for e in distinct if type(e.data).__name__ in names)
        if len(told) != count:
            faults.append(f"{source} spoke of {len(told)} complaints, not {count}")
        faults += [f"{source} told {key} {n} times" for key, n in told.items() if n > 1]
    orders = Counter(
        e.complaintid
        for e in distinct
        if type(e.data).__name__ == "OrderDispatched" and e.data.role == "lead"
    )  # type: ignore[attr-defined]
    faults += [f"complaint {key} has {n} lead orders" for key, n in orders.items() if n > 1]
    return faults
