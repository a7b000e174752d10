"""How right anybody could be: whether near-identical texts went to the same department.

Two orders in nearly the same words that went to two departments can't both be foretold. For
each order the nearest one of another group is looked for; where they are alike enough, the
share of such pairs with one department is how often history agrees with itself. Calls that
have such a twin are shorter and more everyday than others, so this says what the records'
disagreement costs where it can be seen, not what it costs everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from services.learning.features import learn_vocabulary, reading_form, runs_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.learning.example import Example

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

_LIKENESSES = (0.6, 0.7, 0.8, 0.9)
_BLOCK = 500
_HALF = 0.5


def ceiling(orders: Sequence[Example]) -> list[dict[str, Any]]:
    """Measure it.

    Returns:
        By least `likeness` (cosine of weighted pieces): `n` orders with such a twin, the
        share of twins that `agree`, and the `highest` share that could be foretold if every
        disagreement were between two departments: p with p² + (1-p)² = agree.
    """
    found = [runs_of(reading_form(one.text, one.title)) for one in orders]
    vocabulary = learn_vocabulary(found)
    weighed = [vocabulary.weigh(one) for one in found]
    starts = np.cumsum([0, *(len(columns) for columns, _ in weighed)])
    rows = sparse.csr_matrix(
        (
            np.concatenate([weights for _, weights in weighed]),
            np.concatenate([columns for columns, _ in weighed]),
            starts,
        ),
        shape=(len(orders), len(vocabulary.keys)),
    )
    labels = np.unique([one.label for one in orders], return_inverse=True)[1]
    groups = np.unique([one.group for one in orders], return_inverse=True)[1]
    likeness, twin = _twins(rows, groups)
    return [_at(least, likeness, labels == labels[twin]) for least in _LIKENESSES]


def _twins(rows: sparse.csr_matrix, groups: Ints) -> tuple[Floats, Ints]:
    """Find each order's nearest one of another group."""
    likeness = np.zeros(rows.shape[0], dtype=np.float32)
    twin = np.zeros(rows.shape[0], dtype=np.int64)
    across = rows.T.tocsc()
    for start in range(0, rows.shape[0], _BLOCK):
        block = (rows[start : start + _BLOCK] @ across).toarray()
        block[groups[start : start + _BLOCK, None] == groups[None, :]] = 0
        twin[start : start + _BLOCK] = block.argmax(axis=1)
        likeness[start : start + _BLOCK] = block.max(axis=1)
    return likeness, twin


def _at(least: float, likeness: Floats, agrees: NDArray[np.bool_]) -> dict[str, Any]:
    chosen = agrees[likeness >= least]
    if not len(chosen):
        return {"likeness": least, "n": 0, "agree": None, "highest": None}
    agree = float(chosen.mean())
    highest = (1 + np.sqrt(2 * agree - 1)) / 2 if agree > _HALF else agree
    return {
        "likeness": least,
        "n": len(chosen),
        "agree": round(agree, 4),
        "highest": round(float(highest), 4),
    }
