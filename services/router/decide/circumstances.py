"""When and exactly where a complaint came, and what was answered: the rarer conditions of rules.

A rule that asks for one of them doesn't fit where it isn't known: a complaint without a
position is in no area, one without an instant came at no hour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.policy.polygons import shape_of
from services.policy.times import ALWAYS, Moment, moment_of
from services.router.decide.decision import Verdict
from services.router.decide.lexicon import normal_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.events import Attribute, Point
    from services.policy import Area, Policy, Rule
    from services.router.decide.decision import Complaint


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rarer conditions look at."""

    areas: frozenset[str] | None = None  #: Areas it lies in; None: its position isn't known.
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)  #: In normal form.
    moment: Moment | None = None  #: On the city's clocks; None: the instant isn't known.


#: What is known of a complaint where no rule asks for more.
UNASKED = Circumstances()


class CircumstanceReader:
    """Finds the circumstances that the rules of a policy ask for. Built once per policy."""

    def __init__(self, policy: Policy) -> None:
        """See what the rules ask for; nothing else is worked out for a complaint."""
        rules = policy.catalogue
        self._asks_areas = any(rule.areas or rule.except_areas for rule in rules)
        self._areas = AreaIndex(policy.areas if self._asks_areas else {})
        self._asks_attributes = any(rule.attributes for rule in rules)
        self._asks_times = any(rule.times != ALWAYS for rule in rules)
        self._zone = ZoneInfo(policy.city.time_zone)
        self._asks = self._asks_areas or self._asks_attributes or self._asks_times

    def of(self, complaint: Complaint) -> Circumstances:
        """Find the circumstances of a complaint."""
        if not self._asks:
            return UNASKED
        instant, point = complaint.received_at, complaint.place.point
        return Circumstances(
            areas=self._areas.at(point) if self._asks_areas and point is not None else None,
            attributes=_answers(complaint.attributes) if self._asks_attributes else {},
            moment=moment_of(instant, self._zone) if self._asks_times and instant else None,
        )


class AreaIndex:
    """A city's areas in a tree, so that a look-up doesn't ask every one of them."""

    def __init__(self, areas: Mapping[str, Area]) -> None:
        """Build the tree."""
        self._codes = tuple(areas)
        self._tree = None
        if areas:
            # Only here, because cities without areas shouldn't wait for it at every start.
            from shapely import STRtree  # noqa: PLC0415

            self._tree = STRtree([shape_of(area.polygons) for area in areas.values()])

    def at(self, point: Point) -> frozenset[str]:
        """Find the areas a position lies in, their borders included."""
        if self._tree is None:
            return frozenset()
        from shapely import Point as Position  # noqa: PLC0415 - loaded already

        position = Position(point.longitude, point.latitude)
        found = self._tree.query(position, predicate="intersects")
        return frozenset(self._codes[int(index)] for index in found)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The rarer conditions of one rule, ready to be tried."""

    rule: Rule
    attributes: tuple[tuple[str, frozenset[str]], ...]

    @classmethod
    def of(cls, rule: Rule) -> Conditions | None:
        """Take them from a rule; None where it has none."""
        is_plain = not (rule.areas or rule.except_areas or rule.attributes)
        if is_plain and rule.times == ALWAYS:
            return None
        answers = ((code, _normal(values)) for code, values in rule.attributes)
        return cls(rule, tuple(answers))

    def why_not(self, found: Circumstances) -> tuple[Verdict, str] | None:
        """Name the first condition that doesn't hold; None where all do."""
        return (
            self._why_not_here(found.areas)
            or self._why_not_answered(found.attributes)
            or self._why_not_now(found.moment)
        )

    def _why_not_here(self, areas: frozenset[str] | None) -> tuple[Verdict, str] | None:
        rule = self.rule
        if rule.areas and areas is None:
            return Verdict.POSITION_UNKNOWN, "names areas, and the exact position is unknown"
        if rule.areas and areas is not None and areas.isdisjoint(rule.areas):
            return Verdict.OTHER_AREA, f"is for the area {' or '.join(rule.areas)}"
        left_out = (areas or frozenset()).intersection(rule.except_areas)
        if left_out:
            return Verdict.EXCEPTED, f"leaves out the area {min(left_out)}"
        return None

    def _why_not_answered(
        self, answers: Mapping[str, frozenset[str]]
    ) -> tuple[Verdict, str] | None:
        for code, wanted in self.attributes:
            given = answers.get(code)
            if given is None:
                return Verdict.OTHER_ATTRIBUTE, f"asks for {code}, and nobody has answered"
            if given.isdisjoint(wanted):
                why = f"is for {code} {_listed(wanted)}, and the answer is {_listed(given)}"
                return Verdict.OTHER_ATTRIBUTE, why
        return None

    def _why_not_now(self, moment: Moment | None) -> tuple[Verdict, str] | None:
        times = self.rule.times
        if times == ALWAYS:
            return None
        if moment is None:
            return Verdict.OTHER_TIME, "holds at some times only, and it isn't known when it came"
        why = times.why_not(moment)
        return None if why is None else (Verdict.OTHER_TIME, why)


def _answers(attributes: Iterable[Attribute]) -> dict[str, frozenset[str]]:
    return {attribute.code: _normal(attribute.values) for attribute in attributes}


def _normal(values: Iterable[str]) -> frozenset[str]:
    return frozenset(map(normal_form, values))


def _listed(values: Iterable[str]) -> str:
    return " or ".join(sorted(values))
