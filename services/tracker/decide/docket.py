"""What the tracker keeps under one key: a complaint's case, and the whistles linked to it.

A whistle that is linked to no complaint has a key of its own, and no case; so has work ahead
of complaints (主动治理), whose key is its own id. No machine changes another: a case goes on
while departments are called, and a whistle goes on when the case closes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from services.events import ProactiveCaseReported, WhistleActionReported, WhistleRouted
from services.runtime.step import Change, Early, Ignored, Step
from services.tracker.decide import proactive_actions, whistle_actions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from services.events import Event
    from services.policy import Policy
    from services.tracker.decide.case import Case
    from services.tracker.decide.proactive import ProactiveCase
    from services.tracker.decide.whistle import Whistle

S = TypeVar("S")

#: Every fact that can change a whistle.
WHISTLE_FACTS = (WhistleRouted, WhistleActionReported)


@dataclass(frozen=True, slots=True)
class Docket:
    """The case of a complaint, if the key is one's, and its whistles as they were blown."""

    case: Case | None = None
    whistles: tuple[Whistle, ...] = ()
    proactive: ProactiveCase | None = None  #: Of a key that is a proactive case's.

    def whistle(self, whistle_id: UUID) -> Whistle | None:
        """Find one of the whistles."""
        return next((w for w in self.whistles if w.whistle_id == whistle_id), None)

    def put(self, changed: Whistle) -> Docket:
        """Give the docket with a whistle replaced, or added."""
        if self.whistle(changed.whistle_id) is None:
            return replace(self, whistles=(*self.whistles, changed))
        whistles = (changed if w.whistle_id == changed.whistle_id else w for w in self.whistles)
        return replace(self, whistles=tuple(whistles))


def on_case(
    docket: Docket | None, outcome: Step[Case] | Early | Ignored
) -> Step[Docket] | Early | Ignored:
    """Put what was decided about a case where the tracker keeps it."""
    if not isinstance(outcome, Step):
        return outcome
    return _step(outcome, replace(docket or Docket(), case=outcome.state))


def react_whistle(
    event: Event, docket: Docket | None, policy: Policy, now: datetime
) -> Step[Docket] | Early | Ignored:
    """Say what follows for a whistle from one of `WHISTLE_FACTS`.

    Args:
        event: From the router, or what a body reported.
        docket: What is known under the event's key.
        policy: The bundle of the whistle's clocks; for one that isn't known yet, the bundle
            that the router decided under.
        now: The transaction's instant.

    Returns:
        The docket with the whistle, and what follows. A report about a whistle that isn't
        known yet is early: the router's word comes on another topic.
    """
    docket = docket or Docket()
    outcome: Step[Whistle] | Ignored
    match event.data:
        case WhistleRouted() as fact:
            outcome = whistle_actions.blown(event, fact, docket.whistles, policy, now)
        case WhistleActionReported() as fact:
            whistle = docket.whistle(fact.whistle_id)
            if whistle is None:
                return Early("whistle-not-blown")
            outcome = whistle_actions.reported(event, fact, whistle, policy, now)
        case _:
            return Ignored("not-mine")
    return on_whistle(docket, outcome)


def react_proactive(
    event: Event, fact: ProactiveCaseReported, docket: Docket | None, policy: Policy, now: datetime
) -> Step[Docket] | Ignored:
    """Say what follows for a proactive case; see `proactive_actions.reported`."""
    docket = docket or Docket()
    if event.complaintid != fact.proactive_id:
        return Ignored("proactive-under-another-key")
    outcome = proactive_actions.reported(event, fact, docket.proactive, policy, now)
    return on_proactive(docket, outcome)


def on_proactive(docket: Docket, outcome: Step[ProactiveCase] | Ignored) -> Step[Docket] | Ignored:
    """Put what was decided about a proactive case where the tracker keeps it."""
    if isinstance(outcome, Ignored):
        return outcome
    return _step(outcome, replace(docket, proactive=outcome.state))


def on_whistle(docket: Docket, outcome: Step[Whistle] | Ignored) -> Step[Docket] | Ignored:
    """Put what was decided about a whistle where the tracker keeps it."""
    return outcome if isinstance(outcome, Ignored) else _step(outcome, docket.put(outcome.state))


def _step(outcome: Step[S], docket: Docket) -> Step[Docket]:
    return Step(
        docket,
        outcome.facts,
        outcome.set_deadlines,
        outcome.clear_deadlines,
        outcome.policy,
    )


def case_change(change: Change[Docket]) -> Change[Case] | None:
    """Say how the case changed; None where only whistles did."""
    before = change.before.case if change.before else None
    after = change.after.case
    return None if after is None or after is before else Change(change.key, before, after)


def proactive_change(change: Change[Docket]) -> Change[ProactiveCase] | None:
    """Say how the proactive case changed; None where the key is none's."""
    before = change.before.proactive if change.before else None
    after = change.after.proactive
    return None if after is None or after is before else Change(change.key, before, after)


def whistle_changes(change: Change[Docket]) -> Iterator[Change[Whistle]]:
    """Give how each whistle changed; none where only the case did."""
    before = change.before or Docket()
    for after in change.after.whistles:
        known = before.whistle(after.whistle_id)
        if after is not known:
            yield Change(change.key, known, after)
