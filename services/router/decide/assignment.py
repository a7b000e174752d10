"""Who is named beside the lead: assists, copies, and who is scored.

Only the lead must be known for an order to go out. Whoever else can't be named for this
place is left out and the trace says so: a city-level matter isn't held up because nobody
said where the person lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.policy import AgencyKind, OwnerKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from services.policy import Owner, Policy, Rule


@dataclass(frozen=True, slots=True)
class Assignment:
    """The agencies that have something to do with an order."""

    lead: str
    assists: tuple[str, ...]
    copies: tuple[str, ...]
    scored: str
    notes: tuple[str, ...]  #: Who was left out, and why.


def assign(
    policy: Policy,
    rule: Rule | None,
    lead: str,
    division: str | None = None,
    excluded: Collection[str] = (),
) -> Assignment:
    """Name everybody beside the lead.

    A street or township that leads always has its district government told, which
    supervises it (接诉即办工作条例 art. 12), even one that has returned the complaint. A central
    unit is told by a copy, and the hotline body leads (art. 22).

    Args:
        policy: The policy in force.
        rule: The rule that decided; None for the fallback.
        lead: Who handles it.
        division: The narrowest known division.
        excluded: Agencies that returned it; they aren't asked to assist either.
    """
    notes: list[str] = []

    def named(role: str, owners: Iterable[Owner]) -> list[str]:
        agencies = [(owner, policy.owner(owner, division)) for owner in owners]
        notes.extend(
            f"no {role} {owner}: the place isn't known well enough"
            for owner, code in agencies
            if code is None
        )
        return [code for _, code in agencies if code is not None]

    assisting = named("assist", rule.assists if rule else ())
    assisting = [code for code in dict.fromkeys(assisting) if code not in (lead, *excluded)]
    copied = named("copy", rule.copies if rule else ())
    agency = policy.agencies[lead]
    government = policy.government_of(agency.division) if agency.kind is AgencyKind.STREET else None
    copied += [government] if government is not None else []
    copied = _reflected(rule) + copied
    scored = named("scored", (rule.scored,) if rule and rule.scored else ())
    return Assignment(
        lead=lead,
        assists=tuple(assisting),
        copies=tuple(c for c in dict.fromkeys(copied) if c not in (lead, *assisting)),
        scored=scored[0] if scored else lead,
        notes=tuple(notes),
    )


def _reflected(rule: Rule | None) -> list[str]:
    """Name the central unit that a rule reflects the situation to, if any."""
    is_reflected = rule is not None and rule.lead.kind is OwnerKind.REFLECT_TO
    return [rule.lead.code] if rule is not None and is_reflected and rule.lead.code else []
