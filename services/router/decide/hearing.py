"""A complaint as a policy understands it, and all that a decision about it rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.router.decide.catalogue import Finding, Traits
from services.router.decide.classify import Classification
from services.router.decide.decision import Trace
from services.router.decide.denial import meant_words
from services.router.decide.lexicon import normal_form

if TYPE_CHECKING:
    from services.events import Urgency
    from services.policy import Policy
    from services.router.decide.advice import Counsel
    from services.router.decide.answers import Knowledge
    from services.router.decide.decision import Complaint
    from services.router.decide.prepare import Prepared


@dataclass(frozen=True, slots=True)
class Reading:
    """A complaint as this policy understands it."""

    complaint: Complaint
    traits: Traits
    classification: Classification
    spoken_urgency: tuple[Urgency, str | None]
    knowledge: Knowledge
    trace: Trace


@dataclass(frozen=True, slots=True)
class Hearing:
    """All that a decision rests on: the policy, the complaint, and what the catalogue says."""

    prepared: Prepared
    reading: Reading
    finding: Finding
    excluded: tuple[str, ...]
    suggested: str | None  #: Whose it is, as the agency says that returned it last.
    counsel: Counsel

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.prepared.policy


def read(complaint: Complaint, prepared: Prepared, counsel: Counsel | None = None) -> Reading:
    """Find out what a complaint is about and where, by this policy's words and codes."""
    policy = prepared.policy
    text = normal_form(complaint.wording)
    hits = prepared.lexicon.find(text)
    found = frozenset(hit.word for hit in hits)
    classification = prepared.classifier.classify(complaint.category, hits)
    if classification.category is None and counsel is not None:
        classification = _by_past_orders(classification, counsel, policy)
    divisions = policy.division_chain(policy.place_code(complaint.place))
    traits = Traits(
        found,
        policy.category_chain(classification.category),
        divisions,
        complaint.nature,
        meant_words(text, hits, prepared.dangers),
        prepared.circumstances.of(complaint),
    )
    trace = Trace(
        category=classification.category,
        category_from=classification.source,
        category_why=classification.why,
        categories=classification.tied,
        divisions=divisions,
        notes=_unknown_places(complaint, policy),
    )
    spoken = prepared.urgency.of(found, traits.meant)
    knowledge = prepared.answers.find(complaint, traits, spoken[0])
    if knowledge.note is not None:
        trace = replace(trace, notes=(*trace.notes, knowledge.note))
    return Reading(complaint, traits, classification, spoken, knowledge, trace)


def _unknown_places(complaint: Complaint, policy: Policy) -> tuple[str, ...]:
    place = complaint.place
    named = (place.district, place.street, place.community)
    return tuple(
        f"no division has the code {code!r}"
        for code in named
        if code is not None and code not in policy.divisions
    )


def _by_past_orders(
    classification: Classification, counsel: Counsel, policy: Policy
) -> Classification:
    """Take the category that a model is sure of, where neither caller nor words name one."""
    sure = counsel.sure_category
    if sure is None or sure.code not in policy.categories:
        return classification
    why = f"past orders like it, {sure.confidence:.0%} sure: {sure.reason}"
    return Classification(sure.code, "model", why, classification.tied)
