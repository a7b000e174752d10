"""A past decision explained anew: the rules that were tried, under the policy that decided it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import asyncpg
from pydantic import BaseModel

from services.policy import PolicyError
from services.router.decide import Complaint, Routed, explain, outcome_of, outcome_on_record
from services.router.http.views import TraceView, show_trace

if TYPE_CHECKING:
    from services.router.adapters import Advisers
    from services.router.decide import Explanation, Route
    from services.runtime.policies import PolicyStore


class Traced(BaseModel):
    """Which decision `trace` explains, and whether it can be relied on."""

    number: int  #: Of `attempts`.
    policy: str  #: Hash of the bundle that decided, and by which it was decided again.
    #: False where this version of the program, or the model in use, decides otherwise.
    agrees: bool


def last_by_rules(history: list[asyncpg.Record]) -> asyncpg.Record | None:
    """Give the newest decision that no person made; None if there is none."""
    return next((row for row in reversed(history) if row["operator"] is None), None)


async def trace_of(
    route: Route,
    decided: asyncpg.Record,
    policies: PolicyStore,
    advisers: Advisers,
    rules_max: int,
) -> tuple[Traced, TraceView] | None:
    """Decide again what was decided: same arguments, same trace.

    Args:
        route: The complaint.
        decided: One decision of its history, not a person's.
        policies: Every bundle ever published.
        advisers: The model in use; where another one decided, `agrees` may be false.
        rules_max: How many rules to tell of, the nearest first.

    Returns:
        None where the bundle can't be read any more.
    """
    try:
        policy = await policies.fetch(decided["policy"])
    except (LookupError, PolicyError):
        return None
    asked_again = decided["number"] > 1 and decided["attempt"] == 1
    matter = route.whole if decided["number"] > 1 else route.matter
    explanation = explain(
        replace(Complaint.of(matter), is_asked_again=asked_again),
        policy,
        tuple(decided["decision"].get("excluded", ())),
        decided["attempt"],
        suggested=decided["suggests"],
        adviser=advisers.of(policy),
    )
    told = decided["decision"]
    rule = told.get("rule") if decided["outcome"] == "routed" else None
    recorded = outcome_on_record(decided["outcome"], told), rule
    agrees = _said(explanation) == recorded
    traced = Traced(number=decided["number"], policy=policy.hash, agrees=agrees)
    return traced, show_trace(explanation, policy, rules_max)


def _said(explanation: Explanation) -> tuple[str, str | None]:
    decision = explanation.decision
    return outcome_of(decision), decision.rule if isinstance(decision, Routed) else None
