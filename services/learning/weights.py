"""Everything numeric that a model is made of, and how one text is read with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.learning.confidence import Confidence, category_evidence, vote_evidence
from services.learning.features import Vocabulary, pieces, reading_form
from services.learning.members import Votes, joined, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.learning.neighbours import Past

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What was learned; no words and no names but those of classes."""

    vocabulary: Vocabulary
    #: Vocabulary x (departments, departments, hidden), half precision: linear, Bayes, network.
    pieces: NDArray[np.float16]
    linear_bias: Floats
    hidden_bias: Floats
    heads: tuple[tuple[Floats, Floats], ...]  #: Department, office, category.
    plenty: Floats  #: Logarithm of each department's share.
    past: Past
    #: Of the department, and of the category; None while they are being learned.
    confidence: Confidence | None = None
    category_confidence: Confidence | None = None

    def read(self, text: str, title: str = "", nature: str = "") -> Reading:
        """Read one text."""
        form = reading_form(text, title)
        columns, weights = self.vocabulary.weigh(pieces(form, nature, title))
        summed = weights @ self.pieces[columns].astype(np.float32)
        size = len(self.plenty)
        bayes = summed[size : 2 * size]
        hidden = np.maximum(summed[2 * size :] + self.hidden_bias, 0)
        votes = Votes(
            linear=summed[:size] + self.linear_bias,
            bayes=bayes - bayes.max(),
            network=self._head(0, hidden),
        )
        return Reading(form, columns, weights, votes, hidden, joined(votes, self.plenty), self)

    def _head(self, number: int, hidden: Floats) -> Floats:
        head, bias = self.heads[number]
        chances: Floats = softmax(hidden @ head + bias)
        return chances


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One text as the model sees it."""

    form: str  #: The text in reading form.
    columns: NDArray[np.intp]  #: Its pieces.
    weights: Floats
    votes: Votes
    hidden: Floats
    scores: Floats  #: Joint, by department.
    by: Weights

    def near(self) -> tuple[NDArray[np.intp], Floats]:
        """Find the nearest past orders: rows and likenesses."""
        return self.by.past.nearest(self.hidden)

    def evidence(self, near: tuple[NDArray[np.intp], Floats]) -> Floats:
        """Collect what is known about the vote."""
        rows, likeness = near
        shares = self.by.past.shares(rows, len(self.scores))
        members = (self.votes.linear, self.votes.bayes, self.votes.network)
        nearest = float(likeness[0]) if len(likeness) else 0.0
        return vote_evidence(self.scores, members, shares, nearest)

    def chances(self, near: tuple[NDArray[np.intp], Floats]) -> Floats:
        """Give each department's chance; that of the first is calibrated."""
        chances: Floats = softmax(self.scores)
        if self.by.confidence is None:
            return chances
        best = int(self.scores.argmax())
        sure = self.by.confidence.of(self.evidence(near))
        others = 1 - float(chances[best])
        chances = chances * ((1 - sure) / max(others, 1e-9))
        # A runner-up is never told to be surer than the first.
        chances = np.minimum(chances, sure)
        chances[best] = sure
        return chances

    def offices(self) -> Floats:
        """Give the logarithm of each office's chance, up to a constant."""
        head, bias = self.by.heads[1]
        scores: Floats = self.hidden @ head + bias
        return scores

    def category(self) -> tuple[int | None, float]:
        """Give the likeliest category and its chance; None where none was learned."""
        head, bias = self.by.heads[2]
        if not len(bias):
            return None, 0.0
        chances: Floats = softmax(self.hidden @ head + bias)
        sure = self.by.category_confidence
        best = int(chances.argmax())
        return best, sure.of(category_evidence(chances)) if sure else float(chances[best])
