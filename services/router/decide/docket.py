"""What the router keeps under one key: a complaint's route, and the whistles linked to it.

A whistle is judged once and never changes here, so only those that this transaction judged are
carried along, on their way to the record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.router.decide.whistles import judge
from services.runtime.step import Change, Early, Ignored, Step

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import WhistleRaised
    from services.policy import Policy
    from services.router.decide.record import Route
    from services.router.decide.whistles import WhistleOutcome


@dataclass(frozen=True, slots=True)
class Judged:
    """A whistle with its outcome, for the record."""

    fact: WhistleOutcome
    cause: UUID  #: The event that raised it.
    policy: str  #: Hash of the bundle that judged.
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class Docket:
    """The route of a complaint, if the key is one's, and the whistles judged just now."""

    route: Route | None = None
    unstored: tuple[Judged, ...] = ()


def on_route(
    docket: Docket | None, outcome: Step[Route] | Early | Ignored
) -> Step[Docket] | Early | Ignored:
    """Put what was decided about a route where the router keeps it."""
    if not isinstance(outcome, Step):
        return outcome
    return Step(
        replace(docket or Docket(), route=outcome.state),
        outcome.facts,
        outcome.set_deadlines,
        outcome.clear_deadlines,
        outcome.policy,
    )


def route_change(change: Change[Docket]) -> Change[Route] | None:
    """Say how the route changed; None where only whistles came."""
    before = change.before.route if change.before else None
    after = change.after.route
    return None if after is None or after is before else Change(change.key, before, after)


def raised(
    cause: UUID, fact: WhistleRaised, docket: Docket | None, policy: Policy, now: datetime
) -> Step[Docket]:
    """Judge a whistle; the complaint's route, if there is one, stays as it is."""
    docket = docket or Docket()
    told = judge(fact.whistle, policy)
    judged = Judged(told, cause, policy.hash, now)
    return Step(
        replace(docket, unstored=(*docket.unstored, judged)), facts=(told,), policy=policy.hash
    )
