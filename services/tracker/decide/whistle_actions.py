"""What follows when a whistle is blown, when somebody reports about it, when an instant passes.

A deadline and a report may come at the same instant. Both take the lock of the whistle's key,
so one of them is first, and the other finds a call that it can't change any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import (
    Summons,
    WhistleAction,
    WhistleActionReported,
    WhistleBlown,
    WhistleJudged,
    WhistleLeft,
    WhistleRouted,
)
from services.runtime.step import Deadline, Ignored, Step
from services.tracker.decide.whistle import (
    CLOCK_KINDS,
    CLOCKS,
    LAPSE,
    Call,
    CallState,
    CallTrigger,
    ClockName,
    Judgement,
    Watch,
    Whistle,
    WhistleState,
    WhistleTrigger,
    next_call,
    next_whistle,
)
from services.tracker.decide.whistle_turns import WhistleTurn, heard_at, line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.events import Event
    from services.policy import Policy, WhistleStandard

#: What a body that was called does, the clock that it stops, and the table's word for it.
_STEPS: dict[WhistleAction, tuple[ClockName, CallTrigger]] = {
    WhistleAction.SIGN: ("sign", CallTrigger.SIGNED),
    WhistleAction.CONTACT: ("contact", CallTrigger.CONTACTED),
    WhistleAction.ARRIVE: ("arrive", CallTrigger.ARRIVED),
}
_DUE: dict[ClockName, CallTrigger] = {
    "sign": CallTrigger.SIGN_DUE,
    "contact": CallTrigger.CONTACT_DUE,
    "arrive": CallTrigger.ARRIVE_DUE,
}


def blown(
    event: Event,
    fact: WhistleRouted,
    earlier: Sequence[Whistle],
    policy: Policy,
    now: datetime,
) -> Step[Whistle] | Ignored:
    """Call everybody the router names, and start their clocks.

    All clocks start now, when the bodies are told: started by the signature they could be
    stalled, and an outage of ours isn't the bodies' fault.

    Args:
        event: The router's.
        fact: What it says.
        earlier: The whistles that are known under the same key.
        policy: The bundle that the router decided under.
        now: The transaction's instant.

    Raises:
        LookupError: The bundle that decided doesn't know the standard it decided on.
    """
    content = fact.whistle
    known = next((w.state for w in earlier if w.whistle_id == content.whistle_id), None)
    state = next_whistle(known, WhistleTrigger.ROUTED)
    if isinstance(state, Ignored):
        return state
    if policy.whistles is None:
        raise LookupError(fact.standard)
    standard = policy.whistles.standards[fact.standard]
    whistle = Whistle(
        whistle_id=content.whistle_id,
        key=event.complaintid,
        number=len(earlier) + 1,
        state=state,
        content=content,
        policy=policy.hash,
        blown_at=now,
        lapses_at=now,  # Until its clocks are started.
        copies=fact.copies,
        calls=(),
    )
    turn = WhistleTurn(whistle, policy, now, event.id)
    _start_clocks(turn, standard, fact.targets)
    turn.say(_told(turn.whistle))
    return turn.step()


def _start_clocks(turn: WhistleTurn, standard: WhistleStandard, targets: Sequence[str]) -> None:
    arrive = turn.due(standard.arrive_within)
    sign, contact = (turn.due(w).at for w in (standard.sign_within, standard.contact_within))
    watches = (Watch(sign), Watch(contact), Watch(arrive.at))
    calls = tuple(
        Call(agency, CallState.CALLED, *watches, arrive.timeline)
        for agency in dict.fromkeys(targets)
    )
    lapses_at = turn.due(standard.lapse_within).at
    whistle = turn.whistle = replace(turn.whistle, calls=calls, lapses_at=lapses_at)
    for call in calls:
        for clock in CLOCKS:
            turn.start(whistle.subject(call), f"whistle-{clock}", call.watch(clock).due_at)
    turn.start(whistle.whistle_id, LAPSE, lapses_at)


def _told(whistle: Whistle) -> WhistleBlown:
    content = whistle.content
    return WhistleBlown(
        whistle_id=whistle.whistle_id,
        kind=content.kind,
        raised_by=content.raised_by,
        summons=tuple(
            Summons(
                agency=call.agency,
                sign_due_at=call.sign.due_at,
                contact_due_at=call.contact.due_at,
                arrive_due_at=call.arrive.due_at,
                timeline=call.timeline,
            )
            for call in whistle.calls
        ),
        copies=whistle.copies,
        complaints=content.complaints,
        repeats=whistle.number - 1,
        whistle=content,
    )


def reported(
    event: Event, fact: WhistleActionReported, whistle: Whistle, policy: Policy, now: datetime
) -> Step[Whistle]:
    """Judge a report: of a body that is called, or of the street that blew; of nobody else.

    Whoever reported got "accepted" at the door, so a report that counts for nothing is kept
    in the whistle's history with the reason.
    """
    turn = WhistleTurn(whistle, policy, now, event.id)
    refused = _judge(turn, fact)
    if refused is not None:
        turn = WhistleTurn(whistle, policy, now, event.id)
        turn.notes.append(line(fact, now, event.id, ignored=refused.reason))
    return turn.step()


def _judge(turn: WhistleTurn, fact: WhistleActionReported) -> Ignored | None:
    is_raiser, call = fact.agency == turn.whistle.raised_by, turn.whistle.call(fact.agency)
    if call is None and not is_raiser:
        return Ignored("whistle-of-others")
    if fact.action is WhistleAction.JUDGE:
        return _judged(turn, fact)
    if turn.whistle.state is WhistleState.CLOSED:
        return Ignored("whistle-closed")
    if is_raiser and fact.action in (WhistleAction.CLOSE, WhistleAction.RESULT):
        return _settled(turn, fact)
    return _acted(turn, fact, call) if call else Ignored(f"street-not-{fact.action}")


def _settled(turn: WhistleTurn, fact: WhistleActionReported) -> Ignored | None:
    """The street said what came of it; with `close`, that nothing more is to be done."""
    if fact.action is WhistleAction.CLOSE:
        at = heard_at(fact, turn.now)
        return turn.end(WhistleTrigger.CLOSED, "street", at, fact.note)
    state = next_whistle(turn.whistle.state, WhistleTrigger.ANSWERED)
    if isinstance(state, Ignored):
        return state
    turn.whistle = replace(turn.whistle, state=state, result=fact.note)
    turn.heard(fact)
    return None


def _acted(turn: WhistleTurn, fact: WhistleActionReported, call: Call) -> Ignored | None:
    """A body that is called did something."""
    at = heard_at(fact, turn.now)
    if fact.action in _STEPS:
        clock, trigger = _STEPS[fact.action]
        state = next_call(call.state, trigger)
        if isinstance(state, Ignored):
            return state
        turn.reach(call, state, clock, at)
        return None
    match fact.action:
        case WhistleAction.LEAVE:
            state = next_call(call.state, CallTrigger.LEFT)
            if isinstance(state, Ignored):
                return state
            turn.put(replace(call, state=state, left_at=at))
            whistle = turn.whistle
            turn.say(
                WhistleLeft(
                    whistle_id=whistle.whistle_id,
                    agency=call.agency,
                    raised_by=whistle.raised_by,
                )
            )
        case WhistleAction.RESULT:
            state = next_call(call.state, CallTrigger.ANSWERED)
            if isinstance(state, Ignored):
                return state
            turn.put(replace(call, state=state, result=fact.note))
            turn.heard(fact)
        case _:
            return Ignored(f"target-not-{fact.action}")
    return None


def _judged(turn: WhistleTurn, fact: WhistleActionReported) -> Ignored | None:
    """双考核: the street on a body it called, that body on the whistle; each once, for good."""
    whistle, at = turn.whistle, heard_at(fact, turn.now)
    state = next_whistle(whistle.state, WhistleTrigger.JUDGED)
    if isinstance(state, Ignored):
        return state
    if fact.grade is None:
        return Ignored("judgement-without-grade")
    if whistle.judged_until is not None and at > whistle.judged_until:
        return Ignored("judgement-too-late")
    is_of_street = fact.about is not None
    call = whistle.call(fact.about or fact.agency)
    if call is None or (is_of_street and fact.agency != whistle.raised_by):
        return Ignored("judgement-of-nobody-here")
    if (call.verdict if is_of_street else call.opinion) is not None:
        return Ignored("judged-before")
    judgement = Judgement(fact.grade, fact.note, at)
    verdict = replace(call, verdict=judgement) if is_of_street else replace(call, opinion=judgement)
    turn.put(verdict)
    turn.say(
        WhistleJudged(
            whistle_id=whistle.whistle_id,
            raised_by=whistle.raised_by,
            judge=fact.agency,
            about=fact.about,
            grade=fact.grade,
            note=fact.note,
        )
    )
    return None


def is_whistle_clock(deadline: Deadline) -> bool:
    """Tell whether a deadline is a whistle's, not a case's."""
    return deadline.kind == LAPSE or deadline.kind in CLOCK_KINDS


def owner_of(deadline: Deadline, whistles: Sequence[Whistle]) -> Whistle | None:
    """Find the whistle that a deadline belongs to."""
    for whistle in whistles:
        if deadline.subject == whistle.whistle_id or _call(deadline, whistle):
            return whistle
    return None


def _call(deadline: Deadline, whistle: Whistle) -> Call | None:
    return next((c for c in whistle.calls if whistle.subject(c) == deadline.subject), None)


def passed(
    deadline: Deadline, whistle: Whistle, policy: Policy, now: datetime
) -> Step[Whistle] | Ignored:
    """Judge a deadline whose instant has passed."""
    turn = WhistleTurn(whistle, policy, now)
    if deadline.kind == LAPSE:
        return turn.end(WhistleTrigger.LAPSED, "lapsed", now, None) or turn.step()
    call, clock = _call(deadline, whistle), CLOCK_KINDS.get(deadline.kind)
    if call is None or clock is None:
        return Ignored("deadline-unknown")
    state = next_call(call.state, _DUE[clock])
    if isinstance(state, Ignored):
        return state
    if call.watch(clock).missed_at is not None:
        return Ignored(f"deadline-{deadline.kind}-told-already")
    turn.miss(call, clock)
    return turn.step()
