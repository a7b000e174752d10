"""When two rules can claim the same complaint, and when one always does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import Nature
from services.policy.polygons import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shapely.geometry.base import BaseGeometry

    from services.policy.catalogue import Rule
    from services.policy.examples import Attributes
    from services.policy.policy import Policy

#: Where a rule holds: one of its places, or None for a rule without places.
Scope = str | None


def scopes(rule: Rule) -> tuple[Scope, ...]:
    """List the places a rule names; a rule without places has one scope, anywhere."""
    return rule.places or (None,)


def excludes_all(policy: Policy, rule: Rule, scope: Scope) -> bool:
    """Tell whether a rule's exceptions leave nothing of a scope."""
    if rule.areas and set(rule.areas) <= set(rule.except_areas):
        return True
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


def share_answers(one: Attributes, other: Attributes) -> bool:
    """Tell whether answers that one rule asks for can make the other fit too.

    As with words, answers to different questions don't count.
    """
    first, second = dict(one), dict(other)
    asked = first.keys() & second.keys()
    is_part = asked in (first.keys(), second.keys())
    return is_part and all(set(first[code]) & set(second[code]) for code in asked)


def implies_answers(answers: Attributes, others: Attributes) -> bool:
    """Tell whether whatever fits some answers surely fits the others."""
    given = dict(answers)
    return all(code in given and set(given[code]) <= set(wanted) for code, wanted in others)


class AreaMeetings:
    """Tells which rules' areas overlap; each shape is made once."""

    def __init__(self, policy: Policy) -> None:
        """Know the areas; shapes are made when asked for."""
        self._areas = policy.areas
        self._shapes: dict[str, BaseGeometry] = {}

    def share(self, one: Rule, other: Rule) -> bool:
        """Tell whether a position can lie in areas of both, and in no exception of either."""
        left_out = {*one.except_areas, *other.except_areas}
        return any(
            a == b or self._meet(a, b)
            for a in one.areas
            for b in other.areas
            if not {a, b} & left_out and a in self._areas and b in self._areas
        )

    def _meet(self, one: str, other: str) -> bool:
        """Tell whether two areas overlap by more than a common border."""
        first, second = self._shape(one), self._shape(other)
        return bool(first.intersects(second) and not first.touches(second))

    def _shape(self, code: str) -> BaseGeometry:
        if code not in self._shapes:
            self._shapes[code] = shape_of(self._areas[code].polygons)
        return self._shapes[code]
