"""What the statute asks of a policy, and bundles published earlier may still lack.

These faults are found by `whistle policy check`, so nothing new is published with them; a
bundle that is stored already loads all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import Diversion
from services.policy import catalogue, diversions
from services.policy.agencies import AgencyKind
from services.policy.owners import OwnerKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from services.policy.catalogue import Rule
    from services.policy.faults import FaultLog
    from services.policy.owners import Owner
    from services.policy.policy import Policy


def check_statute(policy: Policy, faults: FaultLog, today: date | None) -> None:
    """Check what 接诉即办工作条例 art. 11 and 22 ask, and that rules are still in force.

    Args:
        policy: As read, perhaps unsound.
        faults: Where faults go.
        today: Where given, a rule whose last day has passed is a warning.
    """
    _check_diversions(policy, faults)
    for rule in policy.catalogue:
        _check_central_units(policy, rule, faults)
        until = rule.times.valid_until
        if today is not None and until is not None and until < today:
            message = f"rule {rule.id} held until {until}: it decides nothing any more"
            faults.warning(catalogue.FILE, rule.line, message)


def _check_diversions(policy: Policy, faults: FaultLog) -> None:
    """Each of the six has its rule, and so its reply; that repeats have one is checked anyway."""
    known = {rule.diversion for rule in policy.diversions} | {Diversion.REPEAT}
    for diversion in Diversion:
        if diversion not in known:
            message = f"no rule diverts what is {diversion}: nobody would be told the other way"
            faults.error(diversions.FILE, 1, message)


def _check_central_units(policy: Policy, rule: Rule, faults: FaultLog) -> None:
    """A central body in the city can only be told; it takes no orders and has no rates."""
    for role, owner in _ordered(rule):
        agency = policy.agencies.get(owner.code or "")
        if owner.kind is not OwnerKind.AGENCY or agency is None:
            continue
        if agency.kind is AgencyKind.CENTRAL_UNIT:
            form = f"lead = 'reflect-to({agency.code})'" if role == "lead" else "name it in copies"
            message = f"{agency.code} is a central-unit and can't be {role}, only told: {form}"
            faults.error(catalogue.FILE, rule.line, message)


def _ordered(rule: Rule) -> Iterator[tuple[str, Owner]]:
    yield "lead", rule.lead
    for owner in rule.assists:
        yield "assist", owner
    if rule.scored is not None:
        yield "scored", rule.scored
