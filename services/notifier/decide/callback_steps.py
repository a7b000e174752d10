"""Call-back (回访): asking the person whether it is solved, by messages and operators' calls.

The notifier sends the messages; for calls see `calling`. The answer itself comes in through
intake and reaches the notifier as the tracker's verdict. What may follow what stands in
`callback_table`; when and how often, in the policy (`asking`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import CallbackAttempted, CallbackDue, CallbackLapsed
from services.notifier.decide.asking import gap_of
from services.notifier.decide.callback import ATTEMPT, LAPSE, POSTPONE, Callback, Sending, unclaimed
from services.notifier.decide.callback_table import (
    CALLBACK_FINAL,
    CallbackState,
    CallbackTrigger,
    next_callback,
)
from services.runtime.step import Deadline, Ignored, Step

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.notifier.decide.asking import Asking


def plan(
    fact: CallbackDue,
    complaint_id: UUID,
    cause_id: UUID,
    asking: Asking,
    now: datetime,
    *,
    is_always_asked: bool = False,
) -> Step[Callback]:
    """Plan a call-back; the plan begins at once, for the tracker has waited already.

    Args:
        fact: The tracker's word.
        complaint_id: What it is about.
        cause_id: The event that asked for it.
        asking: The policy.
        now: The instant of planning.
        is_always_asked: It may not be left out of the sample.
    """
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
        ended = replace(callback, state=to_state(None, CallbackTrigger.UNREACHABLE), attempts=1)
        return Step(ended, facts=_nobody(callback, 1, "none"))
    if fact.round == 1 and not is_always_asked and not asking.is_drawn(fact.callback_id):
        ended = replace(callback, state=to_state(None, CallbackTrigger.NOT_DRAWN))
        lapsed = CallbackLapsed(callback_id=fact.callback_id, reason="not-sampled")
        return Step(ended, facts=(lapsed,))
    begun = _begin(callback, None, asking, now)
    lapse_at = Deadline(complaint_id, callback.callback_id, LAPSE, fact.lapses_at)
    return replace(begun, set_deadlines=(lapse_at, *begun.set_deadlines))


def attempt_due(callback: Callback, asking: Asking, now: datetime) -> Step[Callback] | Ignored:
    """An instant has come: hand the attempt to whoever makes it, or end an operator's hours."""
    if callback.state is CallbackState.CALLABLE:
        return _hours_over(callback, asking, now)
    if callback.state is not CallbackState.WAITING:
        return Ignored("callback-not-waiting")
    return _begin(callback, callback.state, asking, now)


def _begin(
    callback: Callback, state: CallbackState | None, asking: Asking, now: datetime
) -> Step[Callback]:
    """Begin the attempt whose turn it is, within its hours; otherwise wait for them."""
    found = asking.slot(callback)
    if found is None:
        return Step(replace(callback, state=to_state(state, CallbackTrigger.PUT_OFF)))
    place, slot = found
    callback = replace(callback, place=place)
    # The first attempt's gap counts from here; later ones were counted from the one before.
    opens_at = asking.opens(slot.hours, now if state else now + gap_of(slot.gap))
    if opens_at > now:
        waits = replace(callback, state=to_state(state, CallbackTrigger.PUT_OFF))
        return Step(waits, set_deadlines=attempt_at(waits, asking.in_time(waits, opens_at)))
    return Step(replace(callback, state=to_state(state, CallbackTrigger.ATTEMPT_DUE)))


def _hours_over(callback: Callback, asking: Asking, now: datetime) -> Step[Callback] | Ignored:
    """Nobody took the call on before the hours ended; it costs no attempt.

    An operator who is on the phone finishes: the claim outlives the hours.
    """
    if callback.claimed_until is not None and callback.claimed_until > now:
        return Step(callback, set_deadlines=attempt_at(callback, callback.claimed_until))
    if callback.open_until is not None and callback.open_until > now:
        return Ignored("callback-still-open")
    waits = unclaimed(replace(callback, state=to_state(callback.state, CallbackTrigger.PUT_OFF)))
    found = asking.slot(waits)
    if found is None:
        return Step(waits)
    opens_at = asking.in_time(waits, asking.opens(found[1].hours, now))
    return Step(waits, set_deadlines=attempt_at(waits, opens_at))


def lapse(callback: Callback) -> Step[Callback] | Ignored:
    """Its time is up and nobody has answered."""
    state = next_callback(callback.state, CallbackTrigger.TIMED_OUT)
    if isinstance(state, Ignored):
        return state
    return Step(
        unclaimed(replace(callback, state=state)),
        facts=(CallbackLapsed(callback_id=callback.callback_id, reason="no-answer"),),
        clear_deadlines=((callback.callback_id, ATTEMPT),),
    )


