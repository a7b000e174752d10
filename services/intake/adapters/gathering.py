"""Makes one piece of work of many requests that come at the same time.

A request that comes alone starts work at once. What comes while work runs, or within a moment of
its beginning, is gathered and goes together next. So at low rates latency is that of one
transaction, and at high rates the transactions grow instead of their number.

There are two lanes. People who wait go in the urgent one, files in the patient one, in pieces of
their own: an import shares the processor and the database with a caller, but no caller stands
behind it in a queue. What waits is bounded in number and in bytes, and in time: beyond, a caller
is told to come again, and when.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")

#: Items that may wait in a lane; beyond, a caller is better told to come again.
WAITING_MAX = 5_000

#: Bytes that may wait in a lane, as `weigh` says: items may be long.
WAITING_BYTES_MAX = 50_000_000

#: Nobody waits longer than this to be begun with: their own client gives up about then.
WAITING_MAX_S = 15.0

#: Batches begin no closer together than this: a transaction costs much the same for one as for
#: twenty, and on a busy machine that cost is everybody's latency.
PACE_S = 0.01

#: Items of a file in one transaction: while they are written the event loop stands still for
#: a few milliseconds, which callers feel. Fewer while somebody waits.
PATIENT_ITEMS_MAX = 16
PATIENT_ITEMS_BESIDE_CALLERS = 10

#: Files that may be read and prepared at the same time; each takes some 60 MB.
FILES_MAX = 4

_RETRY_AFTER_MAX_S = 60


class OverloadedError(Exception):
    """Too much is waiting already."""

    def __init__(self, retry_after_s: int = 1) -> None:
        """Say in how many seconds it should be better."""
        super().__init__(f"too much is waiting; come again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class _Lane(Generic[T, R]):
    """A bounded queue and the batches that are made of it, one at a time."""

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        items_max: Callable[[], int],
        weigh: Callable[[T], int],
        waiting_max: int,
        pace_s: float,
    ) -> None:
        self._work = work
        self._pace_s = pace_s
        self._waiting_max = waiting_max
        self._items_max = items_max
        self._weigh = weigh
        self._queue: deque[tuple[T, asyncio.Future[R], float]] = deque()
        self._bytes = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[None] | None = None
        self._expiring: asyncio.TimerHandle | None = None
        self._began_at = 0.0
        self._per_second = float(WAITING_MAX)  #: How fast it went lately.

    def __len__(self) -> int:
        return len(self._queue)

    def submit(self, items: Sequence[T]) -> list[asyncio.Future[R]]:
        weight = sum(map(self._weigh, items))
        is_full = len(self._queue) >= self._waiting_max or self._bytes + weight > WAITING_BYTES_MAX
        if is_full and self._queue:
            raise OverloadedError(self._retry_after_s())
        if self._loop is None:
            # Kept: Python 3.11 asks the system for the process's id each time it is asked.
            self._loop = asyncio.get_running_loop()
        loop, now = self._loop, time.monotonic()
        self._bytes += weight
        futures = []
        for item in items:
            future: asyncio.Future[R] = loop.create_future()
            self._queue.append((item, future, now))
            futures.append(future)
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())
        if self._expiring is None:
            self._expiring = loop.call_later(WAITING_MAX_S, self._expire)
        return futures

    def _retry_after_s(self) -> int:
        seconds = math.ceil(len(self._queue) / max(self._per_second, 1.0))
        return min(max(seconds, 1), _RETRY_AFTER_MAX_S)

    async def _run(self) -> None:
        try:
            while self._queue:
                pause_s = self._began_at + self._pace_s - time.monotonic()
                if pause_s > 0:
                    await asyncio.sleep(pause_s)
                self._began_at = time.monotonic()
                batch = self._take()
                await self._run_batch(batch)
                speed = len(batch) / max(time.monotonic() - self._began_at, self._pace_s)
                self._per_second += 0.2 * (speed - self._per_second)
        finally:
            self._running = None

    def _take(self) -> list[tuple[T, asyncio.Future[R]]]:
        taken: list[tuple[T, asyncio.Future[R]]] = []
        limit = self._items_max()
        while self._queue and len(taken) < limit:
            item, future, _ = self._queue.popleft()
            self._bytes -= self._weigh(item)
            if not future.done():  # Else whoever asked has gone, and was promised nothing.
                taken.append((item, future))
        return taken

    def _expire(self) -> None:
        """Send away who has waited too long; the batch that runs now is not touched."""
        self._expiring = None
        until = time.monotonic() - WAITING_MAX_S
        retry_after_s = self._retry_after_s()
        while self._queue and self._queue[0][2] <= until:
            item, future, _ = self._queue.popleft()
            self._bytes -= self._weigh(item)
            if not future.done():
                future.set_exception(OverloadedError(retry_after_s))
        if self._queue:
            wait_s = self._queue[0][2] - until
            self._expiring = asyncio.get_running_loop().call_later(wait_s, self._expire)

    async def _run_batch(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        if not batch:
            return
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


class Gatherer(Generic[T, R]):
    """Gathers items and hands them to `work` together, one batch of each lane at a time."""

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        items_max: int = 200,
        weigh: Callable[[T], int] = lambda _item: 1,
        waiting_max: int = WAITING_MAX,
        pace_s: float = PACE_S,
    ) -> None:
        """Gather for `work`.

        Args:
            work: Gives one result for each item, in order; an exception in place of a
                result fails that item alone, a raised one fails the batch. It is called
                for both lanes at the same time.
            items_max: Items of one batch.
            weigh: About how many bytes an item keeps.
            waiting_max: Items that may wait in a lane.
            pace_s: Batches begin no closer together than this.
        """
        self._urgent: _Lane[T, R] = _Lane(work, lambda: items_max, weigh, waiting_max, pace_s)
        self._patient: _Lane[T, R] = _Lane(
            work, lambda: self._patient_items(items_max), weigh, waiting_max, pace_s
        )
        self._files = 0

    def _patient_items(self, items_max: int) -> int:
        piece = PATIENT_ITEMS_BESIDE_CALLERS if len(self._urgent) else PATIENT_ITEMS_MAX
        return min(piece, items_max)

    def __len__(self) -> int:
        """How many wait in the urgent lane."""
        return len(self._urgent)

    def submit(self, item: T) -> asyncio.Future[R]:
        """Hand in one item of somebody who waits for it.

        Raises:
            OverloadedError: Too much is waiting.
        """
        return self._urgent.submit((item,))[0]

    def submit_bulk(self, items: Sequence[T]) -> list[asyncio.Future[R]]:
        """Hand in many items; whoever waits for a single one doesn't wait for them.

        Raises:
            OverloadedError: Too much is waiting.
        """
        return self._patient.submit(items)

    @contextmanager
    def reading_a_file(self) -> Iterator[None]:
        """Take a place among those that hand in files, before their bodies fill the memory.

        Raises:
            OverloadedError: All places are taken.
        """
        if self._files >= FILES_MAX:
            raise OverloadedError
        self._files += 1
        try:
            yield
        finally:
            self._files -= 1
