"""Find out whether a complaint gets no order because the statute names another way.

Emergencies come before all else, then the statute's own order (接诉即办工作条例 art. 11).
Of two rules of one kind the one with the longer word in the text decides, then the lower
id: the order of the file never does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import Diversion
from services.router.decide.lexicon import normal_form

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from services.policy import DiversionRule, Policy

_RANK = {diversion: rank for rank, diversion in enumerate(Diversion)}


@dataclass(frozen=True, slots=True)
class Detour:
    """A diversion rule that fits, and the word that made it fit."""

    rule: DiversionRule
    word: str


class Detours:
    """The diversions of a policy, ready for use."""

    def __init__(self, policy: Policy) -> None:
        """Index the rules by word."""
        self._by_word: dict[str, list[DiversionRule]] = {}
        self._unless: dict[str, frozenset[str]] = {}
        repeats = []
        for rule in policy.diversions:
            if rule.diversion is Diversion.REPEAT:
                repeats.append(rule)
            self._unless[rule.id] = frozenset(map(normal_form, rule.unless_words))
            for word in {normal_form(word) for word in rule.words}:
                self._by_word.setdefault(word, []).append(rule)
        #: Words that speak of an emergency where nobody denies them, in normal form.
        self.emergencies = frozenset(
            word
            for word, rules in self._by_word.items()
            if any(rule.diversion is Diversion.EMERGENCY for rule in rules)
        )
        #: What a repeat is told; intake, not words, says what repeats an open complaint.
        self.repeat = min(repeats, key=lambda rule: rule.id, default=None)

    @property
    def words(self) -> frozenset[str]:
        """Every word that a diversion looks for, in normal form."""
        return frozenset(self._by_word).union(*self._unless.values())

    def find(self, found: AbstractSet[str], meant: AbstractSet[str]) -> Detour | None:
        """Name the diversion that fits.

        Args:
            found: Words in the text, in normal form.
            meant: Those of danger that nobody denies, by `denial.meant_words`.

        Returns:
            The first by urgency of kind, or None where an order is due.
        """
        fitting = [
            Detour(rule, word)
            for word in found
            for rule in self._by_word.get(word, ())
            if found.isdisjoint(self._unless[rule.id])
            and (word in meant or rule.diversion is not Diversion.EMERGENCY)
        ]
        return min(fitting, key=_order, default=None)


def _order(detour: Detour) -> tuple[int, int, str, str]:
    rule = detour.rule
    return (_RANK[rule.diversion], -len(detour.word), rule.id, detour.word)
