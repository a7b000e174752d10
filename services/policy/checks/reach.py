"""Rules no complaint can reach, because others or a diversion always come first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.policy.catalogue import FILE, Rule
from services.policy.checks.overlap import (
    Scope,
    excludes_all,
    excludes_some,
    implies,
    implies_answers,
    natures_of,
    scopes,
)
from services.policy.specificity import specificity_of

if TYPE_CHECKING:
    from services.events import Nature
    from services.policy.faults import FaultLog
    from services.policy.policy import Policy


def check_reach(policy: Policy, faults: FaultLog) -> None:
    """Name every rule that can never decide.

    A rule is shadowed only by rules of the same category and the same place: what is
    written for a narrower place or category leaves the wider rule its rest.

    Args:
        policy: As read.
        faults: Gets an error at each such rule.
    """
    rivals: dict[str | None, list[tuple[int, Rule]]] = {}
    for position, rule in enumerate(policy.catalogue):
        rivals.setdefault(rule.category, []).append((position, rule))
    for position, rule in enumerate(policy.catalogue):
        if why := _never_fits(policy, rule):
            faults.error(FILE, rule.line, f"no complaint can reach rule {rule.id}: {why}")
            continue
        reasons = [
            _shadow(policy, rule, position, scope, rivals[rule.category]) for scope in scopes(rule)
        ]
        if all(reasons):
            message = f"no complaint can reach rule {rule.id}: {reasons[0]}"
            faults.error(FILE, rule.line, message)


def _shadow(
    policy: Policy, rule: Rule, position: int, scope: Scope, rivals: list[tuple[int, Rule]]
) -> str | None:
    """Say why a rule never decides in one of its places, or None where it can."""
    if excludes_all(policy, rule, scope):
        return "its exceptions leave no place"
    left: set[Nature] = set(natures_of(rule))
    shadows: list[str] = []
    for other_position, other in rivals:
        if other is rule or scope not in scopes(other) or excludes_some(policy, other, scope):
            continue
        if bool(other.words) != bool(rule.words) or not implies(rule.words, other.words):
            continue
        if not _holds_with(other, rule):
            continue
        is_narrower = bool(other.natures) and not rule.natures
        # Equally narrow with the same lead: the later of the two adds nothing.
        is_twin = bool(other.natures) == bool(rule.natures) and other.lead == rule.lead
        if is_narrower or (is_twin and other_position < position):
            left -= natures_of(other)
            shadows.append(f"{other.id} (line {other.line})")
    return f"{' and '.join(shadows)} always decides" if not left else None


def _holds_with(other: Rule, rule: Rule) -> bool:
    """Tell whether another's areas, attributes and times hold whenever a rule's do.

    Only one that asks for the same kinds counts: with fewer of them it gives way.
    """
    same = specificity_of(rule, 0, 0)._replace(words=False, nature=False)
    return (
        specificity_of(other, 0, 0)._replace(words=False, nature=False) == same
        and set(rule.areas) <= set(other.areas)
        and set(other.except_areas) <= set(rule.except_areas)
        and implies_answers(rule.attributes, other.attributes)
        and other.times.covers(rule.times)
    )


def _never_fits(policy: Policy, rule: Rule) -> str | None:
    """Say why a rule fits no complaint at all, whatever the other rules say."""
    if rule.times.never_comes:
        return "its season doesn't come between its first and last day"
    chain = policy.category_chain(rule.category)
    if rule.category is not None and chain and chain[0] != rule.category:
        return f"{rule.category} is the older code of {chain[0]}: name that one"
    diversion = _diverted_first(policy, rule)
    return f"{diversion} diverts them all" if diversion else None


def _diverted_first(policy: Policy, rule: Rule) -> str | None:
    """Name the diversion that takes every text this rule's words fit."""
    if not rule.words:
        return None
    for diversion in policy.diversions:
        if diversion.unless_words or not diversion.words:
            continue
        if implies(rule.words, diversion.words):
            return diversion.id
    return None
