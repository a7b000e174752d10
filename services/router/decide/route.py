"""The decision itself: exactly one outcome for every complaint.

In this order: a repeat and the other diversions; the dispatch catalogue, with the
category as given or as the words tell it; the district's government where nobody else is
named (兜底, 接诉即办工作条例 art. 12); else a person. A complaint that comes back skips the
diversions, for an order was due, and every agency that has returned it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.events import Candidate, Diversion, Urgency
from services.policy import AgencyKind
from services.router.decide import wording
from services.router.decide.assignment import assign
from services.router.decide.catalogue import Finding, Traits
from services.router.decide.decision import Diverted, Held, Routed, Trace
from services.router.decide.prepare import prepare
from services.router.decide.urgency import choose_standard

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from services.policy import Policy, Rule
    from services.router.decide.classify import Classification
    from services.router.decide.decision import Complaint, Decision, HeldReason
    from services.router.decide.prepare import Prepared

#: Suggestions shown to a person; more would hide the good ones.
_CANDIDATES_MAX = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """A complaint as this policy understands it."""

    complaint: Complaint
    traits: Traits
    classification: Classification
    spoken_urgency: tuple[Urgency, str | None]
    trace: Trace


@dataclass(frozen=True, slots=True)
class Hearing:
    """All that a decision rests on: the policy, the complaint, and what the catalogue says."""

    prepared: Prepared
    reading: Reading
    finding: Finding
    excluded: tuple[str, ...]

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.prepared.policy


def route(
    complaint: Complaint, policy: Policy, excluded: Sequence[str] = (), attempt: int = 1
) -> Decision:
    """Decide who has jurisdiction over a complaint.

    Args:
        complaint: What is known of it.
        policy: The policy in force.
        excluded: Agencies that have returned it, in the order in which they did.
        attempt: 1 at first, then one more for each return.

    Returns:
        The outcome with its trace. The same arguments always give the same outcome.
    """
    prepared = prepare(policy)
    reading = read(complaint, prepared)
    if attempt == 1:
        diverted = _divert(reading, prepared)
        if diverted is not None:
            return diverted
    finding = prepared.catalogue.find(reading.traits, excluded)
    hearing = Hearing(prepared, reading, finding, tuple(excluded))
    if attempt - 1 > policy.routing.returns_max:
        return _hold(hearing, "too-many-returns")
    if len(finding.leads) > 1:
        return _hold(hearing, "conflict")
    if finding.best:
        return _by_rule(hearing)
    return _without_rule(hearing)


def read(complaint: Complaint, prepared: Prepared) -> Reading:
    """Find out what a complaint is about and where, by this policy's words and codes."""
    policy = prepared.policy
    hits = prepared.lexicon.find(complaint.wording)
    found = frozenset(hit.word for hit in hits)
    classification = prepared.classifier.classify(complaint.category, hits)
    divisions = policy.division_chain(policy.place_code(complaint.place))
    traits = Traits(
        found, policy.category_chain(classification.category), divisions, complaint.nature
    )
    trace = Trace(
        category=classification.category,
        category_from=classification.source,
        category_why=classification.why,
        categories=classification.tied,
        divisions=divisions,
        notes=_unknown_places(complaint, policy),
    )
    return Reading(complaint, traits, classification, prepared.urgency.of(found), trace)


def _unknown_places(complaint: Complaint, policy: Policy) -> tuple[str, ...]:
    place = complaint.place
    named = (place.district, place.street, place.community)
    return tuple(
        f"no division has the code {code!r}"
        for code in named
        if code is not None and code not in policy.divisions
    )


def _divert(reading: Reading, prepared: Prepared) -> Diverted | None:
    complaint, policy = reading.complaint, prepared.policy
    if complaint.repeat_of is not None and _is_sure(complaint, policy):
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
    detour = prepared.detours.find(reading.traits.found)
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


def _by_rule(hearing: Hearing) -> Routed:
    rule, lead = hearing.finding.best[0].rule, hearing.finding.best[0].lead
    why = wording.of_rule(hearing.policy, rule, hearing.reading.trace.category, lead)
    return _to(hearing, lead, rule, why)


def _without_rule(hearing: Hearing) -> Routed | Held:
    policy, division = hearing.policy, hearing.reading.traits.division
    district, lead = policy.district_of(division), policy.government_of(division)
    if district is None or lead is None or lead in hearing.excluded:
        return _hold(hearing, _why_nobody(policy, hearing.finding, district))
    return _to(hearing, lead, None, wording.of_fallback(policy, district, lead))


def _to(hearing: Hearing, lead: str, rule: Rule | None, explanation: str) -> Routed:
    policy, reading, trace = hearing.policy, hearing.reading, hearing.reading.trace
    assigned = assign(policy, rule, lead, reading.traits.division, hearing.excluded)
    standard, standard_why = choose_standard(
        policy, rule, trace.category, reading.complaint.urgency, reading.spoken_urgency
    )
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
        alternatives=_as_candidates(_suggestions(hearing), {lead, *hearing.excluded}),
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
    suggestions = [*_suggestions(hearing)]
    suggestions += [(match.lead, f"{match.rule.id}, returned") for match in finding.returned]
    return Held(
        reason=reason,
        candidates=_as_candidates(suggestions, frozenset()),
        category=trace.category,
        excluded=hearing.excluded,
        explanation=wording.of_held(hearing.policy, reason, rivals, hearing.excluded)
        + wording.of_evidence(hearing.policy, hearing.reading.complaint),
        trace=replace(trace, finding=finding),
    )


def _suggestions(hearing: Hearing) -> Iterable[tuple[str, str]]:
    """Give (agency, reason) with the likeliest first, those who returned it left out."""
    traits, catalogue = hearing.reading.traits, hearing.prepared.catalogue
    for match in (*hearing.finding.best, *hearing.finding.others):
        yield match.lead, match.rule.id
    for category in hearing.reading.classification.tied:
        chain = hearing.policy.category_chain(category)
        for match in catalogue.find(replace(traits, categories=chain), hearing.excluded).best:
            yield match.lead, f"{match.rule.id}, if it is {category}"
    government = hearing.policy.government_of(traits.division)
    if government is not None and government not in hearing.excluded:
        yield government, "district-of(place)"


def _as_candidates(
    suggestions: Iterable[tuple[str, str]], without: Collection[str]
) -> tuple[Candidate, ...]:
    reasons: dict[str, str] = {}
    for agency, reason in suggestions:
        if agency not in without:
            reasons.setdefault(agency, reason)
    pairs = tuple(reasons.items())[:_CANDIDATES_MAX]
    return tuple(Candidate(agency=agency, reason=reason) for agency, reason in pairs)
