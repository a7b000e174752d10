"""What a person decides about a complaint that the rules couldn't settle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.events import ComplaintDiverted, ComplaintRouted
from services.policy import AgencyKind
from services.router.decide.assignment import assign
from services.router.decide.decision import Complaint
from services.router.decide.facts import with_category
from services.router.decide.prepare import prepare
from services.router.decide.record import Decided, Origin, step
from services.router.decide.route import read
from services.router.decide.urgency import choose_standard

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.events import Diversion
    from services.policy import Policy
    from services.router.decide.record import Outcome, Route
    from services.runtime.step import Step

#: Bodies that can only be told: the hotline itself, and central units in the city.
_CANNOT_LEAD = {AgencyKind.HOTLINE, AgencyKind.CENTRAL_UNIT}


@dataclass(frozen=True, slots=True)
class Designation:
    """A person names the lead (指定办理), even an agency that has returned the complaint."""

    lead: str
    assists: tuple[str, ...]
    standard: str | None  #: What the category and the words call for, where None.
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A person finds that no order is due."""

    diversion: Diversion
    target: str | None
    reply: str
    reason: str


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
        )
        if code not in policy.agencies
    ]
    lead = policy.agencies.get(designation.lead)
    if lead is not None and lead.kind in _CANNOT_LEAD:
        faults.append(("lead", f"{lead.name} is a {lead.kind} and can't handle a complaint"))
    if designation.standard is not None and designation.standard not in policy.standards:
        known = ", ".join(policy.standards)
        faults.append(("standard", f"{designation.standard!r} is none of {known}"))
    return faults


def settle(
    decision: Designation | Refusal,
    operator: UUID,
    state: Route | None,
    policy: Policy,
    now: datetime,
) -> Step[Route] | AlreadyDecided | NotReceived:
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
    if isinstance(decision, Designation):
        state = replace(state, excluded=_others(state.excluded, decision.lead))
        fact: ComplaintRouted | ComplaintDiverted = _designated(decision, state, policy)
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
    matter = with_category(state.matter, state.category)
    complaint = Complaint.of(matter)
    spoken = read(complaint, prepare(policy)).spoken_urgency
    usual, _ = choose_standard(policy, None, state.category, complaint.urgency, spoken)
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
        alternatives=tuple(c for c in state.candidates if c.agency != decision.lead),
        explanation=decision.reason,
    )


def _refused(decision: Refusal, state: Route) -> ComplaintDiverted:
    return ComplaintDiverted(
        matter=with_category(state.matter, state.category),
        diversion=decision.diversion,
        target=decision.target,
        reply=decision.reply,
        decided_by="operator",
    )


def _others(codes: tuple[str, ...], code: str) -> tuple[str, ...]:
    return tuple(other for other in codes if other != code)
