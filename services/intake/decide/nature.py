"""What the person wants, where the policy's words make it evident; else unknown.

An operator's record opens with it (市民来电投诉…, 关于咨询…的问题). Deep in a text the same
words mean little: "投诉多次无果，希望处理" asks for help. So a policy says which words count
anywhere and which only in a title and in the opening (接诉即办工作条例 art. 2). The title is
heard first; where one of the two names two natures, neither counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from services.intake.decide.names import fold, is_inside_word
from services.intake.decide.wording import comparable

if TYPE_CHECKING:
    from services.events import Nature
    from services.policy import NatureWord

#: Characters in which an operator's record has said what it is.
_OPENING = 24

#: How often a text that says so is of that nature (measured on operators' records, see
#: docs/normalisation.md), and a title, which is written to say it.
_IN_TITLE, _IN_OPENING, _ANYWHERE = 0.9, 0.85, 0.8

#: Two natures are too many already; a text that repeats one word needn't be read on.
_SHOWN_MAX = 16


class Shown(NamedTuple):
    """A nature and the words that show it."""

    nature: Nature
    source: str  #: `title` or `text`.
    start: int
    end: int
    confidence: float


class NatureScale:
    """The words that show a nature, ready to be found. Built once per policy."""

    def __init__(self, words: tuple[NatureWord, ...]) -> None:
        """Build the automaton; longest words first, so that 关于咨询投诉 hides no 投诉."""
        self._words = words
        self._unless = {word: tuple(map(fold, word.unless)) for word in words}
        self._automaton = AhoCorasick(
            [fold(word.text) for word in words], matchkind=MatchKind.LeftmostLongest
        )

    def show(self, title: str | None, text: str) -> Shown | None:
        """Find the nature that title or text make evident.

        Args:
            title: In normal form.
            text: In normal form; the span that is given points into what is given here.
        """
        if not self._words:
            return None
        for source, words in (("title", title or ""), ("text", text)):
            shown = self._in(source, words)
            natures = {found.nature for found in shown}
            if len(natures) == 1:
                return shown[0]
            if natures:
                return None
        return None

    def _in(self, source: str, words: str) -> list[Shown]:
        folded = comparable(words)
        found: list[Shown] = []
        for index, start, end in self._automaton.find_matches_as_indexes(folded):
            word = self._words[index]
            is_early = source == "title" or start < _OPENING
            if (word.is_opening and not is_early) or is_inside_word(folded, start, end):
                continue
            if any(unless in folded for unless in self._unless[word]):
                continue
            confidence = _IN_TITLE if source == "title" else _IN_OPENING if is_early else _ANYWHERE
            if len(found) == _SHOWN_MAX:
                break
            found.append(Shown(word.nature, source, start, end, confidence))
        return found
