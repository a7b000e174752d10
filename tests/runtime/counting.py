"""A tiny stage for testing delivery: it keeps what it was told, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.events import ComplaintSupplemented, ComplaintWithdrawn, Event, Fact, HookDisabled
from services.runtime.ids import child_id
from services.runtime.step import Change, Deadline, Early, Ignored, Step
from services.runtime.transaction import Tx

TABLE = "CREATE TABLE seen (key uuid PRIMARY KEY, texts text[] NOT NULL)"

POISON = "poison"  #: A text that makes `decide` raise.
UNSTORABLE = "unstorable"  #: A text that makes `store` raise.


@dataclass
class Counting:
    """Appends every supplement's text to its complaint; a withdrawal before any is early."""

    topics: tuple[str, ...] = ("complaints.received",)
    urgent: frozenset[type[Fact]] = frozenset()
    told: list[UUID] = field(default_factory=list)
    fail_stores: int = 0  #: How many more stores fail as if the database were away.

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, tuple[str, ...]]:
        """Read and lock."""
        skip = "SKIP LOCKED" if skip_locked else ""
        sql = f"SELECT key, texts FROM seen WHERE key = ANY($1) ORDER BY key FOR UPDATE {skip}"
        return {row["key"]: tuple(row["texts"]) for row in await tx.conn.fetch(sql, keys)}

    def decide(
        self, event: Event, state: tuple[str, ...] | None, now: datetime
    ) -> Step[tuple[str, ...]] | Early | Ignored:
        """Follow the script that the text is."""
        key, fact = event.complaintid, event.data
        if isinstance(fact, ComplaintWithdrawn):
            if state is None:
                return Early("nothing-yet")
            return Step((*state, "withdrawn"))
        if not isinstance(fact, ComplaintSupplemented):
            return Ignored("not-mine")
        if fact.text == POISON and state is not None:
            raise ZeroDivisionError(POISON)
        follow_on = HookDisabled(endpoint_id=child_id(event.id, "x"), agency=None, reason="gone")
        deadline = Deadline(key, key, "due", now)
        return Step((*(state or ()), fact.text), (follow_on,), (deadline,))

    def decide_due(
        self, deadline: Deadline, state: tuple[str, ...], now: datetime
    ) -> Step[tuple[str, ...]] | Ignored:
        """Say that it fired."""
        if POISON in state:
            raise ZeroDivisionError(POISON)
        return Step((*state, f"fired {deadline.kind}"))

    async def store(self, tx: Tx, changes: Sequence[Change[tuple[str, ...]]]) -> None:
        """Write."""
        if self.fail_stores:
            self.fail_stores -= 1
            raise OSError("the database is away")
        if any(UNSTORABLE in change.after for change in changes):
            raise ValueError(UNSTORABLE)
        await tx.conn.executemany(
            "INSERT INTO seen VALUES ($1, $2)"
            " ON CONFLICT (key) DO UPDATE SET texts = excluded.texts",
            [(change.key, list(change.after)) for change in changes],
        )

    def committed(self, changes: Sequence[Change[tuple[str, ...]]]) -> None:
        """Remember."""
        self.told += [change.key for change in changes]
