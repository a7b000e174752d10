"""Whom a person may choose from: the likeliest first, each with what speaks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from services.events import Candidate
from services.router.decide.advice import SHOWN_MAX

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from services.router.decide.hearing import Hearing

#: Suggestions shown to a person; more would hide the good ones.
_CANDIDATES_MAX = 5


class Suggested(NamedTuple):
    """An agency and what speaks for it."""

    agency: str
    reason: str
    confidence: float | None = None


def suggestions(hearing: Hearing) -> Iterable[Suggested]:
    """Give agencies with the likeliest first, those who returned it left out."""
    traits, catalogue = hearing.reading.traits, hearing.prepared.catalogue
    suggested = hearing.suggested
    if suggested is not None and suggested in hearing.policy.agencies:
        # One that returned it itself is left out with all who did.
        yield Suggested(suggested, f"{hearing.excluded[-1]} says it is theirs")
    for match in (*hearing.finding.best, *hearing.finding.others):
        yield Suggested(match.lead, match.rule.id)
    yield from _advised(hearing)
    for category in hearing.reading.classification.tied:
        chain = hearing.policy.category_chain(category)
        for match in catalogue.find(replace(traits, categories=chain), hearing.excluded).best:
            yield Suggested(match.lead, f"{match.rule.id}, if it is {category}")
    government = hearing.policy.government_of(traits.division)
    if government is not None and government not in hearing.excluded:
        yield Suggested(government, "district-of(place)")


def _advised(hearing: Hearing) -> Iterable[Suggested]:
    """Give what a model says where no rule fits; where one does, nobody need ask it."""
    advice = hearing.counsel.advice if not hearing.finding.best else None
    for one in advice.agencies[:SHOWN_MAX] if advice else ():
        if one.code in hearing.policy.agencies and one.code not in hearing.excluded:
            yield Suggested(one.code, one.reason, one.confidence)


def as_candidates(
    suggested: Iterable[Suggested], without: Collection[str]
) -> tuple[Candidate, ...]:
    """Name each agency once, with the first reason, for people and events."""
    first: dict[str, Suggested] = {}
    for one in suggested:
        if one.agency not in without:
            first.setdefault(one.agency, one)
    shown = tuple(first.values())[:_CANDIDATES_MAX]
    return tuple(Candidate(agency=a, reason=r, confidence=c) for a, r, c in shown)
