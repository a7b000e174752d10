"""What the router remembers of a complaint, and how events move it.

A complaint has one current outcome and a history of all its decisions. `ComplaintReceived`
makes the first; a return (退单) that the tracker let count, or a person in triage, the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from services.events import ComplaintAnswered, ComplaintDiverted, ComplaintRouted
from services.router.decide.decision import Complaint
from services.router.decide.facts import fact_of
from services.router.decide.route import route
from services.runtime.step import Early, Ignored, Step

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import Candidate, ComplaintReceived, Matter, OrderReturned
    from services.policy import Policy
    from services.router.decide.advice import Adviser
    from services.router.decide.facts import RoutingFact

#: `closed`: its case ended while it was held, so nobody need decide any more.
Outcome = Literal["routed", "diverted", "answered", "held", "closed"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a decision comes from: an event, or a person's key."""

    event: UUID | None = None
    operator: UUID | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """A return (退单) that led to a decision."""

    agency: str
    reason: str
    suggests: str | None  #: Whose it is, the agency says.


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of a complaint's history."""

    number: int  #: 1 first, without gaps.
    attempt: int
    origin: Origin
    policy: str  #: Hash of the bundle that decided.
    decided_at: datetime
    explanation: str
    fact: RoutingFact  #: What was told.
    because: Returned | None = None  #: None: it wasn't returned.


@dataclass(frozen=True, slots=True)
class Route:
    """Where a complaint stands with the router."""

    matter: Matter  #: As received: a re-route reads it afresh.
    source: str | None  #: The system it came from, such as `import:haikou`.
    outcome: Outcome
    first_outcome: Outcome
    category: str | None  #: What the last decision settled on.
    decided_by: str | None  #: `rule`, `fallback`, `operator`; None while held.
    decided_at: datetime
    attempt: int
    lead: str | None
    excluded: tuple[str, ...]  #: Agencies that returned it, in that order.
    held_reason: str | None
    candidates: tuple[Candidate, ...]
    explanation: str
    policy: str
    decisions: int  #: How many there have been.
    added: str | None = None  #: What the citizen said after an answer.
    unstored: tuple[Decided, ...] = ()  #: The newest of them, on their way to the history.

    @property
    def whole(self) -> Matter:
        """The matter with what was added, at the end: what findings say of positions holds."""
        if self.added is None:
            return self.matter
        return self.matter.model_copy(update={"text": f"{self.matter.text}\n{self.added}"})


def received(
    cause: UUID,
    fact: ComplaintReceived,
    state: Route | None,
    policy: Policy,
    now: datetime,
    *,
    adviser: Adviser | None = None,
) -> Step[Route] | Ignored:
    """Decide about a new complaint."""
    if state is not None:
        return Ignored("already-routed")
    decision = route(Complaint.of(fact.matter), policy, adviser=adviser)
    decided = Decided(
        number=1,
        attempt=1,
        origin=Origin(event=cause),
        policy=policy.hash,
        decided_at=now,
        explanation=decision.explanation,
        fact=fact_of(decision, fact.matter, 1),
    )
    return step(_began(fact, decided), decided)


def returned(
    cause: UUID,
    fact: OrderReturned,
    state: Route | None,
    policy: Policy,
    now: datetime,
    *,
    adviser: Adviser | None = None,
) -> Step[Route] | Early | Ignored:
    """Route anew without every agency that has returned the complaint.

    The policy in force now decides, not the one that routed it first: a fault in the
    catalogue that has been mended meanwhile is what made the agency return it.
    """
    if state is None:
        return Early("not-routed-yet")
    if state.outcome != "routed" or fact.attempt != state.attempt:
        return Ignored("return-superseded")
    if fact.agency != state.lead:
        return Ignored("return-not-by-lead")
    excluded = (*(code for code in state.excluded if code != fact.agency), fact.agency)
    attempt = state.attempt + 1
    decision = route(
        Complaint.of(state.whole),
        policy,
        excluded,
        attempt,
        suggested=fact.suggests,
        adviser=adviser,
    )
    decided = Decided(
        number=state.decisions + 1,
        attempt=attempt,
        origin=Origin(event=cause),
        policy=policy.hash,
        decided_at=now,
        explanation=decision.explanation,
        fact=fact_of(decision, state.whole, attempt, excluded[0]),
        because=Returned(fact.agency, fact.reason, fact.suggests),
    )
    return step(replace(state, excluded=excluded), decided)


def closed(state: Route | None) -> Step[Route] | Early | Ignored:
    """Take a complaint out of triage whose case ended: withdrawn, or handled meanwhile."""
    if state is None:
        return Early("not-routed-yet")
    if state.outcome != "held":
        return Ignored("not-held")
    return Step(replace(state, outcome="closed", held_reason=None, candidates=()))


def step(state: Route, decided: Decided) -> Step[Route]:
    """Make a decision the current one, and tell it."""
    fact = decided.fact
    moved = replace(
        state,
        outcome=outcome_of_fact(fact),
        category=fact.matter.category,
        decided_by=None,
        decided_at=decided.decided_at,
        attempt=decided.attempt,
        lead=None,
        held_reason=None,
        candidates=(),
        explanation=decided.explanation,
        policy=decided.policy,
        decisions=decided.number,
        unstored=(*state.unstored, decided),
    )
    if isinstance(fact, ComplaintRouted):
        moved = replace(
            moved, lead=fact.lead, decided_by=fact.decided_by, candidates=fact.alternatives
        )
    elif isinstance(fact, ComplaintDiverted | ComplaintAnswered):
        moved = replace(moved, decided_by=fact.decided_by)
    else:
        moved = replace(moved, held_reason=fact.reason, candidates=fact.candidates)
    return Step(moved, facts=(fact,), policy=decided.policy)


def outcome_of_fact(fact: RoutingFact) -> Outcome:
    """Name the outcome that a fact tells."""
    if isinstance(fact, ComplaintRouted):
        return "routed"
    if isinstance(fact, ComplaintAnswered):
        return "answered"
    return "diverted" if isinstance(fact, ComplaintDiverted) else "held"


def _began(fact: ComplaintReceived, decided: Decided) -> Route:
    """Start a record; `step` fills in what the decision says."""
    return Route(
        matter=fact.matter,
        source=fact.origin,
        outcome=outcome_of_fact(decided.fact),
        first_outcome=outcome_of_fact(decided.fact),
        category=None,
        decided_by=None,
        decided_at=decided.decided_at,
        attempt=1,
        lead=None,
        excluded=(),
        held_reason=None,
        candidates=(),
        explanation="",
        policy=decided.policy,
        decisions=0,
    )
