"""Slips of the pen that every file by itself allows, yet nobody means.

As with `checks.statute`, bundles published earlier may still hold them and load.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from services.policy import agencies, catalogue, diversions, urgency
from services.policy.agencies import AgencyKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from services.policy.catalogue import Rule
    from services.policy.diversions import DiversionRule
    from services.policy.faults import FaultLog
    from services.policy.policy import Policy

#: A single character stands inside too many other words.
_SHORTEST_WORD = 2

_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

#: The level of division that a kind of agency answers for.
_LEVELS = {
    AgencyKind.DISTRICT_GOVERNMENT: "district",
    AgencyKind.DISTRICT_DEPARTMENT: "district",
    AgencyKind.STREET: "street",
}


def check_slips(policy: Policy, faults: FaultLog) -> None:
    """Name what can't be meant.

    Args:
        policy: As read, perhaps unsound.
        faults: Where faults go.
    """
    _check_agencies(policy, faults)
    if not policy.catalogue:
        faults.error(catalogue.FILE, 1, "there are no rules: nobody would get anything by duty")
    for rule in policy.catalogue:
        for message in (*_twice(rule), *_idle_exceptions(policy, rule), *_short(rule.words)):
            faults.error(catalogue.FILE, rule.line, message)
    for diversion in policy.diversions:
        for message in _diversion_slips(diversion):
            faults.error(diversions.FILE, diversion.line, message)
    for word in (*policy.urgency.emergency, *policy.urgency.urgent):
        for message in (*_silenced((word.text,), word.unless), *_short((word.text,))):
            faults.error(urgency.FILE, 1, message)


def _check_agencies(policy: Policy, faults: FaultLog) -> None:
    for agency in policy.agencies.values():
        if not _CODE.fullmatch(agency.code):
            message = f"no rule can name the code {agency.code!r}: small letters, digits and -"
            faults.error(agencies.FILE, agency.line, message)
        division, level = policy.divisions.get(agency.division or ""), _LEVELS.get(agency.kind)
        if division is not None and level is not None and division.level != level:
            message = f"a {agency.kind} answers for a {level}, and {division.code} is a "
            faults.error(agencies.FILE, agency.line, message + division.level)


def _twice(rule: Rule) -> Iterator[str]:
    """An agency has one part in an order."""
    named = [("lead", rule.lead), *(("assists", owner) for owner in rule.assists)]
    seen: dict[object, str] = {}
    for role, owner in (*named, *(("copies", owner) for owner in rule.copies)):
        if owner in seen:
            yield f"{owner} stands in {seen[owner]} and in {role}"
        seen.setdefault(owner, role)


def _idle_exceptions(policy: Policy, rule: Rule) -> Iterator[str]:
    """An exception outside the places that a rule names takes nothing out."""
    for code in rule.except_places:
        chain = policy.division_chain(code)
        is_within = any(place in chain for place in rule.places)
        is_around = any(code in policy.division_chain(place) for place in rule.places)
        if rule.places and not is_within and not is_around:
            yield f"the exception {code} lies in none of the rule's places"


def _diversion_slips(rule: DiversionRule) -> Iterator[str]:
    yield from _silenced(rule.words, rule.unless_words)
    yield from _short(rule.words)
    for language, reply in rule.reply.items():
        if "{" in reply or "}" in reply:
            yield f"the reply ({language}) is told as it stands: it has no {{variables}}"


def _silenced(words: Iterable[str], unless: Iterable[str]) -> Iterator[str]:
    """A word that holds one of its own exceptions never counts."""
    silencing = tuple(unless)
    for word in words:
        for other in silencing:
            if other in word:
                yield f"the word {word!r} never counts: it holds its exception {other!r}"


def _short(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        if len(word) < _SHORTEST_WORD:
            yield f"the word {word!r} is too short: it stands inside too many others"
