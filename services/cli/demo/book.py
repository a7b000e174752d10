"""What the players know of the morning, and what they still have to do."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from datetime import datetime
    from uuid import UUID

    from services.cli.demo.fates import Fate
    from services.cli.demo.morning import Call


@dataclass(frozen=True, slots=True)
class Posted:
    """A call that was accepted."""

    complaint_id: UUID
    number: str
    call: Call
    fate: Fate
    posted_at_s: float  #: `time.perf_counter()` just before the request.


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as an agency's system received it."""

    agency: str
    event_id: UUID
    event_type: str
    complaint_id: UUID
    order_id: UUID | None
    is_authentic: bool
    received_at_s: float  #: `time.perf_counter()` when the whole request was there.
    received_at: datetime  #: The same instant by the machine's clock.


@dataclass(slots=True)
class Book:
    """Shared by all players of one play."""

    posted: dict[UUID, Posted] = field(default_factory=dict)
    by_number: dict[str, Posted] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)
    left_held: set[UUID] = field(default_factory=set)  #: What the dispatcher can't settle.
    answered: int = 0  #: Call-back answers that intake accepted.
    troubles: list[str] = field(default_factory=list)  #: What a player could not do.
    _busy: Counter[UUID] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _waiting: dict[UUID, asyncio.Event] = field(default_factory=dict)

    def accept(self, posted: Posted) -> None:
        """Note that a call was accepted."""
        self.posted[posted.complaint_id] = posted
        self.by_number[posted.number] = posted
        waiting = self._waiting.pop(posted.complaint_id, None)
        if waiting:
            waiting.set()

    async def known(self, complaint_id: UUID) -> Posted:
        """Give a call; a webhook can be faster than the answer to its POST."""
        if complaint_id not in self.posted:
            await self._waiting.setdefault(complaint_id, asyncio.Event()).wait()
        return self.posted[complaint_id]

    def is_busy(self, complaint_id: UUID) -> bool:
        """Tell whether somebody is about to act on a complaint."""
        return self._busy[complaint_id] > 0

    def spawn(self, complaint_id: UUID, work: Coroutine[None, None, None]) -> None:
        """Let a player act on a complaint, later or over some time."""
        self._busy[complaint_id] += 1
        task = asyncio.create_task(work)
        self._tasks.add(task)

        def done(ended: asyncio.Task[None]) -> None:
            self._busy[complaint_id] -= 1
            self._tasks.discard(ended)
            if not ended.cancelled() and (error := ended.exception()):
                self.troubles.append(f"{complaint_id}: {error!r}")

        task.add_done_callback(done)

    async def stop(self) -> None:
        """End everything that is still planned."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
