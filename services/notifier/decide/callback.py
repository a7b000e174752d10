"""Call-back (回访): asking the person whether it is solved.

States: `due`, an attempt is to be made -> `waiting` for the next instant -> `due` again …
until the case is closed or reopened (`cancelled`) or the time is up (`lapsed`). The answer
itself comes in through intake and reaches the notifier as the tracker's verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from services.events import CallbackAttempted, CallbackDue, CallbackLapsed
from services.runtime.step import Deadline, Ignored, Step

if TYPE_CHECKING:
    from uuid import UUID

    from services.policy.callback import CallbackRules

#: Kinds of deadline.
ATTEMPT = "attempt"
LAPSE = "lapse"

#: How soon a vault that didn't answer is asked again; costs no attempt, it isn't the person's
#: doing.
POSTPONE = timedelta(seconds=30)


class CallbackState(StrEnum):
    """Where a call-back stands."""

    WAITING = "waiting"  #: For the next attempt, or for the answer.
    DUE = "due"  #: An attempt is to be made now.
    LAPSED = "lapsed"  #: Nobody could be asked, or nobody answered.
    CANCELLED = "cancelled"  #: The case was closed or reopened.


SETTLED = frozenset({CallbackState.LAPSED, CallbackState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Callback:
    """One call-back.

    Attributes:
        complaint_id: What it is about.
        callback_id: Its identity, given by the tracker.
        cause_id: The event that asked for it; its facts' ids derive from it.
        number: What the person quotes.
        agency: Who handled it.
        answer: What the agency says it did.
        reporter: The person's token in the vault.
        language: Of the person.
        lapses_at: After this, no answer counts as none.
        state: Where it stands.
        attempts: How many have been made.
    """

    complaint_id: UUID
    callback_id: UUID
    cause_id: UUID
    number: str
    agency: str
    answer: str
    reporter: str | None
    language: str
    lapses_at: datetime
    state: CallbackState = CallbackState.WAITING
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Contact:
    """What the vault knows of a person; lives as long as one request, and never in a log."""

    phone: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sending:
    """What came of an attempt.

    Attributes:
        outcome: `sent`; `failed` by the channel; `no-contact` if the vault knows no number;
            `unavailable` if the vault itself didn't answer.
        channel: Through which it was tried.
    """

    outcome: Literal["sent", "failed", "no-contact", "unavailable"]
    channel: str


def plan(fact: CallbackDue, complaint_id: UUID, cause_id: UUID) -> Step[Callback]:
    """Plan a call-back: the first attempt is due at once, for the tracker has waited already."""
    callback = Callback(
        complaint_id=complaint_id,
        callback_id=fact.callback_id,
        cause_id=cause_id,
        number=fact.number,
        agency=fact.agency,
        answer=fact.answer,
        reporter=fact.reporter,
        language=fact.language,
        lapses_at=fact.lapses_at,
    )
    if fact.reporter is None:
        return Step(
            replace(callback, state=CallbackState.LAPSED, attempts=1),
            facts=_nobody(callback, 1, "none"),
        )
    return Step(
        replace(callback, state=CallbackState.DUE),
        set_deadlines=(Deadline(complaint_id, callback.callback_id, LAPSE, fact.lapses_at),),
    )


def attempt_due(callback: Callback) -> Step[Callback] | Ignored:
    """The next attempt's instant has come: hand it to whoever sends."""
    if callback.state is not CallbackState.WAITING:
        return Ignored("callback-not-waiting")
    return Step(replace(callback, state=CallbackState.DUE))


def lapse(callback: Callback) -> Step[Callback] | Ignored:
    """Its time is up and nobody has answered."""
    if callback.state in SETTLED:
        return Ignored("callback-settled")
    return Step(
        replace(callback, state=CallbackState.LAPSED),
        facts=(CallbackLapsed(callback_id=callback.callback_id, reason="no-answer"),),
        clear_deadlines=((callback.callback_id, ATTEMPT),),
    )


def cancel(callback: Callback) -> Callback:
    """Ask no more; a settled one stays as it is."""
    if callback.state in SETTLED:
        return callback
    return replace(callback, state=CallbackState.CANCELLED)


def after_attempt(
    callback: Callback, sending: Sending, rules: CallbackRules, now: datetime
) -> Step[Callback] | Ignored:
    """Decide what follows from an attempt that was made.

    An attempt whose call-back was settled meanwhile is told all the same, for the person was
    asked; it leads to no other.
    """
    if sending.outcome == "unavailable":
        return _postpone(callback, now)
    attempt = callback.attempts + 1
    made = replace(callback, attempts=attempt)
    is_open = callback.state not in SETTLED
    if sending.outcome == "no-contact" and is_open:
        return Step(
            replace(made, state=CallbackState.LAPSED),
            facts=_nobody(callback, attempt, sending.channel),
            clear_deadlines=((callback.callback_id, ATTEMPT), (callback.callback_id, LAPSE)),
        )
    next_at = now + _spacing(rules) if is_open and attempt < rules.attempts_max else None
    if next_at is not None and next_at >= callback.lapses_at:
        next_at = None
    fact = CallbackAttempted(
        callback_id=callback.callback_id,
        attempt=attempt,
        channel=sending.channel,
        outcome=sending.outcome,
        next_attempt_at=next_at,
    )
    return Step(
        replace(made, state=CallbackState.WAITING) if is_open else made,
        facts=(fact,),
        set_deadlines=() if next_at is None else (_attempt_at(callback, next_at),),
    )


def _postpone(callback: Callback, now: datetime) -> Step[Callback] | Ignored:
    if callback.state is not CallbackState.DUE:
        return Ignored("callback-not-due")
    return Step(
        replace(callback, state=CallbackState.WAITING),
        set_deadlines=(_attempt_at(callback, now + POSTPONE),),
    )


def _attempt_at(callback: Callback, at: datetime) -> Deadline:
    return Deadline(callback.complaint_id, callback.callback_id, ATTEMPT, at)


def _nobody(
    callback: Callback, attempt: int, channel: str
) -> tuple[CallbackAttempted, CallbackLapsed]:
    return (
        CallbackAttempted(
            callback_id=callback.callback_id,
            attempt=attempt,
            channel=channel,
            outcome="no-contact",
        ),
        CallbackLapsed(callback_id=callback.callback_id, reason="no-contact"),
    )


def _spacing(rules: CallbackRules) -> timedelta:
    """A spacing in working days is taken roughly: people answer on weekends too."""
    elapsed = rules.spacing.elapsed
    return timedelta(seconds=rules.spacing.rough_seconds) if elapsed is None else elapsed
