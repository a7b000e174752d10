"""The one sentence that tells a dispatcher why, in the city's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.policy import OwnerKind

if TYPE_CHECKING:
    from services.policy import KnowledgeEntry, Policy, Rule
    from services.router.decide.advice import Advised
    from services.router.decide.decision import Complaint, HeldReason
    from services.router.decide.diversions import Detour

_ZH = {
    "rule": "按派单目录 {rule}，{matter}由{lead}办理{basis}。",
    "basis": "（依据：{basis}）",
    "reflected": "同时向{unit}反映情况。",
    "anything": "此类事项",
    "fallback": "承办单位不明确，事发地属{place}，由{lead}组织办理。",
    "repeat": "同一人就同一事项再次反映，诉求 {complaint} 正在办理，告知进展。",
    "likely-repeat": "该人此前诉求 {complaint} 可能是同一事项（相似度 {score:.0%}）。",
    "cluster": "另有 {others} 人反映同一情况（首件 {complaint}）。",
    "diversion": "来电提到“{word}”，按 {rule} 不派单，告知其他途径。",
    "answer": "咨询事项，按知识库 {entry} 直接答复（{owner}维护，{reviewed} 核对）。",
    "no-place": "地点不明，无法确定承办单位，请人工核实。",
    "no-rule": "派单目录没有适用的条目，请人工确定承办单位。",
    "conflict": "{rules} 同样具体而承办单位不同，请人工裁定。",
    "returned-out": "{excluded}已退单，没有其他单位可派，请人工裁定。",
    "too-many-returns": "退单已超过 {returns_max} 次，请会商后指定承办单位。",
    "ping-pong": "{excluded}相互推诿，请会商后指定承办单位。",
    "model": "派单目录没有适用的条目，类似工单由{lead}办理（把握 {confidence:.0%}：{reason}）。",
    "overlap": "市、区两级职责交叉，由市级部门牵头。",
    "comma": "、",
}
_EN = {
    "rule": "By catalogue rule {rule}, {matter} belongs to {lead}{basis}.",
    "basis": " ({basis})",
    "reflected": " {unit}, which the city can't give orders, is told the situation.",
    "anything": "this matter",
    "fallback": "No rule names an agency; it is in {place}, so {lead} organises the handling.",
    "repeat": "The same person asks about the same matter as complaint {complaint}: tell progress.",
    "likely-repeat": " It may repeat the person's complaint {complaint} ({score:.0%} alike).",
    "cluster": " {others} other(s) report the same, first in complaint {complaint}.",
    "diversion": "It mentions “{word}”, so by {rule} no order is due: tell the other way.",
    "answer": "A question that {entry} answers ({owner} keeps it, reviewed on {reviewed}).",
    "no-place": "The place is unknown, so no agency can be named: a person must decide.",
    "no-rule": "No rule of the catalogue fits: a person must decide.",
    "conflict": "{rules} are equally specific and name different leads: a person must decide.",
    "returned-out": "{excluded} returned it and nobody else is left: a person must decide.",
    "too-many-returns": "Returned more than {returns_max} times: consult, then designate.",
    "ping-pong": "{excluded} name each other: consult, then designate.",
    "model": "No rule fits; past orders like it went to {lead} ({confidence:.0%} sure: {reason}).",
    "overlap": " City and district duties overlap, so the city's department leads.",
    "comma": ", ",
}


def _sentences(policy: Policy) -> dict[str, str]:
    return _ZH if policy.city.language == "zh" else _EN


def of_rule(policy: Policy, rule: Rule, category: str | None, lead: str) -> str:
    """Say that a rule decided."""
    say = _sentences(policy)
    matter = policy.categories[category].name if category else say["anything"]
    basis = say["basis"].format(basis=rule.basis) if rule.basis else ""
    name = policy.agencies[lead].name
    told = say["rule"].format(rule=rule.id, matter=matter, lead=name, basis=basis)
    if rule.lead.kind is OwnerKind.REFLECT_TO:
        told += say["reflected"].format(unit=policy.agencies[rule.lead.code or ""].name)
    return told


def of_model(policy: Policy, sure: Advised) -> str:
    """Say that past orders decided."""
    lead = policy.agencies[sure.code].name
    say = _sentences(policy)["model"]
    return say.format(lead=lead, confidence=sure.confidence, reason=sure.reason)


def of_overlap(policy: Policy) -> str:
    """Say that a city department leads over a district's."""
    return _sentences(policy)["overlap"]


def of_fallback(policy: Policy, district: str, lead: str) -> str:
    """Say that the district takes what nobody else does (兜底)."""
    place, name = policy.divisions[district].name, policy.agencies[lead].name
    return _sentences(policy)["fallback"].format(place=place, lead=name)


def of_repeat(policy: Policy, complaint: str) -> str:
    """Say which open complaint it repeats."""
    return _sentences(policy)["repeat"].format(complaint=complaint)


def of_evidence(policy: Policy, complaint: Complaint) -> str:
    """Say what it may have to do with other complaints; nothing if nothing is known."""
    say, told = _sentences(policy), ""
    if complaint.repeat_of is not None and complaint.repeat_score is not None:
        told += say["likely-repeat"].format(
            complaint=complaint.repeat_of, score=complaint.repeat_score
        )
    if complaint.cluster is not None:
        told += say["cluster"].format(
            complaint=complaint.cluster.complaint_id, others=complaint.cluster.size - 1
        )
    return told


def of_diversion(policy: Policy, detour: Detour) -> str:
    """Say which word diverted it, by which rule."""
    return _sentences(policy)["diversion"].format(word=detour.word, rule=detour.rule.id)


def of_answer(policy: Policy, entry: KnowledgeEntry) -> str:
    """Say which entry answers, who keeps it, and how old it is."""
    name = policy.agencies[entry.owner].name
    return _sentences(policy)["answer"].format(entry=entry.id, owner=name, reviewed=entry.reviewed)


def of_held(
    policy: Policy, reason: HeldReason, rules: tuple[str, ...], excluded: tuple[str, ...]
) -> str:
    """Say why a person must decide.

    Args:
        policy: The policy in force.
        reason: Why.
        rules: Ids of the rules in conflict, if any.
        excluded: Agencies that returned it.
    """
    say = _sentences(policy)
    names = [policy.agencies[code].name if code in policy.agencies else code for code in excluded]
    return say[reason].format(
        rules=say["comma"].join(rules),
        excluded=say["comma"].join(names),
        returns_max=policy.routing.returns_max,
    )
