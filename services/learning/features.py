"""A text as numbers: its pieces of one to three characters, weighted by how rare they are.

A piece is packed into one integer, so that no table of words is kept or looked through.
Alphabetic words of three letters and more count as wholes, too: three characters say much in
Chinese and little in English. Long numbers (orders, telephones) are one sign: they are
nobody's trade.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Only the head of a text is read: what follows is answers to earlier calls.
CHARACTERS_MAX = 2_000
#: A piece that fewer orders hold is somebody's own wording, and is not kept.
ORDERS_MIN = 3

_LONG_NUMBER = re.compile(r"[0-9]{6,}")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[a-z]{3,}")
_BITS = np.uint64(21)  #: A code point needs no more.
_OTHER = 1 << 63  #: Marks what isn't a piece of up to three characters.


def reading_form(text: str, title: str | None = None) -> str:
    """Bring a text into the form whose pieces count.

    Args:
        text: As in the event, or `text_stripped` of records.
        title: Put before it, unless the text begins with it.
    """
    if title and not text.startswith(title):
        text = f"{title} {text}"
    text = _LONG_NUMBER.sub("0", text[:CHARACTERS_MAX].lower())
    return _SPACE.sub(" ", text).strip()


def pieces(text: str, nature: str = "") -> NDArray[np.uint64]:
    """List every piece of a text in reading form, repeated as often as it occurs.

    Returns:
        First the characters, then pairs, then triples, each in order; then whole words and
        the nature.
    """
    points = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    pairs = (points[:-1] << _BITS) | points[1:]
    triples = (pairs[:-1] << _BITS) | points[2:]
    others = [_OTHER | crc32(word.encode()) for word in _WORD.findall(text)]
    if nature:
        others.append(_OTHER | crc32(f"nature:{nature}".encode()))
    return np.concatenate((points, pairs, triples, np.array(others, dtype=np.uint64)))


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The pieces that count, and how much each."""

    keys: NDArray[np.uint64]  #: Ascending.
    rarity: NDArray[np.float32]  #: Inverse document frequency, smoothed.

    def weigh(self, found: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Weigh a text's pieces: columns, and weights whose squares sum to 1.

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
        norm = float(np.sqrt(weights @ weights))
        return columns, (weights / norm if norm else weights).astype(np.float32)


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
