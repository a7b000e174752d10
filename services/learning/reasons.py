"""The parts of a text that speak most for a department."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.learning.features import runs_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.learning.weights import Reading

    Floats = NDArray[np.float32]

WORDS_MAX = 3
_LENGTH_MAX = 8  #: Characters; longer parts are sentences, not words.


def telling_words(reading: Reading, departments: Sequence[int]) -> list[tuple[str, ...]]:
    """Find them, by the linear member's weights: overlapping pieces count as one part.

    Args:
        reading: Of the text; at least one of its pieces is known.
        departments: The classes that are asked about.
    """
    own = reading.by.vocabulary.keys[reading.columns]
    runs = runs_of(reading.form)
    at = np.minimum(np.searchsorted(own, runs), len(own) - 1)
    is_known = own[at] == runs
    columns = reading.by.pieces[reading.columns[:, None], list(departments)].astype(np.float32)
    found = []
    for column in columns.T:
        gain = np.where(is_known, (reading.weights * column)[at], 0)
        found.append(_parts(reading.form, _spread(gain, len(reading.form))))
    return found


def _spread(gain: Floats, length: int) -> Floats:
    """Give each character its part of the pieces that it stands in."""
    spread = gain[:length].copy()
    start = length
    for size in (2, 3):
        count = max(0, length - size + 1)
        part = gain[start : start + count] / size
        for offset in range(size):
            spread[offset : offset + count] += part
        start += count
    return spread


def _parts(form: str, gain: Floats) -> tuple[str, ...]:
    least = float(gain.max(initial=0.0)) * 0.35
    if least <= 0:
        return ()
    parts: list[tuple[float, str]] = []
    start = 0
    for at in range(len(form) + 1):
        is_in = at < len(form) and gain[at] >= least and form[at].isalnum()
        if is_in and at - start < _LENGTH_MAX:
            continue
        if at - start > 1:
            parts.append((float(gain[start:at].sum()), form[start:at]))
        start = at if is_in else at + 1
    ranked = [part for _, part in sorted(parts, key=lambda one: -one[0])]
    return tuple(dict.fromkeys(ranked))[:WORDS_MAX]
