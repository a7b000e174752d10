"""Get a policy ready for deciding, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.router.decide.answers import Answers
from services.router.decide.catalogue import Catalogue
from services.router.decide.circumstances import CircumstanceReader
from services.router.decide.classify import Classifier
from services.router.decide.diversions import Detours
from services.router.decide.lexicon import Lexicon
from services.router.decide.urgency import UrgencyIndex

if TYPE_CHECKING:
    from services.policy import Policy

#: Policies kept ready: the one in force, the one before, and a few asked about.
_KEPT_MAX = 8


@dataclass(frozen=True, slots=True)
class Prepared:
    """A policy with everything precomputed that a decision needs."""

    policy: Policy
    lexicon: Lexicon
    classifier: Classifier
    detours: Detours
    answers: Answers
    urgency: UrgencyIndex
    catalogue: Catalogue
    circumstances: CircumstanceReader
    dangers: frozenset[str]  #: Words that count only where nobody denies them.


#: A memo, not state: the same policy always gives the same entry. Oldest use first.
_READY: dict[str, Prepared] = {}


def prepare(policy: Policy) -> Prepared:
    """Give the prepared form of a policy, built on first use.

    The object is compared as well as the hash, so that a policy put together by hand
    (a property test, a what-if) can't meet the entry of another.
    """
    ready = _READY.get(policy.hash)
    if ready is None or ready.policy is not policy:
        ready = _build(policy)
        _READY.pop(policy.hash, None)
        while len(_READY) >= _KEPT_MAX:
            # Another thread may have been faster; the memo may forget, never mislead.
            _READY.pop(next(iter(_READY)), None)
        _READY[policy.hash] = ready
    return ready


def _build(policy: Policy) -> Prepared:
    classifier, detours = Classifier(policy), Detours(policy)
    urgency, catalogue = UrgencyIndex(policy), Catalogue(policy)
    answers = Answers(policy)
    words = classifier.words | detours.words | urgency.words | catalogue.words | answers.words
    return Prepared(
        policy=policy,
        lexicon=Lexicon(words),
        classifier=classifier,
        detours=detours,
        answers=answers,
        urgency=urgency,
        catalogue=catalogue,
        circumstances=CircumstanceReader(policy),
        dangers=urgency.speaking | detours.emergencies,
    )
