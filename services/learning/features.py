"""A text as numbers: its pieces, weighted by how rare they are.

Pieces are of three kinds, each weighing the same whatever its number: one to three characters
of the text; words and pairs of words; one to three characters of the title, in which callers
say what it is about. A piece is packed into one integer, so that no table of words is kept or
looked through. Long numbers (orders, telephones) are one sign: they are nobody's trade.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import rjieba

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Only the head of a text is read: what follows is answers to earlier calls.
CHARACTERS_MAX = 2_000
#: A piece that only one order holds is somebody's own wording, and is not kept.
ORDERS_MIN = 2

_LONG_NUMBER = re.compile(r"[0-9]{6,}")
_SPACE = re.compile(r"\s+")
_BITS = np.uint64(20)
#: Code points above it are for private use: one sign.
_POINT_MAX = 0xFFFFF
_KIND = np.uint64(60)  #: Bits of a key below its kind.
_WORDS, _TITLE = 1 << 60, 2 << 60


def reading_form(text: str, title: str = "") -> str:
    """Bring a text into the form whose pieces count.

    Args:
        text: As in the event, or `text_stripped` of records.
        title: Put before it, unless the text begins with it.
    """
    if title and not text.startswith(title):
        text = f"{title} {text}"
    text = _LONG_NUMBER.sub("0", text[:CHARACTERS_MAX].lower())
    return _SPACE.sub(" ", text).strip()


def pieces(text: str, nature: str = "", title: str = "") -> NDArray[np.uint64]:
    """List every piece of a text, repeated as often as it occurs.

    Args:
        text: In reading form, title included.
        nature: A `Nature`; empty where not told.
        title: As told; empty where there is none.

    Returns:
        First the text's characters, then pairs, then triples, each in order; then the rest.
    """
    titled = runs_of(reading_form(title)) | np.uint64(_TITLE)
    return np.concatenate((runs_of(text), _words(text, nature), titled))


def runs_of(text: str) -> NDArray[np.uint64]:
    """List the characters of a text in reading form, then its pairs, then its triples."""
    read = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    points = np.minimum(read, _POINT_MAX).astype(np.uint64)
    pairs = (points[:-1] << _BITS) | points[1:]
    triples = (pairs[:-1] << _BITS) | points[2:]
    return np.concatenate((points, pairs, triples))


def _words(text: str, nature: str) -> NDArray[np.uint64]:
    words = [word for word in rjieba.cut(text) if len(word) > 1 and word[0].isalnum()]
    named = [*words, *(f"{one} {two}" for one, two in pairwise(words))]
    if nature:
        named.append(f"nature:{nature}")
    return np.array([_WORDS | crc32(name.encode()) for name in named], dtype=np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The pieces that count, and how much each."""

    keys: NDArray[np.uint64]  #: Ascending.
    rarity: NDArray[np.float32]  #: Inverse document frequency, smoothed.

    def weigh(self, found: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Weigh a text's pieces: columns, and weights whose squares sum to 1 for each kind.

        Args:
            found: From `pieces`.

        Returns:
            Both empty if the text holds no piece that counts.
        """
        keys, counts = np.unique(found, return_counts=True)
        at = np.searchsorted(self.keys, keys)
        at[at == len(self.keys)] = 0
        known = self.keys[at] == keys
        columns = at[known]
        weights = (1 + np.log(counts[known])) * self.rarity[columns]
        kinds = (self.keys[columns] >> _KIND).astype(np.intp)
        norms = np.sqrt(np.bincount(kinds, weights * weights))
        return columns, (weights / norms[kinds]).astype(np.float32)


def learn_vocabulary(texts: Sequence[NDArray[np.uint64]]) -> Vocabulary:
    """Choose the pieces that count.

    Args:
        texts: The pieces of every order.

    Raises:
        ValueError: No piece is held by `ORDERS_MIN` orders.
    """
    kinds = [np.unique(found) for found in texts]
    keys, orders = np.unique(np.concatenate(kinds), return_counts=True)
    enough = orders >= ORDERS_MIN
    if not enough.any():
        raise ValueError(f"no piece of a text is held by {ORDERS_MIN} orders: too few to learn")
    rarity = np.log((1 + len(texts)) / (1 + orders[enough])) + 1
    return Vocabulary(keys[enough], rarity.astype(np.float32))
