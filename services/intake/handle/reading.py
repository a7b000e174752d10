"""Reads what was kept when many came at once: what the door does at once for a single caller."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.intake.adapters import unread
from services.intake.decide.acceptance import prepare
from services.intake.decide.objections import Refused, without_codes
from services.intake.handle.entries import Entry
from services.runtime import telemetry
from services.runtime.errors import is_transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from services.intake.adapters.unread import Unread
    from services.intake.decide.acceptance import Lexicon
    from services.intake.handle.door import Door
    from services.runtime.clock import Clock
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: Read together while nobody is waiting at the door, and while somebody is.
READ_TOGETHER = 8
READ_BESIDE_CALLERS = 4

#: The pause after each reading while somebody is waiting: it takes little of the time then.
_PAUSE_S = 0.4

#: What a process that died left behind is looked for so often.
_LOOK_EVERY_S = 1.0

#: Requests understood before others get a turn: about a millisecond.
_PER_TURN = 2

log = telemetry.get_logger()


class Reader:
    """Understands kept requests and tells of them, people before files."""

    def __init__(
        self,
        db: Database,
        door: Door,
        clock: Clock,
        *,
        token_key: bytes,
        lexicon: Callable[[], Lexicon],
        is_crowded: Callable[[], bool],
    ) -> None:
        """Read from `db`.

        Args:
            db: Intake's.
            door: Opens what was kept, and tells of it.
            clock: Of the service.
            token_key: For reporters' tokens.
            lexicon: Gives the policy in force.
            is_crowded: Whether somebody is waiting at the door now.
        """
        self._db = db
        self._door = door
        self._clock = clock
        self._token_key = token_key
        self._lexicon = lexicon
        self._is_crowded = is_crowded
        self._woken = asyncio.Event()
        self.of_people = 0  #: Unread requests of people who called one by one, as far as known.
        self.waiting = 0  #: All that are unread, as far as known here.

    def kept(self, count: int, *, is_bulk: bool) -> None:
        """Learn that more has been kept."""
        self.waiting += count
        self.of_people += 0 if is_bulk else count
        self._woken.set()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            try:
                await self._work()
            except Exception as error:  # Reading is tried again; the door stays open.
                if not is_transient(error):
                    log.exception("reading-failed")
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _work(self) -> None:
        self.of_people, self.waiting = await unread.count(self._db)
        while True:
            is_crowded = self._is_crowded()
            done = await self.read(READ_BESIDE_CALLERS if is_crowded else READ_TOGETHER)
            telemetry.UNREAD.set(self.waiting)
            if done:
                await asyncio.sleep(_PAUSE_S if is_crowded else 0)
                continue
            self._woken.clear()
            try:
                # Not `wait_for`: in Python 3.11 it swallows a cancel that meets what it waits for.
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._woken.wait()
            except TimeoutError:
                self.of_people, self.waiting = await unread.count(self._db)

    async def read(self, limit: int = READ_TOGETHER) -> int:
        """Read what is next; returns how many were."""

        async def claim(tx: Tx) -> list[Unread]:
            return await unread.claim(tx, limit)

        try:
            return len(await self._read(claim))
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("reading-together-failed")
        return await self._read_alone(limit)

    async def see(self, complaint_id: UUID) -> None:
        """Read a certain request now, before something is added to it."""
        if await unread.is_waiting(self._db, complaint_id):
            await self._read_one(complaint_id)

    async def _read_alone(self, limit: int) -> int:
        """Read one by one, so that one that can't be read holds up no other."""
        async with self._db.transaction() as tx:
            found = await unread.claim(tx, limit)
        for letter in found:
            try:
                await self._read_one(letter.complaint_id)
            except Exception as error:
                if is_transient(error):
                    raise
                log.exception("unreadable", complaint_id=str(letter.complaint_id))
                await unread.postpone(self._db, letter.complaint_id, self._clock.now())
        return len(found)

    async def _read_one(self, complaint_id: UUID) -> None:
        async def claim(tx: Tx) -> list[Unread]:
            return await unread.claim_one(tx, complaint_id)

        await self._read(claim)

    async def _read(self, claim: Callable[[Tx], Awaitable[list[Unread]]]) -> list[Unread]:
        async with self._db.transaction() as tx:
            found = await claim(tx)
            entries = []
            for index, letter in enumerate(found):
                if index % _PER_TURN == _PER_TURN - 1:
                    await asyncio.sleep(0)  # Whoever calls meanwhile must not wait for this.
                entries.append(self._entry(letter))
            if entries:
                await self._door.tell(tx, entries)
                await unread.done(tx, [entry.complaint_id for entry in entries])
        self.waiting = max(0, self.waiting - len(found))
        self.of_people = max(0, self.of_people - sum(not letter.is_bulk for letter in found))
        return found

    def _entry(self, letter: Unread) -> Entry:
        request = self._door.open(letter)
        now = self._clock.now()
        prepared = prepare(request, self._lexicon(), self._token_key, now)
        if isinstance(prepared, Refused):
            # The policy is another one now. The words count, not a code that is gone.
            prepared = prepare(without_codes(request), self._lexicon(), self._token_key, now)
        if isinstance(prepared, Refused):
            raise ValueError(  # noqa: TRY004 - no wrong type, a request that makes no sense
                f"{prepared.field}: {prepared.message}"
            )
        return Entry(
            letter.complaint_id,
            prepared,
            letter.body_hash,
            scope="",
            media_urls=request.media_urls,
            number=letter.number,
        )
