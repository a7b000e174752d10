"""What a model learned from the city's past orders says about a complaint.

It is asked only where the policy needs it: no category, no rule, or a person must decide. What
it is sure enough of may decide (`model_precision_min` of the policy); the rest is shown to the
person, with reasons. Which words or which past orders made it think so is the model's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from services.policy import Policy
    from services.router.decide.decision import Complaint

#: Agencies that a person is shown; a fourth is right too seldom to be read.
SHOWN_MAX = 3


@dataclass(frozen=True, slots=True)
class Advised:
    """An agency or a category, and why."""

    code: str
    confidence: float  #: Calibrated chance of being right, 0 to 1.
    reason: str  #: For a person.


@dataclass(frozen=True, slots=True)
class Advice:
    """What a model says, the likeliest first."""

    model: str  #: Its hash, as its card has it.
    agencies: tuple[Advised, ...] = ()
    category: Advised | None = None


class Adviser(Protocol):
    """A model that was trained for this policy's agencies and categories."""

    def advise(self, complaint: Complaint) -> Advice:
        """Say whose a complaint is; the same complaint always gives the same advice."""

    def sure_from(self, precision: float) -> float:
        """Give the confidence from which on it was right this often, on orders held out."""


class Counsel:
    """Asks a model about one complaint, once, and only if somebody wants to know."""

    __slots__ = ("_advice", "_adviser", "_complaint", "_target")

    def __init__(self, adviser: Adviser | None, complaint: Complaint, policy: Policy) -> None:
        """Without a model there is no advice; without a target it decides nothing."""
        self._adviser = adviser
        self._complaint = complaint
        self._target = policy.routing.model_precision_min
        self._advice: Advice | None = None

    @property
    def advice(self) -> Advice | None:
        """All that it says."""
        if self._advice is None and self._adviser is not None:
            self._advice = self._adviser.advise(self._complaint)
        return self._advice

    @property
    def sure_category(self) -> Advised | None:
        """A category that it may decide on: its chance of being right reaches the target."""
        if self._target is None or not (advice := self.advice):
            return None
        found = advice.category
        return found if found is not None and found.confidence >= self._target else None

    @property
    def sure_agency(self) -> Advised | None:
        """An agency that it may dispatch to: the likeliest, if such ones reached the target."""
        if self._target is None or self._adviser is None:
            return None
        found = next(iter(self.advice.agencies), None) if self.advice else None
        sure_from = self._adviser.sure_from(self._target)
        return found if found is not None and found.confidence >= sure_from else None
