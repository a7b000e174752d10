"""Calls that operators make: taking one on, what came of it, and ordering one more (再次回访).

What a citizen says on the telephone is recorded at intake, the only door in; here is recorded
only that nobody answered the questions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from services.events import CallbackAttempted
from services.notifier.decide.callback import ATTEMPT, Callback, unclaimed
from services.notifier.decide.callback_steps import attempt_at, to_state
from services.notifier.decide.callback_table import CALLBACK_FINAL, CallbackState, CallbackTrigger
from services.runtime.step import Step

if TYPE_CHECKING:
    from uuid import UUID

    from services.notifier.decide.asking import Asking

#: How long a call belongs to the operator who took it on, once more with each claim.
#: Assumption (2026-11): a call with its questions takes minutes, and nobody publishes a figure.
CLAIM = timedelta(minutes=15)

CallOutcome = Literal["no-answer", "busy", "wrong-number", "refused", "later"]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why something isn't done; nothing changes."""

    code: Literal[
        "settled", "not-open", "claimed", "not-claimed", "bad-time", "limit", "being-asked"
    ]


@dataclass(frozen=True, slots=True)
class Call:
    """What came of a call that nobody answered, or not to the end.

    Attributes:
        outcome: As the operator reports it.
        call_at: When the person wants to be called, if `later`.
    """

    outcome: CallOutcome
    call_at: datetime | None = None


def claim(callback: Callback, operator: UUID, now: datetime) -> Step[Callback] | Refused:
    """Take a call on for a while; nobody else gets it meanwhile."""
    why = _not_open(callback, operator, now)
    if why is not None:
        return why
    claimed = replace(
        callback,
        state=to_state(callback.state, CallbackTrigger.CLAIMED),
        claimed_by=operator,
        claimed_until=min(now + CLAIM, callback.lapses_at),
    )
    return Step(claimed)


def _not_open(callback: Callback, operator: UUID, now: datetime) -> Refused | None:
    if callback.state in CALLBACK_FINAL or callback.lapses_at <= now:
        return Refused("settled")
    is_mine = callback.claimed_by == operator
    if callback.claimed_until is not None and callback.claimed_until > now and not is_mine:
        return Refused("claimed")
    is_closed = callback.open_until is None or callback.open_until <= now
    return (
        Refused("not-open") if callback.state is not CallbackState.CALLABLE or is_closed else None
    )


def called(
    callback: Callback, operator: UUID, call: Call, asking: Asking, now: datetime
) -> Step[Callback] | Refused:
    """Record a call that brought no answers; only who took it on can.

    A person who wants to be called later is called then, within the hours and `attempts_max`.
    One who refuses is not asked any more; the link they have still works. A wrong number isn't
    used again.
    """
    if callback.state in CALLBACK_FINAL:
        return Refused("settled")
    is_mine = callback.claimed_by == operator and callback.state is CallbackState.CALLABLE
    if not is_mine or callback.claimed_until is None or callback.claimed_until <= now:
        return Refused("not-claimed")
    if (call.outcome == "later") != (call.call_at is not None):
        return Refused("bad-time")
    if call.call_at is not None and not now < call.call_at < callback.lapses_at:
        return Refused("bad-time")
    made = _made(callback, call)
    next_at = _next_at(made, call, asking, now)
    fact = CallbackAttempted(
        callback_id=callback.callback_id,
        attempt=made.attempts,
        channel="phone",
        outcome="no-contact" if call.outcome == "wrong-number" else "failed",
        reason=call.outcome,
        next_attempt_at=next_at,
    )
    starting = attempt_at(made, next_at)
    ending = () if starting else ((callback.callback_id, ATTEMPT),)
    return Step(made, facts=(fact,), set_deadlines=starting, clear_deadlines=ending)


def _made(callback: Callback, call: Call) -> Callback:
    made = replace(
        callback,
        state=to_state(callback.state, CallbackTrigger.CALLED),
        attempts=callback.attempts + 1,
        place=callback.place + (not callback.is_aside),
        is_aside=call.call_at is not None,
        is_number_wrong=callback.is_number_wrong or call.outcome == "wrong-number",
    )
    return unclaimed(made)


def _next_at(made: Callback, call: Call, asking: Asking, now: datetime) -> datetime | None:
    if call.outcome == "refused":
        return None
    if call.call_at is None:
        return asking.next_at(made, now)
    found = asking.slot(made)
    if found is None:
        return None
    return asking.in_time(made, asking.opens(found[1].hours, call.call_at))


def again(callback: Callback, asking: Asking, now: datetime) -> Step[Callback] | Refused:
    """Order one more call; only while the tracker can still take the answer.

    Once a call-back has lapsed, or its answer has arrived, the tracker has closed or reopened the
    case by it: another answer would be ignored, so the person isn't bothered for it.
    """
    if callback.state in CALLBACK_FINAL or callback.lapses_at <= now:
        return Refused("settled")
    if callback.state is not CallbackState.WAITING:
        return Refused("being-asked")
    if callback.extra >= asking.rules.again_max:
        return Refused("limit")
    opens_at = asking.in_time(callback, asking.opens(asking.rules.call_hours, now))
    if opens_at is None:
        return Refused("settled")
    ordered = replace(
        callback,
        state=to_state(callback.state, CallbackTrigger.ORDERED),
        extra=callback.extra + 1,
        is_aside=True,
        is_number_wrong=False,  # Whoever orders it has found the right one, or doubts the report.
    )
    return Step(ordered, set_deadlines=attempt_at(ordered, opens_at))
