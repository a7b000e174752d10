"""How fast a matter must be met, by the policy's words. Raises what was said, never lowers it.

A word counts unless one of its policy's `unless` words stands anywhere, or it is denied or
only mentioned where it stands: 没有漏电, 防触电宣传. A question is no denial: 有没有漏电 counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from services.events import Urgency
from services.intake.decide.names import fold, is_inside_word
from services.intake.decide.wording import comparable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.policy import UrgencyWords

_RANK = {Urgency.NORMAL: 0, Urgency.URGENT: 1, Urgency.EMERGENCY: 2}

#: A word of danger is meant so; of a nuisance that can't wait, a little less surely.
_CONFIDENCE = {Urgency.EMERGENCY: 0.9, Urgency.URGENT: 0.85}

#: Right before a word: it isn't so. 有没有 and 是不是 ask whether it is.
_DENIED = re.compile(
    r"(?:(?<!有)没有(?:发生|出现)?|(?<!有没)没(?:发生|出现)|(?:并未|从未|未)(?:发生|出现)?|并非"
    r"|(?<!是)不是|(?<!有)无|不存在"
    r"|(?:不会|不再|避免|防止|预防|谨防|严防|防)(?:发生|出现|再次)?"
    r"|(?<![a-z])(?:no|not a|never a|without(?: a| any)?|isn't a|prevent)\s)\Z"
)
_DENIED_REACH = 12
#: Right after a word: a lesson, a drill or a device.
_MENTIONED = re.compile(
    r"(?:事故|安全)?(?:的)?(?:宣传|演练|演习|知识|培训|讲座|常识|预案|保护器|保护装置|保护开关)"
    r"|\s(?:drill|training|course|detector for sale)"
)

#: More say nothing new; the most urgent come first.
_HEARD_MAX = 8


class Heard(NamedTuple):
    """A word of urgency in a text."""

    urgency: Urgency
    start: int
    end: int
    confidence: float


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
        return highest((heard.urgency for heard in self.hear(text)), said)

    def hear(self, text: str) -> list[Heard]:
        """Find the words that show urgency, in order; of some in one place the most urgent.

        Args:
            text: In normal form: letter case is all that may still differ.
        """
        if not self._words:
            return []
        folded = comparable(text)
        found: list[Heard] = []
        silenced: dict[int, bool] = {}
        for index, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            _, unless, urgency = self._words[index]
            if index not in silenced:
                silenced[index] = any(word in folded for word in unless)
            if not silenced[index] and not _is_unmeant(folded, start, end):
                found.append(Heard(urgency, start, end, _CONFIDENCE[urgency]))
        return _strongest(found)


def highest(heard: Iterable[Urgency], said: Urgency) -> Urgency:
    """Give the highest of some urgencies."""
    return max((said, *heard), key=lambda urgency: _RANK[urgency])


def _is_unmeant(folded: str, start: int, end: int) -> bool:
    if is_inside_word(folded, start, end):
        return True
    before = folded[max(0, start - _DENIED_REACH) : start]
    return _DENIED.search(before) is not None or _MENTIONED.match(folded, end) is not None


def _strongest(found: list[Heard]) -> list[Heard]:
    kept: list[Heard] = []
    for heard in sorted(found, key=lambda one: (-_RANK[one.urgency], one.start, -one.end)):
        if all(heard.end <= other.start or heard.start >= other.end for other in kept):
            kept.append(heard)
        if len(kept) == _HEARD_MAX:
            break
    return sorted(kept, key=lambda one: one.start)
