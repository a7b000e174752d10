"""The shell of the door: gather what is known, decide, make it durable together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from services.intake.adapters import attachments, clusters, complaints, requests, vault
from services.intake.adapters.attachments import Wish
from services.intake.adapters.views import ViewStage
from services.intake.decide import view
from services.intake.decide.acceptance import complaint_number, received
from services.intake.decide.duplicates import Asked, Conflict, New, Same, sort_out
from services.intake.decide.evidence import weigh
from services.intake.decide.likeness import pack
from services.runtime.errors import TransientError, is_transient
from services.runtime.failpoints import hit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.events import ComplaintReceived, Event, Fact
    from services.intake.adapters.attachments import Addresses
    from services.intake.adapters.vault import Vault
    from services.intake.decide.acceptance import Prepared
    from services.intake.decide.duplicates import Alias, Verdict
    from services.intake.decide.evidence import Evidence
    from services.intake.decide.view import View
    from services.runtime.postgres import Database
    from services.runtime.step import Change, Early, Ignored, Step
    from services.runtime.transaction import Tx

#: Races lost against other instances before the caller is told to come again.
_RACES_MAX = 5

#: Digits of a number where six are used up for today.
_LONG_NUMBER = 9


@dataclass(frozen=True, slots=True)
class Entry:
    """One request on its way into a transaction."""

    complaint_id: UUID
    prepared: Prepared
    body_hash: bytes
    scope: str  #: The caller's API key.
    key: str | None = None  #: Idempotency-Key.
    media_urls: tuple[str, ...] = ()  #: Pictures to fetch later.

    @property
    def weight(self) -> int:
        """About how many bytes it keeps: a Chinese letter has two, and text is kept twice."""
        return 4_000 + 4 * len(self.prepared.matter.text)

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """Names under which this request may be known."""
        origin, external_id = self.prepared.origin, self.prepared.external_id
        by_key: tuple[Alias, ...] = (("key", self.scope, self.key),) if self.key else ()
        if origin and external_id:
            return (*by_key, ("pair", origin, external_id))
        return by_key


@dataclass(frozen=True, slots=True)
class Accepted:
    """A complaint that is durable."""

    complaint_id: UUID
    number: str
    is_new: bool


Outcome = Accepted | Conflict


class Door:
    """Takes complaints in, many in one transaction."""

    def __init__(self, db: Database, sealer: Vault, addresses: Addresses) -> None:
        """Store in `db`, identities sealed by `sealer`, pictures' addresses by `addresses`."""
        self._db = db
        self._vault = sealer
        self._addresses = addresses

    async def accept(self, entries: Sequence[Entry]) -> Sequence[Outcome | Exception]:
        """Take requests in; when this returns they are durable.

        One request that the database refuses doesn't fail the others: they are tried
        again one by one.

        Raises:
            Exception: The database can't be reached; nothing was stored.
        """
        hit("before_transaction")
        try:
            outcomes = await self._accept_together(entries)
        except asyncpg.PostgresError as error:
            if is_transient(error):
                raise
            outcomes = [await self._accept_alone(entry) for entry in entries]
        hit("after_accept_before_answer")
        return outcomes

    async def _accept_alone(self, entry: Entry) -> Outcome | Exception:
        try:
            return (await self._accept_together([entry], digits=_LONG_NUMBER))[0]
        except Exception as error:  # noqa: BLE001 - it fails this request alone
            return error

    async def _accept_together(
        self, entries: Sequence[Entry], digits: int = 6
    ) -> list[Outcome | Exception]:
        for _ in range(_RACES_MAX):
            try:
                return await self._transaction(entries, digits)
            except (complaints.RacedError, asyncpg.DeadlockDetectedError, vault.StaleKeyError):
                continue  # Another instance took one, or the vault's key is a newer one now.
        raise TransientError("several callers send the same complaints at the same time")

    async def _transaction(
        self, entries: Sequence[Entry], digits: int
    ) -> list[Outcome | Exception]:
        async with self._db.transaction() as tx:
            aliases = [alias for entry in entries for alias in entry.aliases]
            known = await complaints.find_known(tx, aliases) if aliases else {}
            verdicts = sort_out(
                [Asked(e.complaint_id, e.body_hash, e.aliases) for e in entries], known
            )
            judged = list(zip(entries, verdicts, strict=True))
            new = [entry for entry, verdict in judged if isinstance(verdict, New)]
            numbers = await self._store(tx, new, digits) if new else {}
            await self._keep_pictures(tx, new)
            keys = [row for pair in judged for row in _key_rows(*pair, tx.now)]
            if keys:
                await complaints.name(tx, keys)
        return [_outcome(entry, verdict, numbers) for entry, verdict in judged]

    async def _keep_pictures(self, tx: Tx, new: Sequence[Entry]) -> None:
        """Remember which pictures to fetch, and whose no agency may see."""
        wishes = [Wish(entry.complaint_id, url) for entry in new for url in entry.media_urls]
        if wishes:
            await attachments.add(tx, self._addresses, wishes)
        secret = [entry.complaint_id for entry in new if entry.prepared.matter.is_secret]
        if secret:
            await attachments.add_secret(tx, secret)

    async def _store(self, tx: Tx, new: Sequence[Entry], digits: int) -> dict[UUID, str]:
        """Store new complaints and say that they were received; gives their numbers."""
        traces = [entry.prepared.trace(entry.complaint_id) for entry in new]
        drawn = await complaints.draw(tx, traces)
        weighed, grown = weigh(
            traces,
            [found.earlier for found in drawn],
            await clusters.heads_near(tx, traces),
            [entry.prepared.sure_from for entry in new],
        )
        rows, records = [], []
        for entry, found, evidence in zip(new, drawn, weighed, strict=True):
            prepared = entry.prepared
            number = complaint_number(
                prepared.number_prefix, prepared.local_date, found.number, digits
            )
            rows.append(_row(entry, number, evidence, tx.now))
            if prepared.identity:
                records.append(self._sealed(entry, tx.now))
            fact = received(prepared, number, evidence.repeat, evidence.joined.cluster)
            tx.emit(entry.complaint_id, self._veiled(entry, fact), policy=prepared.policy)
        await clusters.grow(tx, grown)
        await complaints.add(tx, rows)
        if records:
            await self._vault.put(tx, records)
        public = [(e.complaint_id, e.prepared.publication) for e in new if e.prepared.publication]
        if public:
            await requests.publish(tx, public)
        return {row.complaint_id: row.number for row in rows}

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