def cancel(callback: Callback) -> Callback:
    """Ask no more; a settled one stays as it is."""
    state = next_callback(callback.state, CallbackTrigger.SETTLED)
    return callback if isinstance(state, Ignored) else unclaimed(replace(callback, state=state))


def after_attempt(
    callback: Callback, sending: Sending, asking: Asking, now: datetime
) -> Step[Callback] | Ignored:
    """Decide what follows from a message that was tried, or from a look whom to call.

    An attempt whose call-back was settled meanwhile is told all the same, for the person was
    asked; it leads to no other.
    """
    match sending.outcome:
        case "unavailable":
            return _put_off(callback, asking, now + POSTPONE)
        case "closed":
            return _put_off(callback, asking, now)
        case "no-contact":
            return _unreachable(callback, sending, asking, now)
        case "callable":
            return _opened(callback, asking, now)
        case _:
            return _messaged(callback, sending, asking, now)


def _opened(callback: Callback, asking: Asking, now: datetime) -> Step[Callback] | Ignored:
    """Let operators take the call on until its hours end.

    Only after the vault has said that the person has a number and may be called: an operator's
    queue holds nobody who asked to be let alone.
    """
    found = asking.slot(callback)
    is_call = found is not None and found[1].channel == "phone"
    if found is None or not is_call or not asking.may_send(callback, now):
        return _put_off(callback, asking, now)
    state = next_callback(callback.state, CallbackTrigger.CALL_DUE)
    if isinstance(state, Ignored):
        return state
    closes_at = asking.closes(found[1].hours, now)
    opened = replace(callback, state=state, open_until=closes_at)
    return Step(opened, set_deadlines=attempt_at(opened, asking.in_time(opened, closes_at)))


def _messaged(
    callback: Callback, sending: Sending, asking: Asking, now: datetime
) -> Step[Callback] | Ignored:
    state = next_callback(callback.state, CallbackTrigger.MESSAGED)
    if isinstance(state, Ignored):
        return state
    made = replace(callback, state=state, attempts=callback.attempts + 1, place=callback.place + 1)
    next_at = None if state in CALLBACK_FINAL else asking.next_at(made, now)
    fact = CallbackAttempted(
        callback_id=callback.callback_id,
        attempt=made.attempts,
        channel=sending.channel,
        outcome="sent" if sending.outcome == "sent" else "failed",
        next_attempt_at=next_at,
    )
    return Step(made, facts=(fact,), set_deadlines=attempt_at(made, next_at))


def _put_off(callback: Callback, asking: Asking, at: datetime) -> Step[Callback] | Ignored:
    if callback.state is not CallbackState.DUE:
        return Ignored("callback-not-due")
    waits = replace(callback, state=to_state(callback.state, CallbackTrigger.PUT_OFF))
    found = asking.slot(waits)
    if found is None:
        return Step(waits)
    next_at = asking.in_time(waits, asking.opens(found[1].hours, at))
    return Step(waits, set_deadlines=attempt_at(waits, next_at))


def _unreachable(
    callback: Callback, sending: Sending, asking: Asking, now: datetime
) -> Step[Callback] | Ignored:
    """Go on to what does reach the person; where nothing does, the case must not wait for it."""
    if callback.state is not CallbackState.DUE:
        return Ignored("callback-not-due")
    found = asking.slot(callback, sending.reachable)
    if found is not None:
        # A call outside the plan can't be made either: no number, or not to be called.
        return _put_off(replace(callback, place=found[0], is_aside=False), asking, now)
    if callback.attempts and sending.reachable:  # It was asked, and may still answer.
        return Step(replace(callback, state=to_state(callback.state, CallbackTrigger.PUT_OFF)))
    attempt = callback.attempts + 1
    state = to_state(callback.state, CallbackTrigger.UNREACHABLE)
    return Step(
        replace(callback, state=state, attempts=attempt),
        facts=_nobody(callback, attempt, sending.channel),
        clear_deadlines=((callback.callback_id, ATTEMPT), (callback.callback_id, LAPSE)),
    )


def to_state(state: CallbackState | None, trigger: CallbackTrigger) -> CallbackState:
    """Follow the table where the rules above have seen to it that it knows the pair."""
    following = next_callback(state, trigger)
    assert not isinstance(following, Ignored), following.reason  # noqa: S101 - a bug of ours
    return following


def attempt_at(callback: Callback, at: datetime | None) -> tuple[Deadline, ...]:
    """Set the clock of the next attempt, if there is one."""
    if at is None:
        return ()
    return (Deadline(callback.complaint_id, callback.callback_id, ATTEMPT, at),)


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
