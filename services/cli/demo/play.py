"""The play: set the stage, let everybody act, wait for rest, gather the evidence."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from services.cli.demo import agencies, citizens
from services.cli.demo.book import Book
from services.cli.demo.callers import call_in
from services.cli.demo.city import set_up
from services.cli.demo.dispatcher import Dispatcher
from services.cli.demo.door import Door
from services.cli.demo.fates import Handling
from services.cli.demo.ledger import Ledger, unsettled
from services.cli.demo.reconcile import Evidence
from services.cli.watching import follow
from services.events import SOURCES, TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from services.cli.demo.city import Desks
    from services.cli.demo.fates import Fate
    from services.cli.demo.morning import Timed
    from services.cli.demo.receiver import Receiver
    from services.cli.installation import Stack
    from services.events import Event
    from services.policy import Policy

#: After the last call; the longest story (late, reopened, lapsed) takes about half of it.
REST_WITHIN_S = 75.0
#: Nothing may be said for so long before the counts are compared.
QUIET_FOR_S = 1.0
_LOOK_EVERY_S = 0.5


class NotFreshError(Exception):
    """The data folder holds earlier complaints: the counts could never reconcile."""


@dataclass(slots=True)
class Play:
    """One play on a running stack."""

    stack: Stack
    policy: Policy
    morning: Sequence[Timed]
    fates: Mapping[tuple[int, int], Fate]
    seed: int
    show: Callable[[Event], None]  #: Told every event as it happens.
    progress: Callable[[str], None]  #: Told where the play stands.
    book: Book = field(default_factory=Book)
    ledger: Ledger = field(default_factory=Ledger)
    took_s: dict[str, float] = field(default_factory=dict)
    _heard_at: float = 0.0

    async def run(self, receiver: Receiver) -> Evidence:
        """Play it to the end.

        Args:
            receiver: Listens already, because the notifier was told its address.

        Raises:
            NotFreshError: There are complaints from before.
        """
        door = Door()
        try:
            self.progress("registering the agencies' systems …")
            began_at_s = time.perf_counter()
            desks = await set_up(self.stack, self.policy, self.morning, door, receiver.url)
            self.took_s["set_up"] = time.perf_counter() - began_at_s
            url, key = self.stack.services["intake"], desks.operator_key
            if (await door.ask("GET", f"{url}/v1/totals", key)).json()["received"]:
                raise NotFreshError(f"{self.stack.data} holds complaints of an earlier run")
            outside = agencies.Agencies(desks.systems, self.book, door, url, self.seed)
            receiver.serve(agencies.PATH, outside.take)
            receiver.serve(citizens.PATH, citizens.Citizens(self.book, door, self.seed).take)
            await self._act(desks, door)
            return await self._evidence(desks, door)
        finally:
            await self.book.stop()
            await door.close()

    async def _act(self, desks: Desks, door: Door) -> None:
        """Let the morning happen."""
        urls, key = self.stack.services, desks.operator_key
        dispatcher = Dispatcher(self.book, door, self.policy, urls["router"], key)
        following = asyncio.create_task(self._follow())
        triage = asyncio.create_task(dispatcher.run())
        telling = asyncio.create_task(self._tell_progress())
        began_at_s = time.perf_counter()
        try:
            await call_in(
                self.morning,
                self.fates,
                book=self.book,
                door=door,
                intake_url=urls["intake"],
                key=key,
                origin="demo",
            )
            self.took_s["calls"] = time.perf_counter() - began_at_s
            await self._rest(following, triage)
            self.took_s["play"] = self._heard_at - began_at_s
        finally:
            for task in (triage, telling, following):
                task.cancel()
            await asyncio.gather(triage, telling, following, return_exceptions=True)

    async def _follow(self) -> None:
        """Read every topic from its beginning: the folder is fresh."""
        dead = [f"{name}.dead-letters" for name in SOURCES]
        topics = [*(topic.name for topic in TOPICS), *dead]
        async for record, event in follow(self.stack.kafka, topics, from_beginning=True):
            self._heard_at = time.perf_counter()
            if record.partition.topic in dead:
                self.ledger.dead_letters += 1
            elif event is None:
                self.ledger.undecodable += 1
            elif self.ledger.add(event):
                self.show(event)

    async def _rest(self, *helping: asyncio.Task[None]) -> None:
        """Wait until nothing is to come any more, or the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_WITHIN_S):
                while self.open() or time.perf_counter() - self._heard_at < QUIET_FOR_S:
                    for task in helping:
                        if task.done():
                            task.result()
                    await asyncio.sleep(_LOOK_EVERY_S)

    def open(self) -> list[UUID]:
        """Say which complaints something is still to happen with."""
        posted = self.book.posted
        silent = {k for k, one in posted.items() if one.fate.handling is Handling.SILENT}
        found = set(unsettled(self.ledger, posted, self.book.left_held, silent))
        return [key for key in posted if key in found or self.book.is_busy(key)]

    async def _tell_progress(self) -> None:
        while True:
            called = len(self.book.posted)
            closed = sum(history.is_closed for history in self.ledger.histories.values())
            self.progress(
                f"calls {called}/{len(self.morning)} · closed {closed}"
                f" · still open {len(self.open())}"
            )
            await asyncio.sleep(1)

    async def _evidence(self, desks: Desks, door: Door) -> Evidence:
        """Ask every service for its own counts."""
        key = desks.supervisor_key

        async def ask(service: str, path: str, **params: str) -> Any:  # noqa: ANN401 - JSON
            url = f"{self.stack.services[service]}{path}"
            return (await door.ask("GET", url, key, params=params)).json()

        # By dates: an assessment month may have begun while we played.
        today = datetime.now(ZoneInfo(self.policy.city.time_zone)).date()  # noqa: TID251
        days = {"from": str(today - timedelta(days=1)), "to": str(today)}
        return Evidence(
            numbers={key: posted.number for key, posted in self.book.posted.items()},
            planned=len(self.morning),
            ledger=self.ledger,
            hooks=self.book.hooks,
            systems=frozenset(desks.systems),
            basically_counts=self.policy.scoring.basically_counts,
            intake=await ask("intake", "/v1/totals"),
            router=await ask("router", "/v1/totals"),
            tracker=await ask("tracker", "/v1/totals"),
            rates=(await ask("tracker", "/v1/rates", **days))["total"],
            unsettled=self.open(),
            troubles=self.book.troubles,
        )
