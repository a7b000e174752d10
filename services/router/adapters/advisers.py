"""A learned model beside the policy in force.

A model names agencies and categories by the city's own words, so it fits one taxonomy. When a
policy with another one comes into force, it is put aside and complaints go to people, until a
model that was trained for it is there; the log and `whistle_model_in_use` say so.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from services.router.decide.advice import SHOWN_MAX, Advice, Advised
from services.runtime import telemetry

if TYPE_CHECKING:
    from pathlib import Path

    from services.learning import Model, Suggestion
    from services.policy import Policy
    from services.router.decide import Complaint
    from services.router.decide.advice import Adviser

#: Policies whose model is kept: the one in force, the one before, one asked about. 0.3 GB each.
_KEPT_MAX = 3

log = telemetry.get_logger()


class Advisers:
    """Gives the model that fits a policy."""

    def __init__(self, model: Path | None = None) -> None:
        """Use the model in this file; without one there is no advice."""
        self._path = model
        self._by_policy: dict[str, Adviser | None] = {}

    def of(self, policy: Policy) -> Adviser | None:
        """Give the adviser for a policy; None if there is none that fits."""
        if self._path is None:
            return None
        if policy.hash not in self._by_policy:
            while len(self._by_policy) >= _KEPT_MAX:
                del self._by_policy[next(iter(self._by_policy))]
            self._by_policy[policy.hash] = _load(self._path, policy)
        return self._by_policy[policy.hash]

    def in_force(self, policy: Policy) -> Adviser | None:
        """Give the adviser for the policy in force, and let the gauge say whether there is one."""
        adviser = self.of(policy)
        telemetry.MODEL_IN_USE.set(adviser is not None)
        return adviser


def _load(path: Path, policy: Policy) -> Adviser | None:
    from services.learning import ModelError, load  # noqa: PLC0415 - numpy, only with a model

    try:
        model = load(path, policy)
    except (ModelError, OSError) as error:
        log.warning("model-refused", policy=policy.hash, error=str(error))
        return None
    log.info("model-in-use", policy=policy.hash, model=model.digest)
    return _Adviser(model, policy)


class _Adviser:
    """A model as the core asks it."""

    def __init__(self, model: Model, policy: Policy) -> None:
        self._model = model
        self._policy = policy

    def sure_from(self, precision: float) -> float:
        """Read the card's curve: on orders held out, the surest were right so often."""
        curve = self._model.card["scores"].get("curve", ())
        return min(
            (point["confidence"] for point in curve if point["precision"] >= precision),
            default=math.inf,  # Too few orders to know, or never so often right.
        )

    def advise(self, complaint: Complaint) -> Advice:
        """Put the model's suggestions into the policy's codes."""
        place = self._policy.place_code(complaint.place)
        found = self._model.suggest(
            complaint.text,
            place=place,
            nature=complaint.nature,
            title=complaint.title,
            n=SHOWN_MAX,
        )
        agencies = tuple(
            Advised(one.agency, one.agency_confidence, _reason(one))
            for one in found
            if one.agency is not None
        )
        first = found[0] if found else None
        category = (
            Advised(first.category, first.category_confidence, _reason(first))
            if first is not None and first.category is not None
            else None
        )
        return Advice(self._model.digest, agencies, category)


def _reason(one: Suggestion) -> str:
    """Say what speaks for it: words of the complaint, and orders that a person can look up."""
    past = ", ".join(f"{near.order_id} ({near.likeness:.0%})" for near in one.neighbours)
    words = "、".join(one.words)
    return "; ".join(
        filter(None, (f"words {words}" if words else "", f"like {past}" if past else ""))
    )
