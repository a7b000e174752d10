"""Find the category by words when nobody has named one.

The same text gives the same category whatever the order of the file. Words speak for
their category and for all below it; a word inside a longer one (`漏水` in `管道漏水`)
says nothing of its own. The category with the most characters of evidence wins; of two
related ones with the same evidence the deeper. Categories that tie fall back to the
nearest one above them all; where there is none, no category is better than a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.router.decide.lexicon import Hit, normal_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.policy import Policy
    from services.router.decide.decision import CategorySource


@dataclass(frozen=True, slots=True)
class Classification:
    """What kind of problem it is, and how that is known."""

    category: str | None
    source: CategorySource
    why: str
    tied: tuple[str, ...] = ()  #: Categories with the same evidence, by code.


class Classifier:
    """The categories of a policy, ready for use."""

    def __init__(self, policy: Policy) -> None:
        """Index the words of all categories."""
        self._chains = {code: policy.category_chain(code) for code in policy.categories}
        by_word: dict[str, set[str]] = {}
        for category in policy.categories.values():
            for word in category.words:
                by_word.setdefault(normal_form(word), set()).add(category.code)
        self._by_word = {word: tuple(sorted(codes)) for word, codes in by_word.items()}

    @property
    def words(self) -> frozenset[str]:
        """Every word that speaks for a category, in normal form."""
        return frozenset(self._by_word)

    def classify(self, given: str | None, hits: Sequence[Hit]) -> Classification:
        """Settle on a category.

        Args:
            given: The code that came with the complaint; it is believed if it exists.
            hits: Words found in the text.

        Returns:
            The category, or none with the categories that tied.
        """
        if given is not None and given in self._chains:
            return Classification(given, "given", "named with the complaint")
        evidence = self._evidence(hits)
        unknown = "" if given is None else f"no category has the code {given!r}; "
        if not evidence:
            return Classification(None, "none", unknown + "no word of any category in the text")
        weights = {code: sum(map(len, words)) for code, words in evidence.items()}
        most = max(weights.values())
        top = self._deepest(sorted(code for code, weight in weights.items() if weight == most))
        if len(top) == 1:
            said = ", ".join(sorted(evidence[top[0]]))
            return Classification(top[0], "words", f"{unknown}by the words {said}")
        return self._tie(top, unknown)

    def _evidence(self, hits: Sequence[Hit]) -> dict[str, set[str]]:
        """Collect the words for each category that has one of its own in the text."""
        own: dict[str, set[str]] = {}
        for hit in _outermost([hit for hit in hits if hit.word in self._by_word]):
            for code in self._by_word[hit.word]:
                own.setdefault(code, set()).add(hit.word)
        return {
            code: set().union(*(own.get(above, ()) for above in self._chains[code])) for code in own
        }

    def _deepest(self, codes: Sequence[str]) -> tuple[str, ...]:
        """Leave out every category that lies above another of them."""
        above = {code for other in codes for code in self._chains[other][1:]}
        return tuple(code for code in codes if code not in above)

    def _tie(self, tied: tuple[str, ...], unknown: str) -> Classification:
        names = ", ".join(tied)
        shared = [
            code
            for code in self._chains[tied[0]]
            if all(code in self._chains[other] for other in tied)
        ]
        if not shared:
            why = f"{unknown}the words speak as much for {names}"
            return Classification(None, "none", why, tied)
        why = f"{unknown}the words speak as much for {names}, which all lie below it"
        return Classification(shared[0], "words", why, tied)


def _outermost(hits: list[Hit]) -> list[Hit]:
    """Leave out hits that lie within a longer one."""
    ordered = sorted(hits, key=lambda hit: (hit.start, -hit.end))
    kept: list[Hit] = []
    reach = -1
    for hit in ordered:
        # Sorted so, a hit lies within an earlier one exactly if it doesn't reach further.
        if hit.end > reach:
            kept.append(hit)
            reach = hit.end
    return kept
