"""Put a decision into the fact that tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import ComplaintDiverted, ComplaintHeld, ComplaintRouted
from services.router.decide.decision import Diverted, Routed

if TYPE_CHECKING:
    from services.events import Matter
    from services.router.decide.decision import Decision

#: The three ways a decision is told.
RoutingFact = ComplaintRouted | ComplaintDiverted | ComplaintHeld


def fact_of(decision: Decision, matter: Matter, attempt: int) -> RoutingFact:
    """Tell a decision.

    Args:
        decision: What `route` decided.
        matter: As received.
        attempt: 1 at first, then one more for each return.

    Returns:
        The fact, its matter with the category that the decision settled on.
    """
    matter = with_category(matter, decision.category)
    if isinstance(decision, Routed):
        return ComplaintRouted(
            matter=matter,
            attempt=attempt,
            lead=decision.lead,
            assists=decision.assists,
            copies=decision.copies,
            scored=decision.scored,
            standard=decision.standard,
            decided_by=decision.decided_by,
            rule=decision.rule,
            basis=decision.basis,
            excluded=decision.excluded,
            alternatives=decision.alternatives,
            explanation=decision.explanation,
        )
    if isinstance(decision, Diverted):
        return ComplaintDiverted(
            matter=matter,
            diversion=decision.diversion,
            target=decision.target,
            rule=decision.rule,
            reply=decision.reply,
            decided_by="rule",
        )
    return ComplaintHeld(
        matter=matter,
        reason=decision.reason,
        attempt=attempt,
        candidates=decision.candidates,
        excluded=decision.excluded,
        explanation=decision.explanation,
    )


def with_category(matter: Matter, category: str | None) -> Matter:
    """Give the matter another category."""
    if matter.category == category:
        return matter
    return matter.model_copy(update={"category": category})
