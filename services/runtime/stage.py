"""What a service implements to have its decisions made durable.

`load` gathers, a pure `decide` decides, `store` applies; the runtime does all the rest in
the same transaction. Commands over HTTP use the same three steps through `perform`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from services.runtime.step import Change, Early, Ignored, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.events import Event, Fact
    from services.runtime.postgres import Database
    from services.runtime.step import Deadline
    from services.runtime.transaction import Tx

S = TypeVar("S")
R = TypeVar("R")


class Stage(Protocol[S]):
    """Storage of one state per complaint."""

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, S]:
        """Read and lock the states of `keys`, in the order of the keys.

        With `skip_locked`, leave out what another transaction holds.
        """

    async def store(self, tx: Tx, changes: Sequence[Change[S]]) -> None:
        """Write all changes in as few statements as possible."""


class Consumer(Stage[S], Protocol[S]):
    """A stage that events drive."""

    topics: tuple[str, ...]
    #: Facts that somebody waits for; others may gather a moment so that batches are fewer.
    urgent: frozenset[type[Fact]]

    def decide(self, event: Event, state: S | None, now: datetime) -> Step[S] | Early | Ignored:
        """Say what follows from an event. Pure: an exception is a bug and a dead letter."""

    def committed(self, changes: Sequence[Change[S]]) -> None:
        """Learn what has become durable, to act on it at once. Must not block or raise."""


class TimedStage(Stage[S], Protocol[S]):
    """A stage that time drives too."""

    def decide_due(self, deadline: Deadline, state: S, now: datetime) -> Step[S] | Ignored:
        """Say what follows from a deadline that has passed. Pure."""


def carry_out(
    tx: Tx, key: UUID, step: Step[S], *, cause: UUID | None, traceparent: str | None = None
) -> None:
    """Put what a step asks for into its transaction: facts and deadlines, not the state."""
    for ordinal, fact in enumerate(step.facts):
        tx.emit(
            key, fact, cause=cause, ordinal=ordinal, policy=step.policy, traceparent=traceparent
        )
    for deadline in step.set_deadlines:
        if deadline.key == key:
            tx.set_deadline(deadline)
        else:
            tx.wake(deadline)
    for subject, kind in step.clear_deadlines:
        tx.clear_deadline(key, subject, kind)


async def perform(
    db: Database,
    stage: Stage[S],
    key: UUID,
    decide: Callable[[S | None, datetime], Step[S] | R],
) -> Step[S] | R:
    """Carry out a command in one transaction.

    Args:
        db: The service's database.
        stage: Where the state is.
        key: The complaint.
        decide: The pure decision; anything but a `Step` changes nothing.

    Returns:
        What `decide` returned, once it is durable.
    """
    async with db.transaction() as tx:
        before = (await stage.load(tx, [key])).get(key)
        outcome = decide(before, tx.now)
        if isinstance(outcome, Step):
            await stage.store(tx, [Change(key, before, outcome.state)])
            carry_out(tx, key, outcome, cause=None)
    return outcome
