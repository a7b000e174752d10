"""Who may be given what, where and when: areas, questions, central units, streets' powers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.policy import catalogue, powers
from services.policy.agencies import AgencyKind
from services.policy.open311_services import LISTED
from services.policy.owners import OwnerKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.catalogue import Rule
    from services.policy.examples import Attributes
    from services.policy.faults import FaultLog
    from services.policy.policy import Policy

#: What may be answered to a question; None: anything.
_Answers = frozenset[str] | None


def check_jurisdiction(policy: Policy, faults: FaultLog) -> None:
    """Check the rarer conditions and owners of rules.

    Args:
        policy: As read, perhaps unsound.
        faults: Where faults go.
    """
    questions = _questions(policy)
    for rule in policy.catalogue:
        _check_areas(policy, rule, faults)
        _check_answers(rule.attributes, rule.line, questions, faults)
        for example in rule.examples:
            _check_answers(example.attributes, example.line, questions, faults)
        _check_reflected(policy, rule, faults)
        _check_street(policy, rule, faults)
    for power in (policy.powers or {}).values():
        if power.category not in policy.categories:
            message = f"no category has the code {power.category!r}"
            faults.error(powers.FILE, power.line, message)


def _check_areas(policy: Policy, rule: Rule, faults: FaultLog) -> None:
    for code in (*rule.areas, *rule.except_areas):
        if code not in policy.areas:
            faults.error(catalogue.FILE, rule.line, f"no area has the code {code!r}")


def _questions(policy: Policy) -> Mapping[str, _Answers]:
    """Every question that a service of Open311 asks, with the keys that answer it."""
    services = policy.open311.services.values() if policy.open311 is not None else ()
    asked: dict[str, _Answers] = {}
    for question in (rule for service in services for rule in service.attributes):
        keys = frozenset(choice.key for choice in question.choices)
        known = asked.get(question.code, frozenset())
        is_listed = question.datatype in LISTED and known is not None
        asked[question.code] = known | keys if known is not None and is_listed else None
    return asked


def _check_answers(
    attributes: Attributes, line: int, questions: Mapping[str, _Answers], faults: FaultLog
) -> None:
    for code, values in attributes:
        if code not in questions:
            message = f"no service asks for the attribute {code!r} (open311.toml)"
            faults.error(catalogue.FILE, line, message)
            continue
        answers = questions[code]
        for value in values:
            if answers is not None and value not in answers:
                message = f"{value!r} is no answer to {code}: {', '.join(sorted(answers))}"
                faults.error(catalogue.FILE, line, message)


def _check_reflected(policy: Policy, rule: Rule, faults: FaultLog) -> None:
    if rule.lead.kind is not OwnerKind.REFLECT_TO:
        return
    code = rule.lead.code or ""
    unit = policy.agencies.get(code)
    if unit is None:
        faults.error(catalogue.FILE, rule.line, f"no agency has the code {code!r}")
    elif unit.kind is not AgencyKind.CENTRAL_UNIT:
        message = f"{code} is no central-unit but a {unit.kind}: name it as the lead"
        faults.error(catalogue.FILE, rule.line, message)


def _check_street(policy: Policy, rule: Rule, faults: FaultLog) -> None:
    """A street is given nothing as its own that its list of powers doesn't hold."""
    agency = policy.agencies.get(rule.lead.code or "")
    is_named = agency is not None and agency.kind is AgencyKind.STREET
    is_street = is_named or rule.lead.kind is OwnerKind.STREET_OF
    if is_street and not policy.is_street_power(rule.category):
        what = f"category {rule.category}" if rule.category else "a rule without category"
        message = f"{rule.lead} may not lead: {what} isn't among the streets' powers (powers.csv)"
        faults.error(catalogue.FILE, rule.line, message)
