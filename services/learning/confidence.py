"""How likely the first suggestion is right: learned on orders that nothing else learned from.

Softmax of a classifier is no chance of being right. A logistic regression on what is known
about a vote (its lead, whether the members agree, what became of the nearest past orders)
gives one, and ranks the sure before the unsure better than any member alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_RIDGE = 1.0
_ROUNDS = 30
_MOST = 0.995  #: Nothing learned from a few thousand orders is surer than this.


@dataclass(frozen=True, slots=True, eq=False)
class Confidence:
    """A logistic regression on standardised evidence."""

    mean: Floats
    spread: Floats
    weights: Floats  #: The last one is the bias.

    def of(self, evidence: Floats) -> float:
        """Give the chance of being right, between 0 and 1."""
        standard = (evidence - self.mean) / self.spread
        score = float(standard @ self.weights[:-1] + self.weights[-1])
        return _MOST * float(1 / (1 + np.exp(-score)))


def learn_confidence(evidence: Floats, is_right: NDArray[np.bool_]) -> Confidence:
    """Learn from votes whose truth is known.

    Args:
        evidence: One vote a row.
        is_right: Whether each vote was right.
    """
    mean, spread = evidence.mean(axis=0), evidence.std(axis=0) + 1e-6
    rows = np.hstack(((evidence - mean) / spread, np.ones((len(evidence), 1)))).astype(float)
    ridge = np.eye(rows.shape[1]) * _RIDGE
    ridge[-1, -1] = 1e-6
    weights = np.zeros(rows.shape[1])
    for _ in range(_ROUNDS):  # Newton's method; it settles in about ten rounds.
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (chance - is_right) + ridge @ weights
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + ridge
        weights -= np.linalg.solve(curve, slope)
    kinds = (mean, spread, weights)
    return Confidence(*(one.astype(np.float32) for one in kinds))


def vote_evidence(
    scores: Floats, members: tuple[Floats, Floats, Floats], shares: Floats, nearest: float
) -> Floats:
    """Collect what is known about one vote.

    Args:
        scores: The joint score of each department.
        members: What the linear one, the Bayesian one and the network say.
        shares: Share of the nearest past orders that each department had.
        nearest: Likeness of the nearest one.

    Returns:
        Numbers in a fixed order.
    """
    best = int(scores.argmax())
    known = [_log_chance(scores, best), _lead(scores), float(shares[best]), nearest]
    for member in members:
        known += [_lead(member), float(member.argmax() == best)]
    known.append(float(np.log(members[2].max() + 1e-6)))
    return np.array(known, dtype=np.float32)


def category_evidence(chances: Floats) -> Floats:
    """Collect what is known about one guess of a category."""
    logarithms = np.log(chances + 1e-6)
    return np.array([logarithms.max(), _lead(logarithms)], dtype=np.float32)


def _lead(scores: Floats) -> float:
    if len(scores) == 1:
        return 0.0
    second, first = np.partition(scores, -2)[-2:]
    return float(first - second)


def _log_chance(scores: Floats, best: int) -> float:
    return -float(np.log(np.exp(scores - scores[best]).sum()))
