"""Codes that must exist: agencies, categories, standards, places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.policy import agencies, catalogue, categories, city, divisions, standards
from services.policy.agencies import AgencyKind
from services.policy.owners import Owner, OwnerKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.policy.catalogue import Rule
    from services.policy.faults import FaultLog
    from services.policy.policy import Policy


def check_references(policy: Policy, faults: FaultLog) -> None:
    """Name every code that nothing has, and every place without its agency.

    Args:
        policy: As read.
        faults: Where faults go.
    """
    _check_city(policy, faults)
    _check_agencies(policy, faults)
    _check_categories(policy, faults)
    rules = policy.supervision
    for above in (*policy.escalation, rules.unassigned, rules.unsigned, rules.urged):
        if above is not None and above.raised_to.kind is OwnerKind.AGENCY:
            _known_agency(policy, faults, standards.FILE, above.line, above.raised_to.code or "")
    for rule in policy.catalogue:
        _check_rule(policy, rule, faults)
    _check_street_offices(policy, faults)


def _known_agency(policy: Policy, faults: FaultLog, file: str, line: int, code: str) -> None:
    if code and code not in policy.agencies:
        faults.error(file, line, f"no agency has the code {code!r}")


def _known_standard(
    policy: Policy, faults: FaultLog, file: str, line: int, key: str | None
) -> None:
    if key and key not in policy.standards:
        faults.error(file, line, f"no standard is called {key!r}")


def _check_city(policy: Policy, faults: FaultLog) -> None:
    hotline = policy.agencies.get(policy.city.hotline)
    if hotline is None or hotline.kind is not AgencyKind.HOTLINE:
        faults.error(
            city.FILE,
            policy.city.line,
            f"the hotline {policy.city.hotline!r} is no agency of that kind",
        )
    routing = policy.routing
    for key in (routing.fallback_standard, *routing.urgency_standards.values()):
        _known_standard(policy, faults, city.FILE, routing.line, key)


def _check_agencies(policy: Policy, faults: FaultLog) -> None:
    answered: dict[tuple[str, str], int] = {}
    for agency in policy.agencies.values():
        if agency.division is None:
            continue
        if agency.division not in policy.divisions:
            faults.error(
                agencies.FILE, agency.line, f"no division has the code {agency.division!r}"
            )
        key = (agency.function or agency.kind, agency.division)
        first = answered.setdefault(key, agency.line)
        if first != agency.line and (agency.function or agency.kind in agencies.TERRITORIAL):
            message = f"line {first} answers for {key[0]} in {agency.division} already"
            faults.error(agencies.FILE, agency.line, message)
    for division in policy.divisions.values():
        if division.level == "district" and policy.government_of(division.code) is None:
            message = (
                f"{division.name} ({division.code}) has no district-government to fall back on"
            )
            faults.error(divisions.FILE, division.line, message)


def _check_categories(policy: Policy, faults: FaultLog) -> None:
    for category in policy.categories.values():
        _known_standard(policy, faults, categories.FILE, category.line, category.standard)


def _check_rule(policy: Policy, rule: Rule, faults: FaultLog) -> None:
    file = catalogue.FILE
    if rule.category is not None and rule.category not in policy.categories:
        faults.error(file, rule.line, f"no category has the code {rule.category!r}")
    _known_standard(policy, faults, file, rule.line, rule.standard)
    for owner in (rule.lead, *rule.assists, *rule.copies, *filter(None, (rule.scored,))):
        _check_owner(policy, rule, owner, faults)
    for example in rule.examples:
        if example.category is not None and example.category not in policy.categories:
            faults.error(file, example.line, f"no category has the code {example.category!r}")
        if example.expect != "held" and not example.expect.startswith("diverted:"):
            _known_agency(policy, faults, file, example.line, example.expect)


def _check_owner(policy: Policy, rule: Rule, owner: Owner, faults: FaultLog) -> None:
    if owner.kind is OwnerKind.AGENCY:
        _known_agency(policy, faults, catalogue.FILE, rule.line, owner.code or "")
    elif owner.kind is OwnerKind.DEPARTMENT_OF:
        missing = _districts_without(policy, owner.code or "", _districts(policy, rule))
        if missing:
            names = ", ".join(missing)
            message = f"{names} has no district-department for {owner.code!r}"
            faults.error(catalogue.FILE, rule.line, message)


def _districts(policy: Policy, rule: Rule) -> list[str]:
    """Districts a rule holds for, wholly or in part."""
    everywhere = [d.code for d in policy.divisions.values() if d.level == "district"]
    named = {policy.district_of(code) or "" for code in rule.places}
    return [
        code
        for code in everywhere
        if code not in rule.except_places and (not named or code in named or "" in named)
    ]


def _districts_without(policy: Policy, function: str, districts: Iterable[str]) -> list[str]:
    return [
        policy.divisions[code].name
        for code in districts
        if policy.department_of(function, code) is None
    ]


def _check_street_offices(policy: Policy, faults: FaultLog) -> None:
    """Only a city whose rules lean on streets needs an office for each."""
    leaning = [rule for rule in policy.catalogue if rule.lead.kind is OwnerKind.STREET_OF]
    if not leaning:
        return
    for division in policy.divisions.values():
        if division.level != "street":
            continue
        if policy.agency_of_division(AgencyKind.STREET, division.code) is None:
            message = f"{division.name} ({division.code}) has no agency of kind street"
            faults.warning(
                divisions.FILE, division.line, f"{message}; rule {leaning[0].id} needs one"
            )
