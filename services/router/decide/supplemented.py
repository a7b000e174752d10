"""A citizen says more about a complaint that was answered: it isn't, so it goes to an agency.

Whoever urges (催办) says so too: of an answered complaint nothing else could be meant. It is
decided like a new one, with the words that were added, except that no answer is given again:
even an emergency that only now comes to light is transferred.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.router.decide.decision import Complaint
from services.router.decide.facts import fact_of
from services.router.decide.record import Decided, Origin, step
from services.router.decide.route import route
from services.runtime.step import Early, Ignored, Step

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import ComplaintSupplemented
    from services.policy import Policy
    from services.router.decide.advice import Adviser
    from services.router.decide.record import Route


def supplemented(
    cause: UUID,
    fact: ComplaintSupplemented,
    state: Route | None,
    policy: Policy,
    now: datetime,
    *,
    adviser: Adviser | None = None,
) -> Step[Route] | Early | Ignored:
    """Route an answered complaint for real; any other is with an agency or a person already.

    Args:
        cause: The event's id.
        fact: What the citizen added.
        state: Where the complaint stands.
        policy: The policy in force.
        now: The instant of the decision.
        adviser: A model to ask where the policy has no answer.
    """
    if state is None:
        return Early("not-routed-yet")
    if state.outcome != "answered":
        return Ignored("supplement-not-for-the-router")
    added = fact.text if state.added is None else f"{state.added}\n{fact.text}"
    state = replace(state, added=added)
    complaint = replace(Complaint.of(state.whole), is_asked_again=True)
    decision = route(complaint, policy, adviser=adviser)
    decided = Decided(
        number=state.decisions + 1,
        attempt=state.attempt,
        origin=Origin(event=cause),
        policy=policy.hash,
        decided_at=now,
        explanation=decision.explanation,
        fact=fact_of(decision, state.whole, state.attempt),
    )
    return step(state, decided)
