"""What the model says about one complaint, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A past order that the model takes for alike; never its words."""

    order_id: str
    date: str  #: ISO date; empty where the records had none.
    likeness: float  #: Cosine in the network's hidden layer, 0 to 1.


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One office that may have jurisdiction; the surest is told first."""

    label: str  #: The department, as the city's records call it.
    confidence: float  #: Calibrated chance that `label` is right.
    agency: str | None  #: The policy's code; None where its names don't tell it.
    agency_confidence: float  #: Calibrated chance that `agency` is right; 0 without one.
    category: str | None  #: The policy's code for the matter; the same in all suggestions.
    category_confidence: float
    words: tuple[str, ...]  #: Parts of the text that speak most for `label`.
    neighbours: tuple[Neighbour, ...]  #: Past orders of this label, the nearest first.
