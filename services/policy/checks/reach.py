"""Rules no complaint can reach, because others or a diversion always come first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.policy.catalogue import FILE, Rule
from services.policy.checks.overlap import (
    Scope,
    excludes_all,
    excludes_some,
    implies,
    natures_of,
    scopes,
)

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
        if diversion := _diverted_first(policy, rule):
            message = f"no complaint can reach rule {rule.id}: {diversion} diverts them all"
            faults.error(FILE, rule.line, message)
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
        is_narrower = bool(other.natures) and not rule.natures
        # Equally narrow with the same lead: the later of the two adds nothing.
        is_twin = bool(other.natures) == bool(rule.natures) and other.lead == rule.lead
        if is_narrower or (is_twin and other_position < position):
            left -= natures_of(other)
            shadows.append(f"{other.id} (line {other.line})")
    return f"{' and '.join(shadows)} always decides" if not left else None


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
