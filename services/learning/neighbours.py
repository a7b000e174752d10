"""Past orders that are alike: their ids and dates, never their words.

An order is kept as the network's hidden layer. Only the latest are kept, so that a look-up
costs the same however long a city's history is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

ORDERS_MAX = 6_000
NEAREST = 15


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """The latest orders learned from."""

    hidden: Floats  #: Of length 1; one order a row.
    classes: NDArray[np.int64]  #: Their departments.
    order_ids: tuple[str, ...]
    dates: tuple[str, ...]

    def nearest(self, hidden: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Find the nearest.

        Returns:
            Rows and likenesses, the nearest first; both empty if nothing is kept.
        """
        likeness = self.hidden @ unit_length(hidden)
        rows = np.argpartition(-likeness, min(NEAREST, len(likeness)) - 1)[:NEAREST]
        rows = rows[np.argsort(-likeness[rows], kind="stable")]
        return rows, likeness[rows]

    def shares(self, rows: NDArray[np.intp], departments: int) -> Floats:
        """Give the share that each department had of some rows."""
        counts = np.bincount(self.classes[rows], minlength=departments)
        return (counts / max(1, len(rows))).astype(np.float32)


def unit_length(hidden: Floats) -> Floats:
    """Scale rows to length 1; a row of nothing stays nothing."""
    norm = np.sqrt((hidden * hidden).sum(axis=-1, keepdims=True))
    scaled: Floats = hidden / np.maximum(norm, 1e-9)
    return scaled
