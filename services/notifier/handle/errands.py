"""Errands: what is claimed under a lease, done out in the world, and written down.

Rules of this file:
Rule 1. Errands run beside each other, so many at a time. Each is written down as it ends and
makes room for another, so that a slow one holds nobody up.
Rule 2. Those of one person go one after the other, in the order in which they were taken.
Rule 3. Nothing starts whose lease could run out on the way: somebody else may have it by then.
Rule 4. What was done isn't forgotten: outcomes wait while the database is away. One that can't be
written holds up no other, and isn't done again by this process.
Rule 5. Told to stop, it starts nothing more, lets what is under way end, and writes that down.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from services.notifier.decide import LEASE
from services.notifier.handle.rounds import run_rounds
from services.runtime import telemetry
from services.runtime.errors import is_transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Sequence
    from uuid import UUID

    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

log = telemetry.get_logger()

T = TypeVar("T")
R = TypeVar("R")

#: Errands at a time.
AT_ONCE = 64

#: What a lease must still have left when an errand starts: the vault's 15 s and e-mail's 30 s.
LEFT_S = 46.0

#: How long errands may take to end when the process stops.
STOP_S = 3.0


@dataclass(frozen=True, slots=True)
class Trade(Generic[T, R]):
    """What kind of errands."""

    name: str  #: For the log.
    take: Callable[[Tx, int], Awaitable[Sequence[T]]]  #: Claims so many at most, for `LEASE`.
    do: Callable[[T], Awaitable[R]]  #: Does one, outside any transaction.
    record: Callable[[Tx, Sequence[tuple[T, R]]], Awaitable[None]]  #: Writes what came of some.
    errand_id: Callable[[T], UUID]
    person: Callable[[T], Hashable]  #: Whose errands go one after the other.
    otherwise: R  #: What came of one over which `do` failed; others must not suffer for it.


class Errands(Generic[T, R]):
    """Takes what is due, does it, and writes it down."""

    def __init__(self, db: Database, trade: Trade[T, R], poll_s: float) -> None:
        """Look for errands so often, and when `wake` is set; `run` begins."""
        self._db = db
        self._trade = trade
        self._poll_s = poll_s
        self._under_way: set[asyncio.Task[None]] = set()
        self._last_of: dict[Hashable, asyncio.Task[None]] = {}
        self._ended: list[tuple[T, R]] = []
        self._unwritable: set[UUID] = set()
        self._is_stopping = False
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled (Rule 5)."""
        try:
            await run_rounds(self._trade.name, self._round, wake=self.wake, every_s=self._poll_s)
        finally:
            self._is_stopping = True
            if self._under_way:
                _, late = await asyncio.wait(self._under_way, timeout=STOP_S)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)
            await self.flush()

    async def work(self) -> int:
        """Do what is due and wait for it, as background work would; returns how many."""
        begun = await self._begin()
        while self._under_way:
            await asyncio.wait(self._under_way)
        await self.flush()
        return begun

    async def _round(self) -> bool:
        await self.flush()
        return await self._begin() > 0

    async def _begin(self) -> int:
        room = AT_ONCE - len(self._under_way) - len(self._ended)
        if room <= 0:
            return 0
        lease_ends = asyncio.get_running_loop().time() + LEASE.total_seconds()
        async with self._db.transaction() as tx:
            errands = await self._trade.take(tx, room)
        for errand in errands:
            self._start(errand, lease_ends)
        return len(errands)

    def _start(self, errand: T, lease_ends: float) -> None:
        person = self._trade.person(errand)
        task = asyncio.create_task(self._do(errand, lease_ends, self._last_of.get(person)))
        self._under_way.add(task)
        self._last_of[person] = task

        def end(_: asyncio.Task[None]) -> None:
            self._under_way.discard(task)
            if self._last_of.get(person) is task:
                del self._last_of[person]
            self.wake.set()

        task.add_done_callback(end)

    async def _do(self, errand: T, lease_ends: float, former: asyncio.Task[None] | None) -> None:
        if former is not None:
            await asyncio.wait([former])
        errand_id = self._trade.errand_id(errand)
        left_s = lease_ends - asyncio.get_running_loop().time()
        if self._is_stopping or left_s < LEFT_S or errand_id in self._unwritable:
            return
        try:
            outcome = await self._trade.do(errand)
        except Exception:
            log.exception("errand-failed", work=self._trade.name, errand_id=str(errand_id))
            outcome = self._trade.otherwise
        self._ended.append((errand, outcome))

    async def flush(self) -> None:
        """Write down what has ended; raises what says that the database is away (Rule 4)."""
        count = len(self._ended)
        if not count or await self._is_written(count):
            return
        for _ in range(count):
            if not await self._is_written(1):
                self._unwritable.add(self._trade.errand_id(self._ended.pop(0)[0]))

    async def _is_written(self, count: int) -> bool:
        """Write the first so many; False if that fails for a reason that stays."""
        ended = self._ended[:count]
        try:
            async with self._db.transaction() as tx:
                await self._trade.record(tx, ended)
        except Exception as error:
            if is_transient(error):
                raise
            first = str(self._trade.errand_id(ended[0][0]))
            log.warning("unwritable", work=self._trade.name, first=first, exc_info=count == 1)
            return False
        del self._ended[:count]
        return True
