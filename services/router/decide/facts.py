"""Put a decision into the fact that tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import (
    ComplaintAnswered,
    ComplaintDiverted,
    ComplaintHeld,
    ComplaintRouted,
)
from services.router.decide.decision import Answered, Diverted, Routed

if TYPE_CHECKING:
    from services.events import Matter
    from services.router.decide.decision import Decision

#: The four ways a decision is told.
RoutingFact = ComplaintRouted | ComplaintDiverted | ComplaintAnswered | ComplaintHeld


def fact_of(
    decision: Decision, matter: Matter, attempt: int, first_lead: str | None = None
) -> RoutingFact:
    """Tell a decision.

    Args:
        decision: What `route` decided.
        matter: As received.
        attempt: 1 at first, then one more for each return.
        first_lead: Who had it first; goes on handling it while a person decides (首接负责).

    Returns:
        The fact, its matter with the category that the decision settled on.
    """
    matter = with_category(matter, decision.category)
    if isinstance(decision, Routed):
        return _routed(decision, matter, attempt)
    if isinstance(decision, Diverted):
        return ComplaintDiverted(
            matter=matter,
            diversion=decision.diversion,
            target=decision.target,
            rule=decision.rule,
            reply=decision.reply,
            decided_by="rule",
        )
    if isinstance(decision, Answered):
        return ComplaintAnswered(
            matter=matter,
            answer=decision.answer,
            entry=decision.entry,
            owner=decision.owner,
            decided_by="rule",
            explanation=decision.explanation,
        )
    return ComplaintHeld(
        matter=matter,
        reason=decision.reason,
        attempt=attempt,
        candidates=decision.candidates,
        excluded=decision.excluded,
        handles_meanwhile=first_lead,
        explanation=decision.explanation,
    )


def _routed(decision: Routed, matter: Matter, attempt: int) -> ComplaintRouted:
    return ComplaintRouted(
        matter=matter,
        attempt=attempt,
        lead=decision.lead,
        assists=decision.assists,
        copies=decision.copies,
        scored=decision.scored,
        standard=decision.standard,
        decided_by=decision.decided_by,
        confidence=decision.confidence,
        model=decision.model,
        rule=decision.rule,
        basis=decision.basis,
        excluded=decision.excluded,
        alternatives=decision.alternatives,
        explanation=decision.explanation,
    )


def with_category(matter: Matter, category: str | None) -> Matter:
    """Give the matter another category."""
    if matter.category == category:
        return matter
    return matter.model_copy(update={"category": category})
