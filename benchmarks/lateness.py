"""How late first attempts are at a steady rate: alone, beside an outage, beside hostile receivers.

Counted from when the event was told to when the receiver had it; events are told by the clock,
however far the notifier has come. Beside others, only those of healthy receivers count.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from typing import TYPE_CHECKING, Any

from benchmarks.load import answered_in

if TYPE_CHECKING:
    from benchmarks.outside import Outside

ENDPOINTS = 25
#: Every manner of `benchmarks.receiving` that isn't one of a receiver which is merely down.
HOSTILE = (
    "silence",
    "drip",
    "endless-head",
    "endless-body",
    "redirect",
    "garbage",
    "reset",
    "throttle",
)


async def steady(city: Outside, options: argparse.Namespace) -> dict[str, Any]:
    """All receivers are well."""
    agencies = await city.subscribe(ENDPOINTS)
    await _block(city, agencies, options.rate, 5)  # Connections, statements, caches.
    return {"rate": options.rate} | await _block(city, agencies, options.rate, options.seconds)


async def outage(city: Outside, options: argparse.Namespace) -> dict[str, Any]:
    """One of 25 stops answering for as long as a block, ten times as fast as a real one."""
    found = await _beside(city, options, {"silence": [0]})
    return {"stands_for_s": options.seconds * 10, "compressed": "10x"} | found


async def hostile(city: Outside, options: argparse.Namespace) -> dict[str, Any]:
    """Eight of 25 do the worst they can."""
    return await _beside(city, options, {manner: [n] for n, manner in enumerate(HOSTILE)})


async def _beside(
    city: Outside, options: argparse.Namespace, bad: dict[str, list[int]]
) -> dict[str, Any]:
    """Compare the healthy ones' lateness before, during and after; the load is the same."""
    agencies = await city.subscribe(ENDPOINTS)
    numbers = [n for each in bad.values() for n in each]
    well = {city.receivers.host(n) for n in range(ENDPOINTS)} - {
        city.receivers.host(n) for n in numbers
    }
    await _block(city, agencies, options.rate, 5)
    before = await _block(city, agencies, options.rate, options.seconds, well)
    for manner, each in bad.items():
        city.receivers.behave(manner, *each)
    during = await _block(city, agencies, options.rate, options.seconds, well)
    city.receivers.behave("good", *numbers)
    # What waited for the end of it mustn't be counted against a time without it.
    await city.subscribe(ENDPOINTS)
    after = await _block(city, agencies, options.rate, options.seconds, well)
    alone = statistics.mean([before["p99"], after["p99"]])
    blocks = {"before": before, "during": during, "after": after}
    return {"rate": options.rate, "bad": list(bad), **blocks} | {
        "ratio": round(during["p99"] / alone, 2)
    }


async def _block(
    city: Outside,
    agencies: object,
    rate: float,
    seconds: float,
    well: set[str] | None = None,
) -> dict[str, float]:
    """Tell at a rate; returns how late the first requests were, in milliseconds."""
    await city.forget()
    await city.tracker.tell_steadily(rate, seconds, list(agencies))  # type: ignore[call-overload]
    await asyncio.sleep(2)
    first: dict[str, float] = {}
    for host, event, at in await city.receivers.report():
        if well is None or host in well:
            first.setdefault(event, at)
    late = [at - city.tracker.told[event] for event, at in first.items()]
    return {
        "came": len(late),
        "p50": answered_in(late, 0.5),
        "p99": answered_in(late, 0.99),
        "max": answered_in(late, 1.0),
    }
