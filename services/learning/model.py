"""A trained model under a policy: what it suggests for a complaint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from services.learning.reasons import telling_words
from services.learning.suggestion import Neighbour, Suggestion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.learning.example import Example
    from services.learning.weights import Reading, Weights
    from services.policy import Policy

_NEIGHBOURS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """What the model can say, in the order of its numbers."""

    labels: tuple[str, ...]
    offices: tuple[str, ...]
    categories: tuple[str, ...]
    offices_of: tuple[tuple[int, ...], ...]  #: By label: the offices it had in the records.


class Model:
    """Suggests offices; made by `training.train` or `storage.load`. Safe to share."""

    def __init__(
        self,
        weights: Weights,
        classes: Classes,
        *,
        card: dict[str, Any],
        seen: NDArray[np.uint64],
        policy: Policy,
        digest: str = "",
    ) -> None:
        """Put it together.

        Args:
            weights: Everything numeric.
            classes: What the numbers stand for.
            card: What it is, where from, how good; see docs/learning.md.
            seen: Ascending marks of the orders it learned from; see `orders.marks`.
            policy: Whose agencies and categories are told.
            digest: SHA-256 of its file, for the record of decisions.
        """
        self.weights = weights
        self.classes = classes
        self.card = card
        self.seen = seen
        self.digest = digest
        self._policy = policy
        names = (*classes.offices, *classes.labels)
        self._agencies = {name: policy.agency_by_name(name) for name in names}

    def suggest(
        self,
        text: str,
        place: str | None = None,
        nature: str | None = None,
        title: str | None = None,
        n: int = 3,
    ) -> list[Suggestion]:
        """Suggest the offices that are likeliest to have jurisdiction.

        Args:
            text: Of the complaint, identity masked.
            place: Code of the narrowest division known; tells one district's office from
                another's.
            nature: A `Nature`, if known.
            title: If there is one.
            n: How many at the most.

        Returns:
            The surest first; empty if no piece of the text is known.
        """
        reading = self.weights.read(text, title or "", _told(nature))
        if not len(reading.columns):
            return []
        near = reading.near()
        chances = reading.chances(near)
        category, sure = reading.category()
        found = []
        best = np.argsort(-reading.scores, kind="stable")[:n].tolist()
        for number, words in zip(best, telling_words(reading, best), strict=True):
            agency, share = self._agency(reading, number, place)
            suggestion = Suggestion(
                label=self.classes.labels[number],
                confidence=float(chances[number]),
                agency=agency,
                agency_confidence=float(chances[number]) * share,
                category=None if category is None else self.classes.categories[category],
                category_confidence=sure,
                words=words,
                neighbours=self._neighbours(near, number),
            )
            found.append(suggestion)
        return found

    def ranked(self, asked: Example, n: int = 3) -> tuple[tuple[str, ...], float]:
        """Give only the labels, the surest first, and the first one's confidence."""
        reading = self.weights.read(asked.text, asked.title, asked.nature)
        best = np.argsort(-reading.scores, kind="stable")[:n]
        chances = reading.chances(reading.near())
        return tuple(self.classes.labels[k] for k in best), float(chances[best[0]])

    def category(self, asked: Example) -> tuple[str | None, float]:
        """Give the likeliest category and its confidence."""
        number, sure = self.weights.read(asked.text, asked.title, asked.nature).category()
        return (None if number is None else self.classes.categories[number]), sure

    def _neighbours(
        self, near: tuple[NDArray[np.intp], NDArray[np.float32]], number: int
    ) -> tuple[Neighbour, ...]:
        past = self.weights.past
        same = [(r, s) for r, s in zip(*near, strict=True) if past.classes[r] == number]
        return tuple(
            Neighbour(past.order_ids[row], past.dates[row], float(likeness))
            for row, likeness in same[:_NEIGHBOURS]
        )

    def _agency(self, reading: Reading, number: int, place: str | None) -> tuple[str | None, float]:
        """Choose among the offices that a label had; the chance that it is the right one."""
        offices = self.classes.offices_of[number]
        if not offices:
            agency = self._agencies[self.classes.labels[number]]
            return agency, 1.0 if agency else 0.0
        scores = reading.offices()[list(offices)]
        chances: dict[str | None, float] = {}
        for office, power in zip(offices, np.exp(scores - scores.max()), strict=True):
            agency = self._agencies[self.classes.offices[office]]
            if self._can_be(agency, place):
                chances[agency] = chances.get(agency, 0.0) + float(power)
        if not chances:
            return None, 0.0
        best = max(chances, key=lambda code: (chances[code], code or ""))
        return best, 0.0 if best is None else chances[best] / sum(chances.values())

    def _can_be(self, agency: str | None, place: str | None) -> bool:
        """Tell whether an agency answers for a place, as far as both are known."""
        found = self._policy.agencies.get(agency or "")
        if found is None or found.division is None or place is None:
            return True
        chain = self._policy.division_chain(place)
        if not chain or found.division in chain:
            return True
        return place in self._policy.division_chain(found.division)


def _told(nature: str | None) -> str:
    return "" if nature in {None, "unknown"} else str(nature)
