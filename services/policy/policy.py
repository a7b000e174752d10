"""A loaded policy: everything officials decide, as typed records with fast look-ups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.policy.agencies import Agency, AgencyKind
from services.policy.channels import ChannelRules
from services.policy.choices import usual_standard, within_limits
from services.policy.notices import fill
from services.policy.owners import Owner, OwnerKind
from services.policy.specificity import Specificity, specificity_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.events import Place
    from services.policy.answers import KnowledgeEntry
    from services.policy.areas import Area
    from services.policy.boundaries import Boundary
    from services.policy.calendar import Calendar
    from services.policy.callback import CallbackRules
    from services.policy.catalogue import Rule
    from services.policy.categories import Category
    from services.policy.causes import CauseRules
    from services.policy.choices import Choice, Kind
    from services.policy.city import City, RoutingRules
    from services.policy.diversions import DiversionRule
    from services.policy.divisions import Division
    from services.policy.escalation import Level
    from services.policy.examples import Example
    from services.policy.hooks import HookMapping
    from services.policy.imports import ImportMapping
    from services.policy.indexes import Indexes
    from services.policy.landmarks import Landmark
    from services.policy.nature import NatureWord
    from services.policy.open311 import Open311Rules
    from services.policy.powers import Power
    from services.policy.relief import ReliefRules
    from services.policy.scoring import Scoring
    from services.policy.standards import Standard
    from services.policy.supervision import Neglect, SupervisionRules, Urging
    from services.policy.urgency import UrgencyWords
    from services.policy.whistles import WhistleRules


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One bundle in force; made by `load`, compared by identity, usable as a key.

    Codes inside refer to each other soundly: loading refuses a bundle where one is
    unknown. Division and category codes from events may still be unknown here (they
    may be of another bundle), so every look-up by code answers None or nothing then.
    """

    hash: str
    city: City
    routing: RoutingRules
    divisions: Mapping[str, Division]
    agencies: Mapping[str, Agency]
    categories: Mapping[str, Category]
    catalogue: tuple[Rule, ...]
    diversions: tuple[DiversionRule, ...]  #: In file order, which decides nothing.
    standards: Mapping[str, Standard]
    urgency: UrgencyWords
    natures: tuple[NatureWord, ...]
    calendar: Calendar
    callback: CallbackRules
    escalation: tuple[Level, ...]  #: Lowest first.
    supervision: SupervisionRules
    relief: ReliefRules  #: What may move a clock (延期, 挂账).
    scoring: Scoring
    notices: Mapping[tuple[str, str], str]  #: By (notice, language).
    imports: Mapping[str, ImportMapping]
    hooks: Mapping[str, HookMapping]  #: By source.
    open311: Open311Rules | None  #: None: the city has no Open311.
    landmarks: tuple[Landmark, ...] = field(repr=False)
    boundaries: tuple[Boundary, ...] = field(repr=False)
    whistles: WhistleRules | None  #: None: the city has no whistles.
    causes: CauseRules  #: Root causes (根因), and points for proactive work.
    indexes: Indexes = field(repr=False)
    areas: Mapping[str, Area] = field(default_factory=dict, repr=False)
    #: What a street answers for itself, by category; None: the city has no such list.
    powers: Mapping[str, Power] | None = field(default=None, repr=False)
    answers: tuple[KnowledgeEntry, ...] = ()  #: What is settled without an order.
    choices: tuple[Choice, ...] = ()
    limits: tuple[Choice, ...] = ()  #: Standards that no matter of a kind may exceed.
    calendars: Mapping[str, Calendar] = field(default_factory=dict)  #: Beside the city's own.
    channels: ChannelRules = field(default_factory=ChannelRules)  #: How people are reached.

    # Places.

    def place_code(self, place: Place) -> str | None:
        """The narrowest division of a place that this policy knows."""
        for code in (place.community, place.street, place.district):
            if code in self.divisions:
                return code
        return None

    def division_chain(self, division: str | None) -> tuple[str, ...]:
        """The division, its parent, and so on up to the city; empty where unknown."""
        return self.indexes.division_chains.get(division or "", ())

    def district_of(self, division: str | None) -> str | None:
        """The district a division is or lies in."""
        return self.indexes.division_levels.get(division or "", {}).get("district")

    def street_of(self, division: str | None) -> str | None:
        """The street or township a division is or lies in; None above that level."""
        return self.indexes.division_levels.get(division or "", {}).get("street")

    def division_by_name(self, name: str, within: str | None = None) -> str | None:
        """Find a division by name or alias.

        Args:
            name: As written, such as `望京街道`.
            within: Code of the division directly above it. Without one, only the city,
                districts and streets are searched, and a name that two share is nobody's.

        Returns:
            Its code, or None.
        """
        if within is not None:
            return self.indexes.division_by_name.get((within, name))
        return self.indexes.streets_by_name.get(name)

    # Agencies.

    def agency_of_division(self, kind: AgencyKind, division: str | None) -> str | None:
        """The agency of a kind that answers for exactly this division."""
        return self.indexes.agency_by_division.get((kind, division or ""))

    def department_of(self, function: str, division: str | None) -> str | None:
        """The department for a function in the district a division is or lies in."""
        district = self.district_of(division)
        return self.indexes.department_by_function.get((function, district or ""))

    def government_of(self, division: str | None) -> str | None:
        """The government of the district a division is or lies in: the fallback (兜底)."""
        district = self.district_of(division)
        return self.agency_of_division(AgencyKind.DISTRICT_GOVERNMENT, district)

    def agency_by_name(self, name: str) -> str | None:
        """Find an agency by its name or an alias; None where unknown or ambiguous."""
        return self.indexes.agency_by_name.get(name)

    def superior_of(self, agency: str) -> str | None:
        """The agency above an agency; None at the top."""
        return found.superior if (found := self.agencies.get(agency)) else None

    def owner(
        self, owner: Owner, division: str | None = None, agency: str | None = None
    ) -> str | None:
        """Turn an owner into an agency.

        Args:
            owner: As a rule or a level names it.
            division: The narrowest division of the place, for the forms `…(place)`.
            agency: For `superior-of(agency)`.

        Returns:
            An agency code, or None where the place is not known well enough.
        """
        match owner.kind:
            case OwnerKind.AGENCY:
                return owner.code
            case OwnerKind.DISTRICT_OF:
                return self.government_of(division)
            case OwnerKind.STREET_OF:
                return self.agency_of_division(AgencyKind.STREET, self.street_of(division))
            case OwnerKind.DEPARTMENT_OF:
                return self.department_of(owner.code or "", division)
            case OwnerKind.SUPERIOR_OF:
                return self.superior_of(agency or "")
            case OwnerKind.REFLECT_TO:
                return self.city.hotline

    def raised_to(
        self, rule: Level | Neglect | Urging, agency: str | None, division: str | None = None
    ) -> str:
        """The agency that must see to a matter; the hotline body where nobody stands above.

        Args:
            rule: Which says who.
            agency: That failed; None where no agency has the case.
            division: The narrowest division of the place, for `district-of(place)`.
        """
        return self.owner(rule.raised_to, division, agency) or self.city.hotline

    # Categories and rules.

    def category_chain(self, category: str | None) -> tuple[str, ...]:
        """The category, its parent, and so on up to the root; empty where unknown.

        An older code stands for the newer one it is the `same_as`.
        """
        return self.indexes.category_chains.get(category or "", ())

    def category_by_path(self, names: Sequence[str]) -> str | None:
        """Find the deepest known category on a path of names from the root down."""
        for length in range(len(names), 0, -1):
            if found := self.indexes.category_by_path.get(tuple(names[:length])):
                return found
        return None

    def rules_on(self, category: str | None) -> tuple[Rule, ...]:
        """Rules that can hold for a category: its own, those above it, and general ones."""
        by_category = self.indexes.rules_by_category
        chain: tuple[str | None, ...] = (*self.category_chain(category), None)
        return tuple(rule for code in chain for rule in by_category.get(code, ()))

    def covers(self, rule: Rule, division: str | None) -> bool:
        """Tell whether a rule's places hold for a place (a rule without places: anywhere)."""
        chain = self.division_chain(division)
        if rule.except_places and any(code in rule.except_places for code in chain):
            return False
        return not rule.places or any(code in rule.places for code in chain)

    def specificity(self, rule: Rule, division: str | None) -> Specificity:
        """How narrowly a rule was written, as it fits a place; the greatest decides.

        `services.policy.specificity` has the order. Two rules that fit equally narrowly
        and name different leads are a conflict for a person.

        Args:
            rule: A rule that covers the place.
            division: The narrowest division of the place.

        Returns:
            A tuple to compare.
        """
        chain = self.division_chain(division)
        depths = [len(self.division_chain(code)) for code in rule.places if code in chain]
        category = len(self.category_chain(rule.category))
        return specificity_of(rule, max(depths, default=0), category)

    def is_street_power(self, category: str | None) -> bool:
        """Tell whether a street may be given a matter as its own (街道职责清单).

        Args:
            category: What the matter is; None where nobody knows.

        Returns:
            True where the category or one above it is listed, and where the city has no list.
        """
        if self.powers is None:
            return True
        return any(code in self.powers for code in self.category_chain(category))

    def examples(self) -> tuple[tuple[Rule | DiversionRule | KnowledgeEntry, Example], ...]:
        """Every example with its rule, in file order; the check runs them all."""
        rules: tuple[Rule | DiversionRule | KnowledgeEntry, ...]
        rules = (*self.diversions, *self.answers, *self.catalogue)
        return tuple((rule, example) for rule in rules for example in rule.examples)

    # Standards and notices.

    def calendar_of(self, key: str | None) -> Calendar:
        """The calendar that clocks go by; the city's own where none is named, or is known."""
        return self.calendars.get(key or "", self.calendar)

    def standard_for(self, rule: Rule | None, kind: Kind) -> str:
        """The key of the standard an order gets; `services.policy.choices` has the order.

        Args:
            rule: The rule that decided, or None for fallback or a person.
            kind: Category settled on, urgency as received, nature, difficulty.
        """
        usual = usual_standard(self, rule, kind)
        urgent = self.routing.urgency_standards.get(kind.urgency)
        key = usual if urgent is None else self.stricter(usual, urgent)
        return within_limits(self, key, kind)[0]

    def stricter(self, one: str, other: str) -> str:
        """The standard of two that gives less time to handle; the first where equal."""
        first, second = self.standards[one].handle_within, self.standards[other].handle_within
        return one if first.rough_seconds <= second.rough_seconds else other

    def diversion_reply(self, rule: DiversionRule, language: str) -> str:
        """What a citizen is told; in the city's language where theirs is missing."""
        return rule.reply.get(language) or rule.reply[self.city.language]

    def answer(self, entry: KnowledgeEntry, language: str) -> str:
        """What a citizen is told; in the city's language where theirs is missing."""
        return entry.answer.get(language) or entry.answer[self.city.language]

    def notice(self, name: str, language: str, values: Mapping[str, str]) -> str:
        """Write a notice; in the city's language where the asked one is missing.

        Args:
            name: One of `notices.NOTICES`.
            language: Two letters.
            values: A value for every variable of the notice.

        Returns:
            The text to send.
        """
        template = self.notices.get((name, language)) or self.notices[name, self.city.language]
        return fill(template, values)
