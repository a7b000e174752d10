"""The members that vote on the department, and how their votes are joined.

Three families measured best together on real orders (docs/learning.md has the figures): a
linear classifier on pieces, a naive Bayes of complements, and a small network. Their weights
are constants: tuning them per city gained less than it varied by chance. A file's confidence
was learned with them: whoever changes one raises `storage.FORMAT`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_LINEAR = 6.0
_BAYES = 0.4
#: How far the plenty of a department speaks against it: without this, departments with few
#: orders are never named; 0 is the most right over all, 1 treats all alike.
_PLENTY = 0.35
_LEAST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """What each member says of some texts, by row and department."""

    linear: Floats  #: Signed distances.
    bayes: Floats  #: Logarithms, 0 for the best.
    network: Floats  #: Probabilities.


def softmax(scores: Floats) -> Floats:
    """Turn scores into probabilities, row by row."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    chances: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return chances


def joined(votes: Votes, plenty: Floats) -> Floats:
    """Join the votes into one score a department.

    Args:
        votes: Of all members.
        plenty: Logarithm of each department's share of the orders learned from.
    """
    scores = np.log(votes.network + _LEAST) + _LINEAR * votes.linear + _BAYES * votes.bayes
    joint: Floats = scores / 2 - _PLENTY * plenty
    return joint
