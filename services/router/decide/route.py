"""The decision itself: exactly one outcome for every complaint.

In this order: a repeat and the other diversions; an answer kept as knowledge; the dispatch
catalogue, with the category as given or as the words tell it; the district's government where
nobody else is named (兜底, 接诉即办工作条例 art. 12); else a person. A complaint that comes back
skips the diversions and answers, for an order was due, and every agency that has returned it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import Diversion
from services.policy import AgencyKind
from services.policy.choices import Kind
from services.router.decide import wording
from services.router.decide.advice import Counsel
from services.router.decide.answers import answer
from services.router.decide.assignment import assign
from services.router.decide.candidates import Suggested, as_candidates, suggestions
from services.router.decide.decision import Diverted, Held, Routed
from services.router.decide.hearing import Hearing, read
from services.router.decide.overlap import leading_match
from services.router.decide.prepare import prepare
from services.router.decide.urgency import choose_standard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.policy import Policy, Rule
    from services.router.decide.advice import Advised, Adviser
    from services.router.decide.catalogue import Finding, Match
    from services.router.decide.decision import Complaint, Decision, HeldReason
    from services.router.decide.hearing import Reading
    from services.router.decide.prepare import Prepared


def route(
    complaint: Complaint,
    policy: Policy,
    excluded: Sequence[str] = (),
    attempt: int = 1,
    *,
    suggested: str | None = None,
    adviser: Adviser | None = None,
) -> Decision:
    """Decide who has jurisdiction over a complaint.

    Args:
        complaint: What is known of it.
        policy: The policy in force.
        excluded: Agencies that have returned it, in the order in which they did.
        attempt: 1 at first, then one more for each return.
        suggested: The agency that the last of them says it belongs to.
        adviser: A model to ask where the policy has no answer.

    Returns:
        The outcome with its trace. The same arguments always give the same outcome.
    """
    prepared = prepare(policy)
    counsel = Counsel(adviser, complaint, policy)
    reading = read(complaint, prepared, counsel)
    if attempt == 1:
        settled = _divert(reading, prepared) or answer(complaint, reading.knowledge, reading.trace)
        if settled is not None:
            return settled
    finding = prepared.catalogue.find(reading.traits, excluded)
    leading = leading_match(finding.best, policy) if finding.best else None
    if len(finding.leads) > 1:
        finding = replace(finding, leading=leading)
    hearing = Hearing(prepared, reading, finding, tuple(excluded), suggested, counsel)
    if attempt - 1 > policy.routing.returns_max:
        return _hold(hearing, "too-many-returns")
    if suggested in hearing.excluded:
        return _hold(hearing, "ping-pong")
    if not finding.best:
        return _without_rule(hearing)
    return _by_rule(hearing, leading) if leading else _hold(hearing, "conflict")


def _divert(reading: Reading, prepared: Prepared) -> Diverted | None:
    complaint, policy = reading.complaint, prepared.policy
    detour = prepared.detours.find(reading.traits.found, reading.traits.meant)
    # Who calls again because it burns now is passed on to 119, whatever they called about.
    is_emergency = detour is not None and detour.rule.diversion is Diversion.EMERGENCY
    if complaint.repeat_of is not None and not is_emergency and _is_sure(complaint, policy):
        rule = prepared.detours.repeat
        target = str(complaint.repeat_of)
        why = wording.of_repeat(policy, target)
        reply = policy.diversion_reply(rule, complaint.language) if rule else why
        return Diverted(
            diversion=Diversion.REPEAT,
            target=target,
            rule=rule.id if rule else None,
            reply=reply,
            category=reading.trace.category,
            explanation=why,
            trace=reading.trace,
        )
    if detour is None:
        return None
    return Diverted(
        diversion=detour.rule.diversion,
        target=detour.rule.target,
        rule=detour.rule.id,
        reply=policy.diversion_reply(detour.rule, complaint.language),
        category=reading.trace.category,
        explanation=wording.of_diversion(policy, detour),
        trace=reading.trace,
    )


def _is_sure(complaint: Complaint, policy: Policy) -> bool:
    """Tell whether a repeat gets no order; what is less sure is shown as evidence."""
    score = complaint.repeat_score
    return score is None or score >= policy.routing.repeat_score_min


def _by_rule(hearing: Hearing, leading: Match) -> Routed:
    rule, lead = leading.rule, leading.lead
    why = wording.of_rule(hearing.policy, rule, hearing.reading.trace.category, lead)
    if len(hearing.finding.leads) > 1:
        why += wording.of_overlap(hearing.policy)
    return _to(hearing, lead, rule, why)


def _without_rule(hearing: Hearing) -> Routed | Held:
    sure = hearing.counsel.sure_agency
    if sure is not None and _may_lead(hearing, sure.code):
        return _by_model(hearing, sure)
    policy, division = hearing.policy, hearing.reading.traits.division
    district, lead = policy.district_of(division), policy.government_of(division)
    if district is None or lead is None or lead in hearing.excluded:
        return _hold(hearing, _why_nobody(policy, hearing.finding, district))
    return _to(hearing, lead, None, wording.of_fallback(policy, district, lead))


def _may_lead(hearing: Hearing, agency: str) -> bool:
    """Tell whether a model may dispatch to an agency; to a street only what its list holds."""
    policy = hearing.policy
    known = policy.agencies.get(agency)
    if known is None or not known.kind.can_lead or agency in hearing.excluded:
        return False
    is_street = known.kind is AgencyKind.STREET
    return not is_street or policy.is_street_power(hearing.reading.trace.category)


def _by_model(hearing: Hearing, sure: Advised) -> Routed:
    """Dispatch as the city's past orders went, where it is surer than the policy asks for."""
    routed = _to(hearing, sure.code, None, wording.of_model(hearing.policy, sure))
    advice = hearing.counsel.advice
    return replace(
        routed,
        decided_by="model",
        confidence=sure.confidence,
        model=advice.model if advice else None,
    )


