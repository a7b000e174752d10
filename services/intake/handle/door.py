"""The shell of the door: gather what is known, decide, make it durable together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from services.intake.adapters import attachments, clusters, complaints, requests, unread, vault
from services.intake.adapters.attachments import Wish
from services.intake.decide.acceptance import (
    LONG_NUMBER_DIGITS,
    NUMBER_DIGITS,
    complaint_number,
    received,
)
from services.intake.decide.duplicates import Asked, New, sort_out
from services.intake.decide.evidence import weigh
from services.intake.decide.likeness import pack
from services.intake.decide.written import read, write
from services.intake.handle.entries import Entry, Kept, Outcome, key_rows, outcome_of
from services.runtime.errors import TransientError, is_transient
from services.runtime.failpoints import hit

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import ComplaintReceived
    from services.intake.adapters.attachments import Addresses
    from services.intake.adapters.sealing import Sealer
    from services.intake.adapters.unread import Unread
    from services.intake.adapters.vault import Vault
    from services.intake.decide.acceptance import Request
    from services.intake.decide.evidence import Evidence
    from services.runtime.postgres import Database
    from services.runtime.transaction import Tx

#: Races lost against other instances before the caller is told to come again.
_RACES_MAX = 5


E = TypeVar("E", Entry, Kept)
#: Makes new requests durable, with numbers of so many digits; gives the numbers.
Store = Callable[["Tx", Sequence[E], int], Awaitable[dict["UUID", str]]]


class Door:
    """Takes complaints in, many in one transaction."""

    def __init__(self, db: Database, sealer: Vault, addresses: Addresses, letters: Sealer) -> None:
        """Store in `db`.

        Args:
            db: Intake's.
            sealer: Seals identities.
            addresses: Seals pictures' addresses.
            letters: Seals requests that are kept unread.
        """
        self._db = db
        self._vault = sealer
        self._addresses = addresses
        self._letters = letters
        self._numbers = complaints.Numbers()

    async def accept(self, entries: Sequence[Entry]) -> Sequence[Outcome | Exception]:
        """Take requests in; when this returns they are durable.

        One request that the database refuses doesn't fail the others: they are tried
        again one by one.

        Raises:
            Exception: The database can't be reached; only a repetition tells what was stored.
        """
        return await self._settle(entries, self._take)

    async def keep(self, entries: Sequence[Kept]) -> Sequence[Outcome | Exception]:
        """Make requests durable, as `accept` does, to be read later by `tell`.

        Nobody has seen any of them before, as a rule: so they are stored on that assumption, in
        one statement. If the database knows better, it stores none, and each is looked up.
        """
        hit("before_transaction")
        try:
            outcomes = await self._keep_new(entries)
        except (complaints.RacedError, asyncpg.PostgresError) as error:
            if is_transient(error) and not isinstance(error, asyncpg.DeadlockDetectedError):
                raise
            return await self._settle(entries, self._keep)
        hit("after_accept_before_answer")
        return outcomes

    async def _keep_new(self, entries: Sequence[Kept]) -> list[Outcome | Exception]:
        numbers = await self._numbered(self._db, entries, NUMBER_DIGITS)
        letters = [self._letter(entry, numbers[entry.complaint_id]) for entry in entries]
        names = [row for entry in entries for row in key_rows(entry, New())]
        await unread.put(self._db, letters, names, self._db.instant)
        return [outcome_of(entry, New(), numbers) for entry in entries]

    async def _settle(self, entries: Sequence[E], store: Store[E]) -> list[Outcome | Exception]:
        hit("before_transaction")
        try:
            outcomes = await self._together(entries, store)
        except asyncpg.PostgresError as error:
            if is_transient(error):
                raise
            outcomes = [await self._alone(entry, store) for entry in entries]
        hit("after_accept_before_answer")
        return outcomes

    async def _alone(self, entry: E, store: Store[E]) -> Outcome | Exception:
        try:
            return (await self._together([entry], store, digits=LONG_NUMBER_DIGITS))[0]
        except Exception as error:  # noqa: BLE001 - it fails this request alone
            return error

    async def _together(
        self, entries: Sequence[E], store: Store[E], digits: int = NUMBER_DIGITS
    ) -> list[Outcome | Exception]:
        for _ in range(_RACES_MAX):
            try:
                return await self._transaction(entries, store, digits)
            except (complaints.RacedError, asyncpg.DeadlockDetectedError, vault.StaleKeyError):
                continue  # Another instance took one, or the vault's key is a newer one now.
        raise TransientError("several callers send the same complaints at the same time")

    async def _transaction(
        self, entries: Sequence[E], store: Store[E], digits: int
    ) -> list[Outcome | Exception]:
        async with self._db.transaction() as tx:
            aliases = [alias for entry in entries for alias in entry.aliases]
            known = await complaints.find_known(tx, aliases) if aliases else {}
            verdicts = sort_out(
                [Asked(e.complaint_id, e.body_hash, e.aliases) for e in entries], known
            )
            judged = list(zip(entries, verdicts, strict=True))
            new = [entry for entry, verdict in judged if isinstance(verdict, New)]
            numbers = await store(tx, new, digits) if new else {}
            keys = [row for pair in judged for row in key_rows(*pair)]
            if keys:
                await complaints.name(tx, keys)
        return [outcome_of(entry, verdict, numbers) for entry, verdict in judged]

    async def _keep_pictures(self, tx: Tx, new: Sequence[Entry]) -> None:
        """Remember which pictures to fetch, and whose no agency may see."""
        wishes = [Wish(entry.complaint_id, url) for entry in new for url in entry.media_urls]
        if wishes:
            await attachments.add(tx, self._addresses, wishes)
        secret = [entry.complaint_id for entry in new if entry.prepared.matter.is_secret]
        if secret:
            await attachments.add_secret(tx, secret)

    async def _keep(self, tx: Tx, new: Sequence[Kept], digits: int) -> dict[UUID, str]:
        numbers = await self._numbered(tx.conn, new, digits)
        letters = [self._letter(one, numbers[one.complaint_id]) for one in new]
        await unread.put(tx.conn, letters, at=tx.now)
        return numbers

    def _letter(self, entry: Kept, number: str) -> unread.Letter:
        request = entry.request
        assert request.received_at is not None  # noqa: S101 - for the type checker
        return unread.Letter(
            complaint_id=entry.complaint_id,
            number=number,
            received_at=request.received_at,
            body_hash=entry.body_hash,
            origin=request.origin,
            external_id=request.external_id,
            is_bulk=entry.is_bulk,
            sealed=self._letters.seal(f"unread/{entry.complaint_id.hex}", write(request)),
        )

    def open(self, letter: Unread) -> Request:
        """Open what was kept.

        Raises:
            MisconfiguredError: It was sealed with another key.
        """
        return read(self._letters.open(f"unread/{letter.complaint_id.hex}", letter.sealed))

    async def tell(self, tx: Tx, entries: Sequence[Entry]) -> None:
        """Tell of requests that were kept, now that they are read; `Entry.number` is theirs."""
        await self._store(tx, entries, {entry.complaint_id: entry.number for entry in entries})

    async def _take(self, tx: Tx, new: Sequence[Entry], digits: int) -> dict[UUID, str]:
        return await self._store(tx, new, await self._numbered(tx.conn, new, digits))

    async def _numbered(
        self, conn: asyncpg.Connection | Database, new: Sequence[Entry | Kept], digits: int
    ) -> dict[UUID, str]:
        drawn = await self._numbers.take(conn, len(new))
        return {
            one.complaint_id: complaint_number(one.number_prefix, one.local_date, number, digits)
            for one, number in zip(new, drawn, strict=True)
        }

    async def _store(
        self, tx: Tx, new: Sequence[Entry], numbers: dict[UUID, str]
    ) -> dict[UUID, str]:
        """Store new complaints and say that they were received; gives their numbers."""
        traces = [entry.prepared.trace(entry.complaint_id) for entry in new]
        earlier = await complaints.find_earlier(tx, traces)
        weighed, grown = weigh(
            traces,
            earlier,
            await clusters.heads_near(tx, traces),
            [entry.prepared.sure_from for entry in new],
        )
        rows, records = [], []
        for entry, evidence in zip(new, weighed, strict=True):
            prepared, number = entry.prepared, numbers[entry.complaint_id]
            rows.append(_row(entry, number, evidence, tx.now))
            if prepared.identity:
                records.append(self._sealed(entry, tx.now))
            fact = received(prepared, number, evidence.repeat, evidence.joined.cluster)
            tx.emit(entry.complaint_id, self._veiled(entry, fact), policy=prepared.policy)
        await clusters.grow(tx, grown)
        await (complaints.fill if new[0].number else complaints.add)(tx, rows)
        if records:
            await self._vault.put(tx, records)
        await self._keep_pictures(tx, new)
        public = [(e.complaint_id, e.prepared.publication) for e in new if e.prepared.publication]
        if public:
            await requests.publish(tx, public)
        return numbers

    def _veiled(self, entry: Entry, fact: ComplaintReceived) -> ComplaintReceived:
        """Tell a secret complaint (保密) so that it leads to no other of the person's.

        It has a token of its own. A repeat for sure gets no order, so no agency sees which
        complaint it repeats; what is less sure would go along with the order as evidence.
        """
        matter = fact.matter
        if not matter.is_secret or matter.reporter is None:
            return fact
        veiled: dict[str, object] = {"reporter": self._vault.outside_token(entry.complaint_id)}
        score = matter.repeat_score
        if score is not None and score < entry.prepared.sure_from:
            veiled |= {"repeat_of": None, "repeat_score": None}
        return fact.model_copy(update={"matter": matter.model_copy(update=veiled)})

    def _sealed(self, entry: Entry, now: datetime) -> vault.Sealed:
        matter, identity = entry.prepared.matter, entry.prepared.identity
        assert identity is not None  # noqa: S101 - for the type checker
        sealed = self._vault.seal(entry.complaint_id, matter.reporter, identity)
        return vault.Sealed(entry.complaint_id, matter.reporter, sealed, matter.is_secret, now)


def _row(entry: Entry, number: str, evidence: Evidence, now: datetime) -> complaints.Row:
    prepared = entry.prepared
    matter = prepared.matter
    return complaints.Row(
        complaint_id=entry.complaint_id,
        number=number,
        accepted_at=now,
        received_at=matter.received_at,
        body_hash=entry.body_hash,
        origin=prepared.origin,
        external_id=prepared.external_id,
        reporter=matter.reporter,
        fingerprint=prepared.fingerprint,
        category=matter.category,
        street=matter.place.street,
        repeat_of=evidence.sure_repeat_of,
        community=matter.place.community,
        sketch=pack(prepared.sketch),
        cluster_id=evidence.joined.head_id,
    )
