"""Makes one piece of work of many requests that come at the same time.

A request that comes alone starts work at once. What comes while work runs, or within a moment of
its beginning, is gathered and goes together next. So at low rates latency is that of one
transaction, and at high rates the transactions grow instead of their number.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

T = TypeVar("T")
R = TypeVar("R")

#: Beyond this, a caller is better told to come again than kept waiting.
WAITING_MAX = 5_000

#: Batches begin no closer together than this: a transaction costs much the same for one as for
#: twenty, and on a busy machine that cost is everybody's latency.
PACE_S = 0.01


class OverloadedError(Exception):
    """Too much is waiting already."""


class Gatherer(Generic[T, R]):
    """Gathers items and hands them to `work` together, one batch at a time."""

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        items_max: int = 200,
    ) -> None:
        """Gather for `work`.

        Args:
            work: Gives one result for each item, in order; an exception in place of a
                result fails that item alone, a raised one fails the batch.
            items_max: Items of one batch.
        """
        self._work = work
        self._items_max = items_max
        self._urgent: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._patient: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._running: asyncio.Task[None] | None = None
        self._began_at = 0.0

    def submit(self, item: T) -> asyncio.Future[R]:
        """Hand in one item of somebody who waits for it.

        Raises:
            OverloadedError: Too much is waiting.
        """
        if len(self._urgent) >= WAITING_MAX:
            raise OverloadedError
        return self._add(self._urgent, item)

    def submit_bulk(self, items: Iterable[T]) -> list[asyncio.Future[R]]:
        """Hand in many items; whoever waits for a single one goes before them.

        Raises:
            OverloadedError: Too much is waiting.
        """
        if len(self._patient) >= WAITING_MAX:
            raise OverloadedError
        return [self._add(self._patient, item) for item in items]

    def _add(self, queue: deque[tuple[T, asyncio.Future[R]]], item: T) -> asyncio.Future[R]:
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        queue.append((item, future))
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())
        return future

    async def _run(self) -> None:
        try:
            while self._urgent or self._patient:
                pause_s = self._began_at + PACE_S - time.monotonic()
                if pause_s > 0:
                    await asyncio.sleep(pause_s)
                self._began_at = time.monotonic()
                await self._run_batch(self._take())
        finally:
            self._running = None

    def _take(self) -> list[tuple[T, asyncio.Future[R]]]:
        taken: list[tuple[T, asyncio.Future[R]]] = []
        for queue in (self._urgent, self._patient):
            while queue and len(taken) < self._items_max:
                taken.append(queue.popleft())
        return taken

    async def _run_batch(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        results: Sequence[R | Exception]
        try:
            results = await self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - each caller gets it and answers for itself
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue  # The caller has gone.
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
