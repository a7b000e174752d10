"""How decisions and traces are shown."""

from __future__ import annotations

from pydantic import BaseModel

from services.events import Candidate
from services.policy import Policy
from services.router.decide import Answered, Diverted, Explanation, Routed, Trial


class Named(BaseModel):
    """A code with the name people know."""

    code: str
    name: str


class DecisionView(BaseModel):
    """An outcome: `routed`, `diverted`, `answered` or `held`, and what belongs to it."""

    outcome: str
    explanation: str
    category: Named | None = None
    lead: Named | None = None
    assists: list[Named] = []
    copies: list[Named] = []
    scored: Named | None = None
    standard: str | None = None
    decided_by: str | None = None
    confidence: float | None = None  #: Of a model's decision.
    model: str | None = None  #: Which model decided.
    rule: str | None = None
    basis: str | None = None
    diversion: str | None = None
    target: str | None = None
    reply: str | None = None
    answer: str | None = None  #: What the citizen is told, by the entry of this id in `rule`.
    owner: Named | None = None  #: Who keeps the answer up to date.
    reason: str | None = None  #: Why it is held.
    candidates: list[Candidate] = []  #: Who else could have it, the likeliest first.
    excluded: list[str] = []


class TrialView(BaseModel):
    """One rule, and why it did or didn't decide."""

    rule: str
    verdict: str
    why: str
    lead: str | None = None
    specificity: dict[str, int] | None = None


class TraceView(BaseModel):
    """How a decision came about."""

    category_from: str
    category_why: str
    categories: list[Named]  #: Categories that tied.
    place: list[Named]  #: Where it is, narrowest first; empty if unknown.
    words: list[str]  #: Words of the policy that stand in the text.
    standard_why: str
    notes: list[str]
    rules: list[TrialView]  #: Nearest first.
    rules_total: int  #: Every rule was tried; so many there are.


def show_decision(explanation: Explanation, policy: Policy) -> DecisionView:
    """Show an outcome with names beside codes."""
    decision = explanation.decision
    category = decision.category
    shown = DecisionView(
        outcome="held",
        explanation=decision.explanation,
        category=Named(code=category, name=policy.categories[category].name) if category else None,
    )
    if isinstance(decision, Routed):
        return shown.model_copy(update=_show_routed(decision, policy))
    if isinstance(decision, Diverted):
        return shown.model_copy(
            update={
                "outcome": "diverted",
                "decided_by": "rule",
                "rule": decision.rule,
                "diversion": decision.diversion.value,
                "target": decision.target,
                "reply": decision.reply,
            }
        )
    if isinstance(decision, Answered):
        return shown.model_copy(
            update={
                "outcome": "answered",
                "decided_by": "rule",
                "rule": decision.entry,
                "answer": decision.answer,
                "owner": agency(decision.owner, policy),
            }
        )
    return shown.model_copy(
        update={
            "reason": decision.reason,
            "candidates": list(decision.candidates),
            "excluded": list(decision.excluded),
        }
    )


def _show_routed(decision: Routed, policy: Policy) -> dict[str, object]:
    return {
        "outcome": "routed",
        "lead": agency(decision.lead, policy),
        "assists": [agency(code, policy) for code in decision.assists],
        "copies": [agency(code, policy) for code in decision.copies],
        "scored": agency(decision.scored, policy),
        "standard": decision.standard,
        "decided_by": decision.decided_by,
        "confidence": decision.confidence,
        "model": decision.model,
        "rule": decision.rule,
        "basis": decision.basis,
        "candidates": list(decision.alternatives),
        "excluded": list(decision.excluded),
    }


def agency(code: str, policy: Policy) -> Named:
    """Name an agency; one that this policy doesn't know keeps its code as a name."""
    known = policy.agencies.get(code)
    return Named(code=code, name=known.name if known else code)


def show_trace(explanation: Explanation, policy: Policy, rules_max: int) -> TraceView:
    """Show a trace with the nearest rules."""
    trace = explanation.decision.trace
    return TraceView(
        category_from=trace.category_from,
        category_why=trace.category_why,
        categories=[Named(code=c, name=policy.categories[c].name) for c in trace.categories],
        place=[Named(code=c, name=policy.divisions[c].name) for c in trace.divisions],
        words=list(explanation.words),
        standard_why=trace.standard_why,
        notes=list(trace.notes),
        rules=[_show_trial(trial) for trial in explanation.trials[:rules_max]],
        rules_total=len(explanation.trials),
    )


def _show_trial(trial: Trial) -> TrialView:
    close = trial.specificity
    return TrialView(
        rule=trial.rule,
        verdict=trial.verdict.value,
        why=trial.why,
        lead=trial.lead,
        specificity={name: int(value) for name, value in close._asdict().items()}
        if close
        else None,
    )
