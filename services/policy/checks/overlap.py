"""When two rules can claim the same complaint, and when one always does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import Nature

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.policy.catalogue import Rule
    from services.policy.policy import Policy

#: Where a rule holds: one of its places, or None for a rule without places.
Scope = str | None


def scopes(rule: Rule) -> tuple[Scope, ...]:
    """List the places a rule names; a rule without places has one scope, anywhere."""
    return rule.places or (None,)


def excludes_all(policy: Policy, rule: Rule, scope: Scope) -> bool:
    """Tell whether a rule's exceptions leave nothing of a scope."""
    return any(code in rule.except_places for code in policy.division_chain(scope))


def excludes_some(policy: Policy, rule: Rule, scope: Scope) -> bool:
    """Tell whether a rule's exceptions take anything out of a scope."""
    if scope is None:
        return bool(rule.except_places)
    return excludes_all(policy, rule, scope) or any(
        scope in policy.division_chain(code) for code in rule.except_places
    )


def natures_of(rule: Rule) -> frozenset[Nature]:
    """The natures a rule holds for."""
    return frozenset(rule.natures or Nature)


def implies(words: Iterable[str], others: Iterable[str]) -> bool:
    """Tell whether a text with any of the words surely holds one of the others."""
    found = tuple(others)
    return all(any(other in word for other in found) for word in words)


def share_a_text(one: Rule, other: Rule) -> bool:
    """Tell whether a single word of one rule surely makes the other fit too.

    Words that merely could stand in the same text don't count: such a complaint is
    rare, and held for a person when it comes.
    """
    return any(a in b or b in a for a in one.words for b in other.words)
