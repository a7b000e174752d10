"""`sla.toml`, supervision (督办): what calls for it besides a breach that lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.policy.durations import Duration, DurationUnit
from services.policy.escalation import raised_to
from services.policy.owners import Owner, OwnerKind

if TYPE_CHECKING:
    from services.policy.toml_tables import Table

#: Where a city doesn't say: a case without an agency has nobody above it but the hotline body.
_SUPERIOR = Owner(OwnerKind.SUPERIOR_OF)
_DAY = Duration(24, DurationUnit.HOURS)


@dataclass(frozen=True, slots=True)
class Neglect:
    """What nobody took up for so long must be seen to."""

    after: Duration
    raised_to: Owner
    line: int = 0  #: Of the table's header, for faults.


@dataclass(frozen=True, slots=True)
class Urging:
    """A citizen who has to ask again and again (催办) must be seen to."""

    urges: int  #: At this many, and at each multiple of it.
    raised_to: Owner
    line: int = 0


@dataclass(frozen=True, slots=True)
class SupervisionRules:
    """When somebody above must see to a case, apart from the ladder."""

    unassigned: Neglect  #: A case that no agency has, from the instant it has none.
    unsigned: Neglect | None = None  #: An order, from the breach of its sign clock.
    urged: Urging | None = None


def read_supervision(table: Table) -> SupervisionRules:
    """Read `[escalation_unassigned]`, `[escalation_unsigned]` and `[escalation_urged]`.

    Each may be missing. A case that nobody has is never without a deadline: where the city
    names none, the hotline body sees to it after 24 hours (assumption, 2026-11).

    Args:
        table: The outermost table of `sla.toml`.

    Returns:
        The rules.
    """
    return SupervisionRules(
        unassigned=_neglect(table, "escalation_unassigned") or Neglect(_DAY, _SUPERIOR),
        unsigned=_neglect(table, "escalation_unsigned"),
        urged=_urging(table, "escalation_urged"),
    )


def _neglect(table: Table, key: str) -> Neglect | None:
    if key not in table.values:
        return None
    inner = table.table(key)
    found = Neglect(after=inner.duration("after"), raised_to=raised_to(inner), line=inner.line)
    inner.optional_text("source")
    inner.finish()
    return found


def _urging(table: Table, key: str) -> Urging | None:
    if key not in table.values:
        return None
    inner = table.table(key)
    found = Urging(
        urges=inner.integer("urges", least=1), raised_to=raised_to(inner), line=inner.line
    )
    inner.optional_text("source")
    inner.finish()
    return found
