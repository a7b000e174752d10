"""Say of every rule why it did or didn't decide: slower than routing, so only on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.router.decide.advice import Counsel
from services.router.decide.decision import Trial, Verdict
from services.router.decide.hearing import read
from services.router.decide.prepare import prepare
from services.router.decide.route import route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.policy import Policy, Rule
    from services.router.decide.advice import Adviser
    from services.router.decide.catalogue import Traits
    from services.router.decide.decision import Complaint, Decision


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, and the trial of every rule of the catalogue.

    Near misses come first: rules that came into question, then those of the same
    category or place, then the rest by id.
    """

    decision: Decision
    words: tuple[str, ...]  #: Words of the policy that stand in the text, in normal form.
    trials: tuple[Trial, ...]


def explain(
    complaint: Complaint,
    policy: Policy,
    excluded: Sequence[str] = (),
    attempt: int = 1,
    *,
    suggested: str | None = None,
    adviser: Adviser | None = None,
) -> Explanation:
    """Decide as `route` does, and try every rule of the catalogue.

    Args:
        complaint: What is known of it.
        policy: The policy to decide by, in force or not.
        excluded: Agencies that have returned it.
        attempt: 1 at first, then one more for each return.
        suggested: The agency that the last of them says it belongs to.
        adviser: A model to ask where the policy has no answer.

    Returns:
        The same decision as `route`, with one trial for each rule.
    """
    decision = route(complaint, policy, excluded, attempt, suggested=suggested, adviser=adviser)
    prepared = prepare(policy)
    traits = read(complaint, prepared, Counsel(adviser, complaint, policy)).traits
    # A diverted complaint never reached the catalogue; it says what would have followed.
    finding = decision.trace.finding or prepared.catalogue.find(traits, excluded)
    known = {trial.rule for trial in finding.trials}
    missed = [
        _why_missed(rule, policy, traits, prepared.catalogue.words_of(rule))
        for rule in policy.catalogue
        if rule.id not in known
    ]
    missed.sort(key=lambda trial: (_NEARNESS[trial.verdict], trial.rule))
    return Explanation(decision, tuple(sorted(traits.found)), (*finding.trials, *missed))


_NEARNESS = {
    Verdict.OTHER_WORDS: 0,
    Verdict.PLACE_UNKNOWN: 1,
    Verdict.OTHER_PLACE: 2,
    Verdict.OTHER_CATEGORY: 3,
}


def _why_missed(rule: Rule, policy: Policy, traits: Traits, words: frozenset[str]) -> Trial:
    """Name the first condition that doesn't hold, in the order of the index."""
    if rule.category is not None and rule.category not in traits.categories:
        wanted = policy.categories[rule.category].name
        return Trial(rule.id, Verdict.OTHER_CATEGORY, f"is for {wanted} ({rule.category})")
    if rule.places and not traits.divisions:
        return Trial(rule.id, Verdict.PLACE_UNKNOWN, "names places, and the place is unknown")
    if rule.places and not set(rule.places).intersection(traits.divisions):
        places = _listed([policy.divisions[code].name for code in rule.places])
        return Trial(rule.id, Verdict.OTHER_PLACE, f"is for {places}")
    wanted = _listed(sorted(words))
    return Trial(rule.id, Verdict.OTHER_WORDS, f"none of its words in the text: {wanted}")


#: A rule may name hundreds of streets; a person reads a few.
_LISTED_MAX = 4


def _listed(names: Sequence[str]) -> str:
    return ", ".join([*names[:_LISTED_MAX], *(["…"] if len(names) > _LISTED_MAX else [])])
