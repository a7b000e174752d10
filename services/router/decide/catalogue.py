"""Match a complaint against the dispatch catalogue.

Rules are indexed by category and place, and by word within that, so a decision only
looks at rules that can still match: 4,000 rules cost little more than 60. The order
of the rules never matters: they are ranked by how closely they match, and rules that
match equally closely yet name different leads are a conflict for a person.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.policy import OwnerKind
from services.router.decide.circumstances import UNASKED, Circumstances, Conditions
from services.router.decide.decision import Trial, Verdict
from services.router.decide.lexicon import normal_form
from services.router.decide.trials import trials_of_best, trials_of_others

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from services.events import Nature
    from services.policy import Owner, Policy, Rule, Specificity


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a complaint the catalogue looks at."""

    found: AbstractSet[str]  #: Words in the text, in normal form.
    categories: tuple[str, ...]  #: Its category and all above it.
    divisions: tuple[str, ...]  #: Its narrowest known division and all around it.
    nature: Nature
    meant: AbstractSet[str] = frozenset()  #: Words of danger in the text that nobody denies.
    circumstances: Circumstances = UNASKED

    @property
    def division(self) -> str | None:
        """The narrowest known division."""
        return self.divisions[0] if self.divisions else None


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A rule under one of its places, with what can be worked out beforehand."""

    rule: Rule
    specificity: Specificity
    rank: tuple[tuple[int, ...], str]  #: Sorts the closest first, and equals by id.
    natures: frozenset[Nature]
    conditions: Conditions | None  #: None: nothing of time, area or attributes.
    lead: str | None  #: Where the rule names an agency outright.


@dataclass(frozen=True, slots=True)
class Match:
    """A rule whose every condition holds, with the lead it names here."""

    rule: Rule
    specificity: Specificity
    lead: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """A rule that does not count, and why."""

    trial: Trial
    returned: Match | None = None  #: What it would be, had its lead not returned the complaint.


@dataclass(frozen=True, slots=True)
class Finding:
    """What the catalogue says about a complaint.

    `best` holds the matches that decide: one lead among them, or a conflict.
    """

    best: tuple[Match, ...]
    others: tuple[Match, ...]  #: Less specific, closest first.
    misfits: tuple[Misfit, ...]  #: Came into question and don't count, by id.
    wants_place: bool  #: Some rule could match if the place were known better.
    leading: Match | None = None  #: Which of several leads in `best` goes before the others.

    @property
    def leads(self) -> tuple[str, ...]:
        """The leads that the deciding rules name, in the order of the rules' ids."""
        return tuple(dict.fromkeys(match.lead for match in self.best))

    @property
    def returned(self) -> tuple[Match, ...]:
        """Rules that would match if their lead hadn't returned the complaint."""
        return tuple(misfit.returned for misfit in self.misfits if misfit.returned is not None)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Say of each rule that came into question why it did or didn't decide.

        Written out when asked for: most decisions are never looked into.
        """
        lost = trials_of_others(self.others, self.best)
        return (
            *trials_of_best(self.best, self.leading),
            *lost,
            *(misfit.trial for misfit in self.misfits),
        )


@dataclass(slots=True)
class _Cell:
    """Rules for one category (or any) and one division (or any)."""

    wordless: list[Entry] = field(default_factory=list)
    by_word: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def add(self, entry: Entry, words: AbstractSet[str]) -> None:
        """Put a rule in, under each of its words."""
        for word in words:
            self.by_word[word].append(entry)
        if not words:
            self.wordless.append(entry)

    def entries(self, found: AbstractSet[str]) -> Iterator[Entry]:
        """Give the rules whose words hold; one with several words may come several times."""
        yield from self.wordless
        if self.by_word:
            for word in found & self.by_word.keys():
                yield from self.by_word[word]


class Catalogue:
    """The rules of a policy, ready for use."""

    def __init__(self, policy: Policy) -> None:
        """Put every rule into the cells in which it can match."""
        self._policy = policy
        #: By category, then by division; None for rules that name none.
        self._cells: dict[str | None, dict[str | None, _Cell]] = {}
        self._words = {
            rule.id: frozenset(map(normal_form, rule.words)) for rule in policy.catalogue
        }
        #: Rules that name places, by category, to tell whether a place would help.
        self._placed: dict[str | None, _Cell] = {}
        for rule in policy.catalogue:
            words = self._words[rule.id]
            for division in rule.places or (None,):
                cell = self._cells.setdefault(rule.category, {}).setdefault(division, _Cell())
                cell.add(_entry(policy, rule, division), words)
            if rule.places:
                cell = self._placed.setdefault(rule.category, _Cell())
                cell.add(_entry(policy, rule, rule.places[0]), words)

    @property
    def words(self) -> frozenset[str]:
        """Every word that a rule looks for, in normal form."""
        return frozenset(word for words in self._words.values() for word in words)

    def words_of(self, rule: Rule) -> frozenset[str]:
        """The words of one rule, in normal form."""
        return self._words[rule.id]

    def find(self, traits: Traits, excluded: Collection[str] = ()) -> Finding:
        """Rank the rules that match.

        Args:
            traits: The complaint.
            excluded: Agencies that have returned it and are not asked again.

        Returns:
            The deciding rules and the rest.
        """
        matches: list[Match] = []
        misfits: list[Misfit] = []
        for entry in sorted(self._candidates(traits), key=_rank):
            outcome = self._judge(entry, traits, excluded)
            if isinstance(outcome, Match):
                matches.append(outcome)
            else:
                misfits.append(outcome)
        top = matches[0].specificity if matches else None
        best = tuple(match for match in matches if match.specificity == top)
        others = tuple(matches[len(best) :])
        return Finding(best, others, tuple(misfits), self._wants_place(traits, misfits))

    def _candidates(self, traits: Traits) -> Iterable[Entry]:
        """Give each rule whose category, place and words hold, once, as it fits closest."""
        found: dict[str, Entry] = {}
        for category in (*traits.categories, None):
            cells = self._cells.get(category)
            if cells is None:
                continue
            # The narrowest division first: a rule that names it and its district fits by it.
            for division in (*traits.divisions, None):
                cell = cells.get(division)
                if cell is not None:
                    for entry in cell.entries(traits.found):
                        found.setdefault(entry.rule.id, entry)
        return found.values()

    def _judge(self, entry: Entry, traits: Traits, excluded: Collection[str]) -> Match | Misfit:
        """Judge a rule whose category, place and words hold by all the rest."""
        rule = entry.rule
        missed = self._missed(entry, traits)
        if missed is not None:
            return Misfit(Trial(rule.id, *missed))
        lead = entry.lead or self._policy.owner(rule.lead, traits.division)
        if lead is None:
            why = self._why_unresolved(rule.lead, traits)
            return Misfit(Trial(rule.id, Verdict.UNRESOLVED, why))
        match = Match(rule, entry.specificity, lead)
        if lead in excluded:
            why = f"its lead {lead} has returned the complaint"
            trial = Trial(rule.id, Verdict.RETURNED, why, entry.specificity, lead)
            return Misfit(trial, match)
        return match

    def _missed(self, entry: Entry, traits: Traits) -> tuple[Verdict, str] | None:
        """Name the first condition that doesn't hold; None where all do."""
        rule = entry.rule
        if entry.natures and traits.nature not in entry.natures:
            wanted = " or ".join(rule.natures)
            return Verdict.OTHER_NATURE, f"is for {wanted}, and this is {traits.nature}"
        if rule.except_places:
            for code in traits.divisions:
                if code in rule.except_places:
                    return Verdict.EXCEPTED, f"leaves out {self._named(code)}"
        if entry.conditions is None:
            return None
        return entry.conditions.why_not(traits.circumstances)

    def _wants_place(self, traits: Traits, misfits: Sequence[Misfit]) -> bool:
        if not traits.divisions:
            for category in (*traits.categories, None):
                cell = self._placed.get(category)
                for entry in cell.entries(traits.found) if cell else ():
                    if not entry.natures or traits.nature in entry.natures:
                        return True
        if any(m.trial.verdict is Verdict.POSITION_UNKNOWN for m in misfits):
            return True
        is_narrow = self._policy.street_of(traits.division) is not None
        return not is_narrow and any(m.trial.verdict is Verdict.UNRESOLVED for m in misfits)

    def _why_unresolved(self, owner: Owner, traits: Traits) -> str:
        if traits.division is None:
            return f"{owner} can't be named: the place is unknown"
        return f"{owner} can't be named for {self._named(traits.division)}"

    def _named(self, division: str) -> str:
        return f"{self._policy.divisions[division].name} ({division})"


def _entry(policy: Policy, rule: Rule, division: str | None) -> Entry:
    close = policy.specificity(rule, division)
    return Entry(
        rule=rule,
        specificity=close,
        rank=(tuple(-int(part) for part in close), rule.id),
        natures=frozenset(rule.natures),
        conditions=Conditions.of(rule),
        lead=rule.lead.code if rule.lead.kind is OwnerKind.AGENCY else None,
    )


def _rank(entry: Entry) -> tuple[tuple[int, ...], str]:
    return entry.rank
