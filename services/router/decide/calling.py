"""Whom a whistle calls: what the street wishes, and whom the jurisdiction engine names.

The engine is the one that routes complaints. It is asked as for a complaint that comes back:
an order is due, so no diversion and no answer from knowledge stands in the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import Place
from services.router.decide.assignment import assign
from services.router.decide.decision import Complaint, Held, Routed
from services.router.decide.route import route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.events import Whistle
    from services.policy import Agency, Policy, WhistleRules

#: Skips what is only for complaints that are new.
_ORDER_IS_DUE = 2


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """What the engine says about a whistle's matter at its place."""

    leads: tuple[str, ...]  #: One where it is clear; several in a conflict; none: no rule.
    assists: tuple[str, ...]
    copies: tuple[str, ...]
    rules: tuple[str, ...]
    bases: tuple[str, ...]

    @property
    def lead(self) -> str | None:
        """The one agency whose duty it clearly is."""
        return self.leads[0] if len(self.leads) == 1 else None


@dataclass(frozen=True, slots=True)
class Called:
    """Everybody a whistle has to do with; each agency in one part only."""

    targets: tuple[str, ...]
    assists: tuple[str, ...]
    copies: tuple[str, ...]
    unknown: tuple[str, ...]  #: Wanted codes and functions that nothing has.
    forbidden: tuple[str, ...]  #: Wanted, and no street may call them.
    elsewhere: tuple[str, ...]  #: Targets that belong to another district.


def division_of(whistle: Whistle, raiser: Agency, policy: Policy) -> str | None:
    """Say where it is, as narrowly as known.

    Args:
        whistle: What the street says.
        raiser: The street; without a place, its own division is meant.
        policy: The policy in force.

    Returns:
        A division within the raiser's; None where the place is somewhere else.
    """
    place, own = whistle.place, raiser.division
    said = policy.place_code(place)
    if said is None:
        is_unsaid = not (place.district or place.street or place.community)
        return own if is_unsaid else None
    if own in policy.division_chain(said):
        return said
    return own if said in policy.division_chain(own) else None


def jurisdiction(whistle: Whistle, division: str, policy: Policy) -> Jurisdiction:
    """Ask the engine whose duty the matter is, whoever blows.

    Args:
        whistle: Its words and category are read as a complaint's.
        division: From `division_of`.
        policy: The policy in force.
    """
    level = policy.divisions[division].level
    complaint = Complaint(
        text=whistle.text,
        title=whistle.title,
        category=whistle.category,
        place=Place(
            community=division if level == "community" else None,
            street=policy.street_of(division),
            district=policy.district_of(division),
            point=whistle.place.point,
        ),
        language=whistle.language,
        received_at=whistle.raised_at,
    )
    decision = route(complaint, policy, attempt=_ORDER_IS_DUE)
    if isinstance(decision, Routed) and decision.decided_by == "rule":
        return Jurisdiction(
            leads=(decision.lead,),
            assists=decision.assists,
            copies=decision.copies,
            rules=(decision.rule,) if decision.rule else (),
            bases=(decision.basis,) if decision.basis else (),
        )
    if isinstance(decision, Held) and decision.reason == "conflict":
        return _in_conflict(decision, division, policy)
    return Jurisdiction((), (), (), (), ())


def _in_conflict(held: Held, division: str, policy: Policy) -> Jurisdiction:
    """Several agencies seem to have the duty: all of them are meant."""
    best = held.trace.finding.best if held.trace.finding else ()
    assigned = [assign(policy, match.rule, match.lead, division) for match in best]
    return Jurisdiction(
        leads=_once(match.lead for match in best),
        assists=_once(code for one in assigned for code in one.assists),
        copies=_once(code for one in assigned for code in one.copies),
        rules=_once(match.rule.id for match in best),
        bases=_once(match.rule.basis for match in best if match.rule.basis),
    )


def call(
    whistle: Whistle, raiser: Agency, duty: Jurisdiction, policy: Policy, rules: WhistleRules
) -> Called:
    """Put together whom the street wishes and whom the engine names.

    Whoever can't be called, such as a city department that leads, is told by a copy. Where
    only assists can be called, the street leads and they are the targets.
    """

    def may(codes: Iterable[str]) -> list[str]:
        kinds = rules.targets
        known = [c for c in codes if c in policy.agencies and c != raiser.code]
        return [c for c in known if policy.agencies[c].kind in kinds]

    wanted, unknown = _wanted(whistle, raiser, policy)
    forbidden = tuple(code for code in wanted if code not in may(wanted))
    targets = _once([*may(wanted), *may(duty.leads)])
    assists = tuple(code for code in may(duty.assists) if code not in targets)
    if not targets:
        targets, assists = assists, ()
    district = policy.district_of(raiser.division)
    elsewhere = tuple(
        code
        for code in may(wanted)
        if policy.district_of(policy.agencies[code].division) not in (None, district)
    )
    told = [policy.government_of(raiser.division)]
    told += [policy.government_of(policy.agencies[code].division) for code in elsewhere]
    told += [*duty.leads, *duty.assists, *duty.copies]
    taken = {raiser.code, *targets, *assists}
    copies = _once(code for code in told if code is not None and code not in taken)
    return Called(targets, assists, copies, unknown, forbidden, elsewhere)


def _wanted(
    whistle: Whistle, raiser: Agency, policy: Policy
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Turn what the street names into agencies, and keep what nothing has."""
    found: list[str] = []
    unknown: list[str] = []
    for code in whistle.wanted:
        (found if code in policy.agencies else unknown).append(code)
    for function in whistle.wanted_functions:
        department = policy.department_of(function, raiser.division)
        if department is None:
            unknown.append(function)
        else:
            found.append(department)
    return _once(found), _once(unknown)


def _once(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
