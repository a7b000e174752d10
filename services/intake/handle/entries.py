"""Requests on their way into a transaction, and what becomes of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.intake.adapters import complaints
from services.intake.decide.duplicates import Conflict, New, Same

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.intake.decide.acceptance import Prepared, Request
    from services.intake.decide.duplicates import Alias, Verdict


@dataclass(frozen=True, slots=True)
class Entry:
    """One request on its way into a transaction."""

    complaint_id: UUID
    prepared: Prepared
    body_hash: bytes
    scope: str  #: The caller's API key.
    key: str | None = None  #: Idempotency-Key.
    media_urls: tuple[str, ...] = ()  #: Pictures to fetch later.
    number: str = ""  #: What it is called, if it was kept before it was read.

    @property
    def number_prefix(self) -> str:
        """The city's."""
        return self.prepared.number_prefix

    @property
    def local_date(self) -> date:
        """Day of acceptance in the city, for the number."""
        return self.prepared.local_date

    @property
    def weight(self) -> int:
        """About how many bytes it keeps: a Chinese letter has two, and text is kept twice."""
        return 4_000 + 4 * len(self.prepared.matter.text)

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """Names under which this request may be known."""
        return aliases_of(self.scope, self.key, self.prepared.origin, self.prepared.external_id)


@dataclass(frozen=True, slots=True)
class Kept:
    """One request that is made durable now and read later; every code in it was looked up."""

    complaint_id: UUID
    request: Request  #: With `received_at`.
    body_hash: bytes
    scope: str  #: As of an `Entry`.
    key: str | None
    number_prefix: str
    local_date: date  #: Day of acceptance in the city, for the number.
    is_bulk: bool = False  #: Of a file.

    @property
    def weight(self) -> int:
        """About how many bytes it keeps."""
        return 2_000 + 2 * len(self.request.text)

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """Names under which this request may be known."""
        return aliases_of(self.scope, self.key, self.request.origin, self.request.external_id)


def aliases_of(
    scope: str, key: str | None, origin: str | None, external_id: str | None
) -> tuple[Alias, ...]:
    """Give the names under which a request may be known."""
    by_key: tuple[Alias, ...] = (("key", scope, key),) if key else ()
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


def key_rows(entry: Entry | Kept, verdict: Verdict) -> list[complaints.KeyRow]:
    """List the Idempotency-Keys that lead to an answer from now on."""
    if isinstance(verdict, Conflict):
        return []
    aliases, answer_id = entry.aliases, entry.complaint_id
    if isinstance(verdict, Same):
        aliases, answer_id = verdict.new_aliases, verdict.complaint_id
    return [
        complaints.KeyRow(owner, name, entry.body_hash, answer_id)
        for kind, owner, name in aliases
        if kind == "key"
    ]


def outcome_of(entry: Entry | Kept, verdict: Verdict, numbers: dict[UUID, str]) -> Outcome:
    """Say what became of a request; `numbers` are those of the new ones."""
    match verdict:
        case New():
            return Accepted(entry.complaint_id, numbers[entry.complaint_id], is_new=True)
        case Same(complaint_id, number):
            return Accepted(complaint_id, number or numbers[complaint_id], is_new=False)
        case Conflict():
            return verdict
