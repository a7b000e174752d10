"""Find the answer that settles a question, so that no order is due (接诉即办工作条例 art. 11).

Rules of this file:

1. Only what somebody called a question is answered: the natures an entry names.
2. Nothing urgent, nothing with a second matter in it, nothing that was said before: whoever
   asks again isn't content with an answer.
3. The narrower entry answers: deeper place, then deeper category, then words. Of entries
   equally narrow none does, unless they say the same: the order of the file never decides.
4. An entry past its last day answers nothing; the day the person called decides, so deciding
   again gives the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.events import Urgency
from services.policy.answers import ANSWERABLE
from services.router.decide import wording
from services.router.decide.decision import Answered
from services.router.decide.lexicon import normal_form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.policy import KnowledgeEntry, Policy
    from services.router.decide.catalogue import Traits
    from services.router.decide.decision import Complaint, Trace

#: Depth of place, depth of category, words given.
_Rank = tuple[int, int, bool]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known to answer a complaint with."""

    policy: Policy
    entry: KnowledgeEntry | None = None
    #: Why there is no answer although an entry is for this question; None: there is none for it.
    note: str | None = None


class Answers:
    """The answers of a policy, ready for use; however many there are, few are looked at."""

    def __init__(self, policy: Policy) -> None:
        """Index the entries by word, and those without words by category."""
        self._policy = policy
        self._nothing = Knowledge(policy)
        self._zone = ZoneInfo(policy.city.time_zone)
        self._by_word: dict[str, list[KnowledgeEntry]] = {}
        self._by_category: dict[str, list[KnowledgeEntry]] = {}
        self._unless: dict[str, frozenset[str]] = {}
        for entry in policy.answers:
            self._unless[entry.id] = frozenset(map(normal_form, entry.unless_words))
            for word in {normal_form(word) for word in entry.words}:
                self._by_word.setdefault(word, []).append(entry)
            if not entry.words:
                category = policy.category_chain(entry.category)[:1]
                self._by_category.setdefault("".join(category), []).append(entry)

    @property
    def words(self) -> frozenset[str]:
        """Every word that an entry looks for, in normal form."""
        return frozenset(self._by_word).union(*self._unless.values())

    def find(self, complaint: Complaint, traits: Traits, spoken: Urgency) -> Knowledge:
        """Name the entry that answers.

        Args:
            complaint: What is known of it.
            traits: Its words, category, place and nature.
            spoken: How urgent its words are.

        Returns:
            The entry, or why there is none.
        """
        if traits.nature not in ANSWERABLE:
            return self._nothing
        fitting = {entry.id: entry for entry in self._fitting(traits)}
        if not fitting:
            return self._nothing
        if objection := _objection(complaint, spoken):
            return self._not(f"{', '.join(sorted(fitting))} would answer, but {objection}")
        current = [entry for entry in fitting.values() if self._is_current(entry, complaint)]
        if not current:
            return self._not(f"{', '.join(sorted(fitting))} would answer, but has ended")
        ranks = {entry.id: self._rank(entry, traits) for entry in current}
        best = [entry for entry in current if ranks[entry.id] == max(ranks.values())]
        first = min(best, key=lambda entry: entry.id)
        if any(entry.answer != first.answer for entry in best):
            names = ", ".join(sorted(entry.id for entry in best))
            return self._not(f"{names} are equally narrow and answer differently")
        return Knowledge(self._policy, first)

    def _not(self, why: str) -> Knowledge:
        return Knowledge(self._policy, note=why)

    def _fitting(self, traits: Traits) -> Iterator[KnowledgeEntry]:
        for word in traits.found:
            yield from (e for e in self._by_word.get(word, ()) if self._fits(e, traits))
        for category in traits.categories:
            yield from (e for e in self._by_category.get(category, ()) if self._fits(e, traits))

    def _fits(self, entry: KnowledgeEntry, traits: Traits) -> bool:
        category = self._policy.category_chain(entry.category)[:1]
        return (
            traits.nature in entry.natures
            and set(category) <= set(traits.categories)
            and (not entry.places or any(code in traits.divisions for code in entry.places))
            and traits.found.isdisjoint(self._unless[entry.id])
        )

    def _is_current(self, entry: KnowledgeEntry, complaint: Complaint) -> bool:
        """Tell whether it could be used on the day; of no day nobody knows that it could."""
        at = complaint.received_at
        return at is not None and at.astimezone(self._zone).date() <= entry.valid_until

    def _rank(self, entry: KnowledgeEntry, traits: Traits) -> _Rank:
        chain = self._policy.division_chain
        places = [len(chain(code)) for code in entry.places if code in traits.divisions]
        categories = len(self._policy.category_chain(entry.category))
        return max(places, default=0), categories, bool(entry.words)


def _objection(complaint: Complaint, spoken: Urgency) -> str | None:
    """Say why a complaint mustn't be answered without a person, whatever it asks."""
    if complaint.urgency is not Urgency.NORMAL or spoken is not Urgency.NORMAL:
        return "it is urgent"
    if complaint.has_more_matters:
        return "it is about several matters"
    if complaint.repeat_of is not None or complaint.is_asked_again:
        return "the person asks again"
    return None


def answer(complaint: Complaint, knowledge: Knowledge, trace: Trace) -> Answered | None:
    """Settle a complaint by what is known; None where nothing is."""
    entry, policy = knowledge.entry, knowledge.policy
    if entry is None:
        return None
    return Answered(
        entry=entry.id,
        answer=policy.answer(entry, complaint.language),
        owner=entry.owner,
        category=trace.category,
        explanation=wording.of_answer(policy, entry),
        trace=trace,
    )
