"""The bare loops that the notifier is measured against: sign, POST, next; nothing is kept.

    python -m benchmarks.sending httpx ORDER       # started by benchmarks.notifier

What anybody would write first: one client with its pool, as many tasks as help, the same payloads,
the same signature, the same receivers and event loop. It knows no rows, no attempts, no order, no
guard and tells nobody; the comparison is in its favour.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import uvloop

from benchmarks.telling import bodies
from services.runtime.webhooks import signature

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = bytes(32)
TIMEOUT_S = 15.0

Post = Callable[[str, bytes, dict[str, str]], Awaitable[int]]


@asynccontextmanager
async def by_httpx() -> AsyncIterator[Post]:
    """POST with httpx, its pool as large as it likes."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=TIMEOUT_S, trust_env=False) as client:

        async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
            return (await client.post(url, content=body, headers=headers)).status_code

        yield post


@asynccontextmanager
async def by_aiohttp() -> AsyncIterator[Post]:
    """POST with aiohttp, its pool as large as it likes."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
            async with session.post(url, data=body, headers=headers) as response:
                await response.read()
                return response.status

        yield post


CLIENTS = {"httpx": by_httpx, "aiohttp": by_aiohttp}


def _headers(webhook_id: str, body: bytes) -> dict[str, str]:
    at = int(time.time())
    return {
        "content-type": "application/json",
        "user-agent": "bare/1",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature((KEY,), webhook_id, at, body),
    }


async def send(name: str, order: dict[str, Any]) -> dict[str, float]:
    """Send so many to so many receivers; returns how long it took.

    Args:
        name: Which client.
        order: `urls`, `count` and `tasks`.
    """
    urls, told = order["urls"], list(bodies(order["count"]))
    numbers: Iterator[int] = iter(range(order["count"]))
    failed = 0
    async with CLIENTS[name]() as post:
        for url in urls:  # Connections, caches.
            await post(url, told[0][1], _headers("warm", told[0][1]))

        async def work() -> None:
            nonlocal failed
            for n in numbers:
                webhook_id, body = told[n]
                status = await post(urls[n % len(urls)], body, _headers(webhook_id, body))
                failed += status != 200

        began = time.monotonic()
        await asyncio.gather(*itertools.starmap(work, [()] * order["tasks"]))
        ended = time.monotonic()
    return {"seconds": ended - began, "failed": failed, "cpu": time.process_time()}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(send(sys.argv[1], json.loads(sys.argv[2])))))
