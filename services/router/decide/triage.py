"""What a person decides about a complaint that the rules couldn't settle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.events import ComplaintAnswered, ComplaintDiverted, ComplaintRouted
from services.policy.choices import Kind
from services.router.decide.assignment import assign
from services.router.decide.decision import Complaint
from services.router.decide.facts import with_category
from services.router.decide.hearing import read
from services.router.decide.prepare import prepare
from services.router.decide.record import Decided, Origin, step
from services.router.decide.urgency import choose_standard

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import Diversion
    from services.policy import Policy
    from services.router.decide.facts import RoutingFact
    from services.router.decide.record import Outcome, Route
    from services.runtime.step import Step


@dataclass(frozen=True, slots=True)
class Designation:
    """A person names the lead (指定办理), even an agency that has returned the complaint."""

    lead: str
    assists: tuple[str, ...]
    standard: str | None  #: What the category and the words call for, where None.
    reason: str
    consulted: tuple[str, ...] = ()  #: Agencies heard in the consultation (会商) before.


@dataclass(frozen=True, slots=True)
class Refusal:
    """A person finds that no order is due."""

    diversion: Diversion
    target: str | None
    reply: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A person answers what the citizen asked; no order is due."""

    answer: str  #: What the citizen is told.
    entry: str | None  #: The knowledge entry it comes from, if any.
    reason: str


@dataclass(frozen=True, slots=True)
class OrderDue:
    """An agency had the complaint and returned it: words alone can't settle it any more."""


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    """A person came too late: the complaint isn't held any more."""

    outcome: Outcome
    lead: str | None


@dataclass(frozen=True, slots=True)
class NotReceived:
    """The router has never heard of the complaint."""


def faults_of(designation: Designation, policy: Policy) -> list[tuple[str, str]]:
    """Say what is wrong with a designation.

    Returns:
        (field, message) for each fault; none where it can be carried out.
    """
    faults = [
        (field, f"no agency has the code {code!r}")
        for field, code in (
            ("lead", designation.lead),
            *((f"assists.{i}", code) for i, code in enumerate(designation.assists)),
            *((f"consulted.{i}", code) for i, code in enumerate(designation.consulted)),
        )
        if code not in policy.agencies
    ]
    lead = policy.agencies.get(designation.lead)
    if lead is not None and not lead.kind.can_lead:
        faults.append(("lead", f"{lead.name} is a {lead.kind} and can't handle a complaint"))
    if designation.standard is not None and designation.standard not in policy.standards:
        known = ", ".join(policy.standards)
        faults.append(("standard", f"{designation.standard!r} is none of {known}"))
    return faults


def unknown_entry(answer: Answer, policy: Policy) -> list[tuple[str, str]]:
    """Say what is wrong with an answer, as `faults_of` does of a designation."""
    if answer.entry is None or any(entry.id == answer.entry for entry in policy.answers):
        return []
    return [("entry", f"no knowledge entry is called {answer.entry!r}")]


def settle(
    decision: Designation | Refusal | Answer,
    operator: UUID,
    state: Route | None,
    policy: Policy,
    now: datetime,
) -> Step[Route] | AlreadyDecided | NotReceived | OrderDue:
    """Carry out what a person decided about a held complaint.

    Args:
        decision: Checked by `faults_of`.
        operator: Id of the person's key, for the record.
        state: Where the complaint stands.
        policy: The policy in force.
        now: The instant of the decision.
    """
    if state is None:
        return NotReceived()
    if state.outcome != "held":
        return AlreadyDecided(state.outcome, state.lead)
    fact: RoutingFact
    if isinstance(decision, Answer):
        if state.attempt > 1:
            return OrderDue()
        fact = _answered(decision, state, policy)
    elif isinstance(decision, Designation):
        state = replace(state, excluded=_others(state.excluded, decision.lead))
        fact = _designated(decision, state, policy)
    else:
        fact = _refused(decision, state)
    decided = Decided(
        number=state.decisions + 1,
        attempt=state.attempt,
        origin=Origin(operator=operator),
        policy=policy.hash,
        decided_at=now,
        explanation=decision.reason,
        fact=fact,
    )
    return step(state, decided)


def _designated(decision: Designation, state: Route, policy: Policy) -> ComplaintRouted:
    matter = with_category(state.whole, state.category)
    complaint = Complaint.of(matter)
    spoken = read(complaint, prepare(policy)).spoken_urgency
    kind = Kind(state.category, complaint.urgency, complaint.nature)
    usual, _ = choose_standard(policy, None, kind, spoken)
    assists = _others(tuple(dict.fromkeys(decision.assists)), decision.lead)
    copies = assign(policy, None, decision.lead).copies
    return ComplaintRouted(
        matter=matter,
        attempt=state.attempt,
        lead=decision.lead,
        assists=assists,
        copies=tuple(code for code in copies if code not in assists),
        scored=decision.lead,
        standard=decision.standard or usual,
        decided_by="operator",
        excluded=state.excluded,
        is_designated=state.attempt > 1,
        consulted=decision.consulted,
        alternatives=tuple(c for c in state.candidates if c.agency != decision.lead),
        explanation=decision.reason,
    )


def _refused(decision: Refusal, state: Route) -> ComplaintDiverted:
    return ComplaintDiverted(
        matter=with_category(state.whole, state.category),
        diversion=decision.diversion,
        target=decision.target,
        reply=decision.reply,
        decided_by="operator",
    )


def _answered(decision: Answer, state: Route, policy: Policy) -> ComplaintAnswered:
    owners = {entry.id: entry.owner for entry in policy.answers if entry.id == decision.entry}
    return ComplaintAnswered(
        matter=with_category(state.whole, state.category),
        answer=decision.answer,
        entry=decision.entry,
        owner=owners.get(decision.entry or ""),
        decided_by="operator",
        explanation=decision.reason,
    )


def _others(codes: tuple[str, ...], code: str) -> tuple[str, ...]:
    return tuple(other for other in codes if other != code)
