"""Many deliveries while the notifier is killed at random moments: nothing missing, none twice.

Each endpoint must have got every event of its own at least once, always under the same
`webhook-id`; each delivery has one row, which says `delivered`, and one fact that says so.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from benchmarks.telling import orders
from services.cli.installation import find_stack
from services.cli.watching import follow
from services.events import HookDelivered

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from benchmarks.outside import Outside

ENDPOINTS = 25
#: Told at once, so that the backlog is neither empty nor everything.
TOLD_AT_ONCE = 2_000
#: Seconds between two kills; a start takes about two.
ALIVE_S = (1.0, 8.0)
#: Of 25, so many now and then answer 500: attempts after the first must survive as well.
FLAKY = 5
WITHIN_S = 1800.0

_ROWS = """
    SELECT count(*) AS rows, count(*) FILTER (WHERE state = 'delivered') AS delivered,
        count(*) FILTER (WHERE attempts > 1) AS tried_again,
        count(DISTINCT (endpoint_id, event_id)) AS distinct_rows
    FROM notifier.delivery
"""


class Killer:
    """Kills the notifier of a stack again and again; the stack starts it again."""

    def __init__(self, city: Outside, seed: int) -> None:
        """Draw the moments from a seed."""
        self._data = city.stack.data
        self._dice = random.Random(seed)  # noqa: S311 - moments
        self.kills = 0

    async def run(self) -> None:
        """Kill until cancelled."""
        while True:
            await asyncio.sleep(self._dice.uniform(*ALIVE_S))
            stack = find_stack(self._data)
            pid = stack.pids.get("notifier") if stack else None
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.kills += 1


async def kills(city: Outside, options: argparse.Namespace) -> dict[str, Any]:
    """Count at the receivers, in the rows and on the topic.

    Raises:
        SystemExit: Something is missing or double; what was counted is printed before.
    """
    seed = options.seed or random.randrange(10**6)  # noqa: S311
    agencies = await city.subscribe(ENDPOINTS)
    await city.forget()
    killer, told = Killer(city, seed), dict[str, str]()
    killing = asyncio.ensure_future(killer.run())
    flaking = asyncio.ensure_future(_flake(city))
    for left in range(options.killed, 0, -TOLD_AT_ONCE):
        events = list(orders(min(left, TOLD_AT_ONCE), agencies))
        hosts = (city.receivers.host(n % ENDPOINTS) for n in range(len(events)))
        told.update((str(e.id), host) for e, host in zip(events, hosts, strict=True))
        await city.tracker.tell(events)
        await city.settled(len(told) - TOLD_AT_ONCE, WITHIN_S)
    killing.cancel()
    flaking.cancel()
    city.receivers.behave("good", *range(FLAKY))
    await city.settled(len(told), WITHIN_S)
    found = {"deliveries": len(told), "kills": killer.kills, "seed": seed}
    found |= await _counted(city, told)
    if found["faults"] or killer.kills == 0:
        print(json.dumps(found, indent=2), file=sys.stderr)
        raise SystemExit("something is missing or double")
    return found


async def _flake(city: Outside) -> None:
    """Let some receivers fail now and then."""
    while True:
        for manner in ("broken", "good"):
            city.receivers.behave(manner, *range(FLAKY))
            await asyncio.sleep(1)


async def _counted(city: Outside, told: Mapping[str, str]) -> dict[str, Any]:
    """Compare what was told with what is known everywhere."""
    came = Counter((event, host) for host, event, _ in await city.receivers.report())
    row = await city.pool.fetchrow(_ROWS)
    facts = await _facts(city, len(told))
    faults = {
        "never_came": sum((event, host) not in came for event, host in told.items()),
        "came_elsewhere": sum(told.get(event) != host for event, host in came),
        "rows_missing_or_double": row["rows"] - len(told),
        "rows_not_delivered": row["rows"] - row["delivered"],
        "rows_not_distinct": row["rows"] - row["distinct_rows"],
        "facts_missing": len(told) - len({event for event, _ in facts}),
        "facts_double": sum(n > 1 for n in Counter(event for event, _ in facts).values()),
    }
    return {
        "received": came.total(),
        "received_again": came.total() - len(came),
        "tried_again": row["tried_again"],
        "faults": {name: n for name, n in faults.items() if n},
    }


async def _facts(city: Outside, count: int) -> Sequence[tuple[UUID, UUID]]:
    """Read which events were said to be delivered; a fact that was published twice is one."""
    facts: dict[UUID, tuple[UUID, UUID]] = {}
    reading = follow(city.stack.kafka, ["complaints.notified"], from_beginning=True)
    with suppress(TimeoutError):
        while True:
            async with asyncio.timeout(5 if len(facts) >= count else 20):
                _, event = await anext(reading)
            if event is not None and isinstance(event.data, HookDelivered):
                facts[event.id] = (event.data.event_id, event.data.endpoint_id)
    return list(facts.values())