def _key_rows(entry: Entry, verdict: Verdict, now: datetime) -> list[complaints.KeyRow]:
    """List the Idempotency-Keys that lead to an answer from now on."""
    if isinstance(verdict, Conflict):
        return []
    aliases, answer_id = entry.aliases, entry.complaint_id
    if isinstance(verdict, Same):
        aliases, answer_id = verdict.new_aliases, verdict.complaint_id
    return [
        complaints.KeyRow(owner, name, entry.body_hash, answer_id, now)
        for kind, owner, name in aliases
        if kind == "key"
    ]


def _outcome(entry: Entry, verdict: Verdict, numbers: dict[UUID, str]) -> Outcome:
    match verdict:
        case New():
            return Accepted(entry.complaint_id, numbers[entry.complaint_id], is_new=True)
        case Same(complaint_id, number):
            return Accepted(complaint_id, number or numbers[complaint_id], is_new=False)
        case Conflict():
            return verdict


class ViewConsumer(ViewStage):
    """Keeps the public view from the tracker's facts."""

    topics: tuple[str, ...] = ("complaints.tracked",)
    #: The public view may be a moment late; whoever acts within it is told to come again.
    urgent: frozenset[type[Fact]] = frozenset()

    def decide(
        self,
        event: Event,
        state: View | None,
        now: datetime,  # noqa: ARG002 - facts carry their own time
    ) -> Step[View] | Early | Ignored:
        """Say how a fact changes the view."""
        return view.apply(event, state)

    def committed(self, changes: Sequence[Change[View]]) -> None:
        """Do nothing: whoever looks reads the database."""
