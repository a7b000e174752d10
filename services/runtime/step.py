"""What a pure decision may answer. No I/O here: `decide` modules import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import Fact

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant at which something is due; `(key, subject, kind)` is unique.

    Attributes:
        key: The complaint.
        subject: What it is due for: an order, a call-back, or the complaint itself.
        kind: Which clock, such as `sign` or `due`.
        due_at: When it fires, never earlier.
    """

    key: UUID
    subject: UUID
    kind: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """The new state of a key, and what follows from it.

    Attributes:
        state: What is stored from now on.
        facts: What to tell, in order, about the same key.
        set_deadlines: Clocks to start or move.
        clear_deadlines: `(subject, kind)` of clocks to stop.
        policy: Hash of the policy that decided; goes into the envelopes.
    """

    state: S
    facts: tuple[Fact, ...] = ()
    set_deadlines: tuple[Deadline, ...] = ()
    clear_deadlines: tuple[tuple[UUID, str], ...] = ()
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Known, illegal, late or not ours: nothing changes, the reason is counted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Early:
    """Its time hasn't come, such as an action on a case that isn't open yet: parked."""

    reason: str


@dataclass(frozen=True, slots=True)
class Change(Generic[S]):
    """How the state of one key changed in a transaction; `before` is None if it is new."""

    key: UUID
    before: S | None
    after: S