def _to(hearing: Hearing, lead: str, rule: Rule | None, explanation: str) -> Routed:
    policy, reading, trace = hearing.policy, hearing.reading, hearing.reading.trace
    assigned = assign(policy, rule, lead, reading.traits.division, hearing.excluded)
    kind = Kind(trace.category, reading.complaint.urgency, reading.complaint.nature)
    standard, standard_why = choose_standard(policy, rule, kind, reading.spoken_urgency)
    return Routed(
        lead=lead,
        assists=assigned.assists,
        copies=assigned.copies,
        scored=assigned.scored,
        standard=standard,
        decided_by="rule" if rule else "fallback",
        rule=rule.id if rule else None,
        basis=rule.basis if rule else None,
        category=trace.category,
        excluded=hearing.excluded,
        alternatives=as_candidates(suggestions(hearing), {lead, *hearing.excluded}),
        explanation=explanation + wording.of_evidence(policy, reading.complaint),
        trace=replace(
            trace,
            finding=hearing.finding,
            standard_why=standard_why,
            notes=(*trace.notes, *assigned.notes),
        ),
    )


def _why_nobody(policy: Policy, finding: Finding, district: str | None) -> HeldReason:
    """Tell whether asking for the place could help."""
    has_fallback = any(
        agency.kind is AgencyKind.DISTRICT_GOVERNMENT for agency in policy.agencies.values()
    )
    if finding.wants_place or (district is None and has_fallback):
        return "no-place"
    return "no-rule"


def _hold(hearing: Hearing, reason: HeldReason) -> Held:
    if hearing.excluded and reason in ("no-place", "no-rule"):
        reason = "returned-out"
    finding, trace = hearing.finding, hearing.reading.trace
    rivals = tuple(match.rule.id for match in finding.best) if reason == "conflict" else ()
    # Whoever has returned it comes last: a person may still designate them.
    shown = [*suggestions(hearing)]
    shown += [Suggested(match.lead, f"{match.rule.id}, returned") for match in finding.returned]
    return Held(
        reason=reason,
        candidates=as_candidates(shown, frozenset()),
        category=trace.category,
        excluded=hearing.excluded,
        explanation=wording.of_held(hearing.policy, reason, rivals, hearing.excluded)
        + wording.of_evidence(hearing.policy, hearing.reading.complaint),
        trace=replace(trace, finding=finding),
    )
