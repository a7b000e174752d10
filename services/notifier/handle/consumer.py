"""The consumer of `complaints.tracked`: load -> decide -> store, then send from memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import CallbackDue, CaseOpened, topic_of
from services.notifier.adapters import watches
from services.notifier.decide import (
    ATTEMPT,
    Callback,
    CallbackState,
    Job,
    Watch,
    ask,
    attempt_due,
    lapse,
    tell,
    watch,
)
from services.runtime import telemetry
from services.runtime.failpoints import hit
from services.runtime.step import Ignored, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.events import Event, Fact
    from services.notifier.decide import Asking
    from services.notifier.handle.lanes import Lanes
    from services.notifier.handle.ports import Book
    from services.runtime.policies import PolicyStore
    from services.runtime.step import Change, Deadline
    from services.runtime.transaction import Tx


class Notifier:
    """Driven by events and by time."""

    topics: tuple[str, ...] = ("complaints.tracked",)
    #: A case's opening comes with its order or its end, and nothing is told of it alone.
    urgent: frozenset[type[Fact]] = frozenset(topic_of(CaseOpened).facts) - {CaseOpened}

    def __init__(
        self,
        book: Book,
        lanes: Lanes,
        asking: Callable[[], Asking],
        on_callback_due: Callable[[], None],
        *,
        policies: PolicyStore,
        on_notice_due: Callable[[], None],
    ) -> None:
        """Wire the parts.

        Args:
            book: The endpoints.
            lanes: Where deliveries go once they are durable.
            asking: Gives the policy in force, as far as it says how people are asked back.
            on_callback_due: Told that there is somebody to ask.
            policies: Say which notices people get.
            on_notice_due: Told that there is something to tell.
        """
        self._book = book
        self._lanes = lanes
        self._asking = asking
        self._on_callback_due = on_callback_due
        self._policies = policies
        self._on_notice_due = on_notice_due

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Watch]:
        """Read and lock what is known of complaints."""
        return await watches.load(tx, keys, skip_locked=skip_locked)

    async def store(self, tx: Tx, changes: Sequence[Change[Watch]]) -> None:
        """Write what changed and what is planned."""
        await watches.store(tx, changes)

    def decide(self, event: Event, state: Watch | None, now: datetime) -> Step[Watch]:
        """Say what an event leads to."""
        step = watch(event, state, self._book.directory, self._lanes, now)
        step = tell(event, step, self._policies.current, now)
        if isinstance(event.data, CallbackDue):
            return ask(event, event.data, step, self._asking(), now)
        return step

    def decide_due(self, deadline: Deadline, state: Watch, now: datetime) -> Step[Watch] | Ignored:
        """Say what a deadline leads to: an attempt, or the end of waiting."""
        found = callback_of(state, deadline.subject)
        if found is None:
            return Ignored("callback-unknown")
        if deadline.kind == ATTEMPT:
            outcome = attempt_due(found, self._asking(), now)
        else:
            outcome = lapse(found)
        if isinstance(outcome, Ignored):
            return outcome
        return Step(
            with_callback(state, outcome.state),
            outcome.facts,
            outcome.set_deadlines,
            outcome.clear_deadlines,
        )

    def committed(self, changes: Sequence[Change[Watch]]) -> None:
        """Send what has just become durable."""
        jobs = [job for change in changes for job in _leased(change)]
        if jobs:
            hit("after_delivery_commit_before_send")
            self._lanes.offer(jobs)
        if errors := sum(change.after.filter_errors for change in changes):
            telemetry.HOOK_FILTER_ERRORS.inc(errors)
        if any(c.state is CallbackState.DUE for change in changes for c in change.after.callbacks):
            self._on_callback_due()
        if any(change.after.notices for change in changes):
            self._on_notice_due()


def callback_of(state: Watch, callback_id: UUID) -> Callback | None:
    """Find one call-back of a complaint."""
    return next((c for c in state.callbacks if c.callback_id == callback_id), None)


def with_callback(state: Watch, changed: Callback) -> Watch:
    """Put a changed call-back in the place of its former self."""
    return replace(
        state,
        callbacks=tuple(
            changed if c.callback_id == changed.callback_id else c for c in state.callbacks
        ),
    )


def _leased(change: Change[Watch]) -> Iterator[Job]:
    for planned in change.after.planned:
        if planned.is_leased:
            yield Job(
                complaint_id=change.key,
                endpoint_id=planned.endpoint_id,
                sequence=planned.sequence,
                delivery_id=planned.delivery_id,
                event_id=planned.event_id,
                event_type=planned.event_type,
                attempt=1,
                body=planned.body,
                after=planned.after,
            )
