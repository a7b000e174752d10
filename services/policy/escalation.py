"""`sla.toml`, escalation: the ladder that a broken promise climbs, level by level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.policy.open311_services import flag
from services.policy.owners import Owner, OwnerKind, parse_owner

if TYPE_CHECKING:
    from services.policy.durations import Duration
    from services.policy.toml_tables import Table

_NOBODY = Owner(OwnerKind.AGENCY, "")
_ABOVE = (OwnerKind.AGENCY, OwnerKind.SUPERIOR_OF, OwnerKind.DISTRICT_OF)


@dataclass(frozen=True, slots=True)
class Level:
    """A step of the escalation ladder; a breach takes the next one at once."""

    level: int  #: 1 first.
    raised_to: Owner  #: See `Policy.raised_to`.
    #: From the due instant of an order that is still open, this level is reached without another
    #: breach; None: only the next breach reaches it. Never set on level 1.
    after: Duration | None = None
    opens_supervision: bool = False  #: 督办: the case stays on somebody's list until it is done.
    line: int = 0  #: Of the `[[escalation]]` header.


def read_escalation(table: Table) -> tuple[Level, ...]:
    """Read `[[escalation]]`; levels must rise from 1 without gaps, and `after` with them.

    Args:
        table: The outermost table of `sla.toml`.

    Returns:
        The levels, lowest first; none where the city has no ladder.
    """
    levels: list[Level] = []
    for number, inner in enumerate(table.each("escalation"), start=1):
        owner = raised_to(inner)
        if inner.integer("level", least=1) != number:
            inner.error(f"this should be level {number}", "level")
        after = _after(inner, levels)
        supervised = flag(inner, "opens_supervision", default=False)
        inner.optional_text("source")
        inner.finish()
        levels.append(Level(number, owner, after, supervised, inner.line))
    return tuple(levels)


def raised_to(table: Table) -> Owner:
    """Read who is told, `raised_to`.

    Args:
        table: A level, or a rule of `services.policy.supervision`.

    Returns:
        An owner that `Policy.raised_to` can turn into an agency.
    """
    text = table.text("raised_to")
    owner = parse_owner(text) if text else _NOBODY
    if owner is None or owner.kind not in _ABOVE:
        message = "is neither superior-of(agency) nor district-of(place) nor an agency"
        table.error(f"{text!r} {message}", "raised_to")
        return _NOBODY
    return owner


def _after(table: Table, below: list[Level]) -> Duration | None:
    """Read when a level is reached; level 1 is reached at once."""
    after = table.optional_duration("after")
    if after is None:
        return None
    if not below:
        if after.rough_seconds:
            table.error("a breach takes level 1 at once", "after")
        return None
    last = max((level.after.rough_seconds for level in below if level.after), default=0)
    if after.rough_seconds <= last:
        table.error("this level would be reached before the one below it", "after")
    return after
