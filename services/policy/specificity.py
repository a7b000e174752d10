"""Which of two rules that fit is the narrower: the written order, in this one place.

1. A rule that names an area (`areas`) before one that doesn't: a polygon is drawn to take a
   piece out of the divisions around it.
2. The deeper place: community, street, district, city, none.
3. The deeper category.
4. A rule that asks for attributes: what somebody answered is surer than a word in a text.
5. A rule with words.
6. A rule with natures.
7. A rule with hours.
8. A rule with a season.
9. A rule with a first or last day.

Equal in all of them, with different leads, is a conflict for a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from services.policy.catalogue import Rule


class Specificity(NamedTuple):
    """How narrowly a rule was written, as it fits a place; the greatest decides."""

    area: bool = False
    place: int = 0  #: Depth of the deepest division it names around the complaint; city 1.
    category: int = 0  #: Depth of its category; top level 1.
    attributes: bool = False
    words: bool = False
    nature: bool = False
    hours: bool = False
    season: bool = False
    validity: bool = False


def specificity_of(rule: Rule, place: int, category: int) -> Specificity:
    """Say how narrow a rule is.

    Args:
        rule: The rule.
        place: Depth of the division by which it fits; 0 for none.
        category: Depth of its category; 0 for none.
    """
    when = rule.times
    return Specificity(
        area=bool(rule.areas),
        place=place,
        category=category,
        attributes=bool(rule.attributes),
        words=bool(rule.words),
        nature=bool(rule.natures),
        hours=when.hours is not None,
        season=when.season is not None,
        validity=when.is_dated,
    )
