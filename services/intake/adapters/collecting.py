"""Fetches what waits, a few files at a time, beside the door; erases what is to be forgotten.

What kills the process between storing a file and writing it down costs a second fetch: the file
takes the same place in the store, and is told once.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from services.intake.adapters import attachments
from services.intake.adapters.fetching import TIMEOUT_S, Fetched
from services.intake.adapters.store import StoreError
from services.intake.decide.attachments import (
    DELAYS,
    Refuse,
    TryAgain,
    after_store_trouble,
    after_trouble,
    key_of,
)
from services.runtime import telemetry
from services.runtime.errors import is_transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.intake.adapters.attachments import Addresses, Lease
    from services.intake.adapters.fetching import Fetcher
    from services.intake.adapters.store import Store
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: Files in memory at the same time; each may have as many bytes as a file is allowed.
AT_ONCE = 3

#: Nobody waits longer for the store than this.
_STORE_WITHIN_S = 60.0

#: Longer than fetching and storing can take together; then another may try.
LEASE = timedelta(seconds=TIMEOUT_S + _STORE_WITHIN_S + 60)

#: Files erased in one transaction.
_ERASED_MAX = 3

#: How often is looked for what became due: one look into a small index.
_LOOK_EVERY_S = 1.0

log = telemetry.get_logger()


class Collector:
    """Fulfils wishes."""

    def __init__(self, db: Database, addresses: Addresses, fetcher: Fetcher, store: Store) -> None:
        """Fetch by `fetcher`, keep in `store`."""
        self._db = db
        self._addresses = addresses
        self._fetcher = fetcher
        self._store = store

    async def run(self) -> None:
        """Work until cancelled: so many files at once, none waits for a slow one beside it."""
        await asyncio.gather(
            *(self._repeat(self.work) for _ in range(AT_ONCE)), self._repeat(self.erase)
        )

    async def _repeat(self, step: Callable[[], Awaitable[int]]) -> None:
        while True:
            try:
                while await step():
                    pass
            except StoreError as error:
                log.warning("attachment-store-unavailable", error=str(error))
            except Exception as error:  # A fetch never stops the door.
                if not is_transient(error):
                    log.exception("attachments-failed")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def work(self) -> int:
        """Fetch the one file that is due first; returns how many were tried."""
        async with self._db.transaction() as tx:
            leases = await attachments.claim(tx, self._addresses, LEASE, 1)
        for lease in leases:
            await self._fulfil(lease)
        return len(leases)

    async def erase(self) -> int:
        """Erase files of people who are to be forgotten; returns how many.

        A process that dies between file and row does it again: a file that is gone is gone.
        """
        async with self._db.transaction() as tx:
            found = await attachments.to_erase(tx, _ERASED_MAX)
            for complaint_id, attachment_id in found:
                await self._store.delete(key_of(complaint_id, attachment_id))
            await attachments.erased(tx, [attachment_id for _, attachment_id in found])
        return len(found)

    async def _fulfil(self, lease: Lease) -> None:
        outcome = await self._attempt(lease)
        async with self._db.transaction() as tx:
            told = await _write_down(tx, lease, outcome)
        telemetry.ATTACHMENTS.labels(told).inc()
        # By its id, never by its address.
        log.info("attachment", outcome=told, attachment_id=str(lease.attachment_id))

    async def _attempt(self, lease: Lease) -> Fetched | Refuse | TryAgain:
        if lease.url is None:
            return Refuse("unreadable")
        if lease.attempts > len(DELAYS):
            return Refuse("gave-up")  # It took the process with it each time.
        found = await self._fetcher.fetch(lease.url)
        if isinstance(found, Refuse):
            return found
        if not isinstance(found, Fetched):
            return after_trouble(lease.attempts, found.reason)
        try:
            async with asyncio.timeout(_STORE_WITHIN_S):
                await self._store.put(key_of(lease.complaint_id, lease.attachment_id), found.body)
        except (StoreError, TimeoutError) as error:
            log.warning("attachment-store-unavailable", error=str(error))
            return after_store_trouble(lease.attempts)
        return found


async def _write_down(tx: Tx, lease: Lease, outcome: Fetched | Refuse | TryAgain) -> str:
    match outcome:
        case Fetched(body, media_type, sha256):
            is_ours = await attachments.stored(tx, lease, media_type, len(body), sha256)
            return "stored" if is_ours else "overtaken"
        case Refuse():
            await attachments.refused(tx, lease, outcome)
            return "refused"
        case TryAgain():
            await attachments.later(tx, lease, outcome)
            return "later"
