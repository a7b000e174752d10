"""Find the policy's words in a text, all of them in one pass.

Two rules of this file:

1. Width and case don't matter: text and words are compared in NFKC, case-folded, with
   single spaces.
2. A word that begins or ends with a letter or digit of an alphabetic script must stand
   free there: `gas` isn't in `gasoline`, nor `110` in `1101`. Chinese has no such
   borders, so `漏水` is in `管道漏水`.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Where CJK begins; letters before this belong to scripts that separate words by spaces.
_CJK_BEGINS = "\u2e80"


class Hit(NamedTuple):
    """A word found in a text; `start` and `end` count characters of the normal form."""

    word: str
    start: int
    end: int


def normal_form(text: str) -> str:
    """Bring a text or word into the form in which they are compared."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


class Lexicon:
    """Every word of a policy, ready to be looked for."""

    def __init__(self, words: Iterable[str]) -> None:
        """Build the automaton.

        Args:
            words: In normal form; empty ones are left out.
        """
        self._words = sorted(set(words) - {""})
        self._must_stand_free = [(_joins(word[0]), _joins(word[-1])) for word in self._words]
        self._automaton = AhoCorasick(self._words, matchkind=MatchKind.Standard)

    def find(self, text: str) -> list[Hit]:
        """Find every word wherever it stands, overlaps included.

        Args:
            text: In normal form.

        Returns:
            The hits by end position.
        """
        if not self._words:
            return []
        hits = []
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            head, tail = self._must_stand_free[index]
            if head and start and _joins(text[start - 1]):
                continue
            if tail and end < len(text) and _joins(text[end]):
                continue
            hits.append(Hit(self._words[index], start, end))
        return hits


def _joins(character: str) -> bool:
    """Tell whether a character would run into its neighbour to make another word."""
    return character < _CJK_BEGINS and character.isalnum()
