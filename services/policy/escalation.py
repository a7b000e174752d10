"""`sla.toml`, escalation and scoring: what a breach leads to, and how rates weigh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.policy.owners import Owner, OwnerKind, parse_owner

if TYPE_CHECKING:
    from services.policy.toml_tables import Table

_NOBODY = Owner(OwnerKind.AGENCY, "")
#: The last day every month has.
_LAST_SAFE_DAY = 28
#: Weights are written with few decimals; this only forgives binary fractions.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Level:
    """A step of the escalation ladder; a breach takes the next one."""

    level: int  #: 1 first.
    raised_to: Owner  #: `superior-of(agency)` or an agency; see `Policy.raised_to`.
    line: int = 0  #: Of the `[[escalation]]` header.


@dataclass(frozen=True, slots=True)
class Scoring:
    """How the three rates (响应率, 解决率, 满意率) make one score."""

    weight_response: float
    weight_resolution: float
    weight_satisfaction: float
    basically_counts: float  #: What 基本满意 counts where 满意 counts 1.
    month_starts_on: int  #: Day on which the assessment month begins (previous month).


def read_escalation(table: Table) -> tuple[Level, ...]:
    """Read `[[escalation]]`; levels must rise from 1 without gaps.

    Args:
        table: The outermost table of `sla.toml`.

    Returns:
        The levels, lowest first; none where the city has no ladder.
    """
    levels = []
    for number, inner in enumerate(table.each("escalation"), start=1):
        text = inner.text("raised_to")
        owner = parse_owner(text) if text else _NOBODY
        if owner is None or owner.kind not in (OwnerKind.AGENCY, OwnerKind.SUPERIOR_OF):
            inner.error(f"{text!r} is neither superior-of(agency) nor an agency", "raised_to")
            owner = _NOBODY
        if inner.integer("level", least=1) != number:
            inner.error(f"this should be level {number}", "level")
        inner.optional_text("source")
        inner.finish()
        levels.append(Level(number, owner, inner.line))
    return tuple(levels)


def read_scoring(table: Table) -> Scoring:
    """Read `[scoring]`; the three weights must add up to 1.

    Args:
        table: The outermost table of `sla.toml`.

    Returns:
        The scoring.
    """
    inner = table.table("scoring")
    scoring = Scoring(
        weight_response=inner.share("weight_response"),
        weight_resolution=inner.share("weight_resolution"),
        weight_satisfaction=inner.share("weight_satisfaction"),
        basically_counts=inner.share("basically_counts"),
        month_starts_on=inner.integer("month_starts_on", least=1),
    )
    weights = (scoring.weight_response, scoring.weight_resolution, scoring.weight_satisfaction)
    if abs(sum(weights) - 1) > _ROUNDING:
        inner.error(f"the weights add up to {sum(weights):g}, not to 1")
    if scoring.month_starts_on > _LAST_SAFE_DAY:
        inner.error("not every month has that day", "month_starts_on")
    inner.optional_text("source")
    inner.finish()
    return scoring
