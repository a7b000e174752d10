"""Like complaints of different people, handled together (并单), each with its own call-back.

An officer merges a complaint into another one; intake tells both. The merged one gives up its
orders and follows; the other one knows its followers and tells them, by a deadline of theirs,
when it is resolved or ends otherwise. What follows then each follower decides for itself
(`follow`), from what stands stored of the case it follows.

The two halves may come in any order, and the followed case may end in between. So both look:
a case that is merged looks at once at how the other one stands, and a case that has ended
tells a follower that comes late. Whichever half is second finds what the first has left. A
`follow` that finds nothing to do changes nothing, so telling once too often does no harm.

A merged case may be merged into, and one with followers may be merged: theirs follow when it
does. A merge into a case that follows this one is refused; where a circle comes about over
others all the same, each case in it that looks goes on by itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from services.events import CaseFollowed, CaseMerged, CaseResumed
from services.runtime.step import Deadline, Ignored
from services.tracker.decide import ladder
from services.tracker.decide.actions import plan_callback
from services.tracker.decide.case import CaseState
from services.tracker.decide.lifecycle import CaseTrigger, next_case
from services.tracker.decide.routing import passed_on
from services.tracker.decide.supervision import close_supervisions
from services.tracker.decide.turn import FOLLOW

if TYPE_CHECKING:
    from services.events import CaseActionReported
    from services.tracker.decide.case import Followed, Solution
    from services.tracker.decide.turn import Turn

#: How long a case that follows waits to be told before it looks by itself.
_LOOKS_EVERY = timedelta(days=1)
#: Nobody works on these any more.
_ENDED = (CaseState.RESOLVED, CaseState.ANSWERED, CaseState.CLOSED)


def merge(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    """Have this case follow another one: its orders are recalled, and none of its clocks runs."""
    case, into = turn.case, fact.into
    if into is None or into == case.complaint_id:
        return Ignored("into-itself")
    if into in case.followers:
        return Ignored("into-follower")
    state = next_case(case.state, CaseTrigger.MERGED)
    if isinstance(state, Ignored):
        return state
    turn.say(CaseMerged(into=into, merged_by=fact.officer))  # While its agencies are still told.
    close_supervisions(turn, "merged")
    if case.state is CaseState.HELD:
        ladder.assigned(turn, "merged")
    for order in case.orders:
        if order.is_open:
            turn.recall(order)
    turn.case = replace(turn.case, state=state, merged_into=into)
    turn.tell((case.complaint_id,))
    return None


def absorb(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    """Know from now on who follows; whoever comes after the end is told at once."""
    follower = fact.merged
    if follower is None or follower == turn.case.complaint_id:
        return Ignored("into-itself")
    if follower not in turn.case.followers:
        turn.case = replace(turn.case, followers=(*turn.case.followers, follower))
    if turn.case.state in _ENDED:
        turn.tell((follower,))
    return None


def follow(turn: Turn) -> Ignored | None:
    """Look at what this case follows, and do what has become due."""
    case, followed = turn.case, turn.case.followed
    if case.state is not CaseState.MERGED:
        return Ignored(f"case-{case.state}-not-{CaseTrigger.FOLLOWED}")
    if followed is None or followed.state is None:
        _look_again(turn)
        return None
    if followed.is_circle:
        return _part(turn, followed)
    if followed.state not in _ENDED:
        _look_again(turn)
        return None
    if followed.solution is not None:
        return _resolve(turn, followed, followed.solution)
    return _part(turn, followed)


def _look_again(turn: Turn) -> None:
    """Have a clock on a case that follows, should whoever it follows never tell it anything."""
    key = turn.case.complaint_id
    turn.starting.append(Deadline(key, key, FOLLOW, turn.now + _LOOKS_EVERY))


def _resolve(turn: Turn, followed: Followed, solution: Solution) -> Ignored | None:
    """Take over the answer; what this caller says of it counts for whoever gave it."""
    state = next_case(turn.case.state, CaseTrigger.FOLLOWED)
    if isinstance(state, Ignored):
        return state
    turn.case = replace(turn.case, state=state, held_because=None)
    _take_lead(turn, followed)
    turn.say(
        CaseFollowed(order_id=solution.order_id, agency=solution.agency, answer=solution.answer)
    )
    plan_callback(turn, solution, turn.now)
    turn.tell(turn.case.followers)
    return None


def _part(turn: Turn, followed: Followed) -> Ignored | None:
    """Go on without the other one, which ended without an answer.

    The matter goes to whoever had the other one; where nobody had, or they returned it, or the
    merge went round in a circle, to whoever had this one; else it waits to be routed.
    """
    if not followed.is_circle:
        _take_lead(turn, followed)
    agency, standard = turn.case.lead, turn.case.standard
    trigger = CaseTrigger.LEFT if agency is None else CaseTrigger.PARTED
    state = next_case(turn.case.state, trigger)
    if isinstance(state, Ignored):
        return state
    turn.case = replace(turn.case, state=state, merged_into=None)
    if agency is None or standard is None:
        turn.say(CaseResumed(outcome="held"))
        ladder.watch_unassigned(turn)
        return None
    turn.case = replace(turn.case, held_because=None)
    turn.say(CaseResumed(outcome="routed"))
    turn.dispatch(agency, "lead", passed_on(turn, turn.policy.standards[standard]))
    return None


def _take_lead(turn: Turn, followed: Followed) -> None:
    """Have the other case's lead answer for this one, by a standard that this bundle knows."""
    if followed.lead is None:
        return
    standards, own = turn.policy.standards, turn.case.standard
    known = (key for key in (followed.standard, own, *standards) if key in standards)
    turn.case = replace(turn.case, lead=followed.lead, scored=followed.scored, standard=next(known))
