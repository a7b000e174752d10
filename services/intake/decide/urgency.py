"""How fast a matter must be met, by the policy's words. Raises what was said, never lowers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahocorasick_rs import AhoCorasick, MatchKind

from services.events import Urgency
from services.intake.decide.names import fold

if TYPE_CHECKING:
    from services.policy import UrgencyWords

_RANK = {Urgency.NORMAL: 0, Urgency.URGENT: 1, Urgency.EMERGENCY: 2}


class UrgencyScale:
    """The words that show urgency, ready to be found. Built once per policy."""

    def __init__(self, words: UrgencyWords) -> None:
        """Build the automaton over both lists; each word with what takes its meaning away."""
        self._words = [
            (fold(word.text), tuple(map(fold, word.unless)), urgency)
            for urgency, group in (
                (Urgency.EMERGENCY, words.emergency),
                (Urgency.URGENT, words.urgent),
            )
            for word in group
        ]
        # Overlapping: a short emergency word inside a longer urgent one must not be missed.
        self._automaton = AhoCorasick(
            [text for text, _, _ in self._words], matchkind=MatchKind.Standard
        )

    def rate(self, text: str, said: Urgency = Urgency.NORMAL) -> Urgency:
        """Give the higher of what was said and what the words show."""
        folded, highest = fold(text), said
        if not self._words:
            return highest
        for index, _, _ in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            _, unless, urgency = self._words[index]
            if _RANK[urgency] > _RANK[highest] and not any(word in folded for word in unless):
                highest = urgency
        return highest
