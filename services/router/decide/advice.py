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


class Counsel:
    """Asks a model about one complaint, once, and only if somebody wants to know."""

    __slots__ = ("_advice", "_adviser", "_complaint", "_sure_from")

    def __init__(self, adviser: Adviser | None, complaint: Complaint, policy: Policy) -> None:
        """Without a model there is no advice; without a target it decides nothing."""
        self._adviser = adviser
        self._complaint = complaint
        self._advice: Advice | None = None
        self._sure_from = policy.routing.model_precision_min

    @property
    def advice(self) -> Advice | None:
        """All that it says."""
        if self._advice is None and self._adviser is not None:
            self._advice = self._adviser.advise(self._complaint)
        return self._advice

    @property
    def sure_category(self) -> Advised | None:
        """A category that it may decide on."""
        advice = self.advice if self._sure_from is not None else None
        return self._if_sure(advice.category) if advice else None

    @property
    def sure_agency(self) -> Advised | None:
        """An agency that it may dispatch to: the likeliest, if it is sure of it."""
        advice = self.advice if self._sure_from is not None else None
        return self._if_sure(advice.agencies[0]) if advice and advice.agencies else None

    def _if_sure(self, one: Advised | None) -> Advised | None:
        # Calibrated: of those it gives 0.98, 98 in 100 are right, and of all above even more.
        is_sure = one and self._sure_from is not None and one.confidence >= self._sure_from
        return one if is_sure else None
