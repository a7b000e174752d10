"""What each number of the figures counts, as SQL: for counting rows, looking behind, and sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PERIOD: Final = "ended_at >= $1 AND ended_at < $2"
VALID: Final = "state = 'answered' AND excluded_because IS NULL"
#: Of call-backs that ended; the drill-down finds the same rows by these words.
COUNTED: Final[Mapping[str, str]] = {
    "valid": VALID,
    "contacted": f"{VALID} AND is_contacted",
    "solved": f"{VALID} AND is_solved",
    "satisfied": f"{VALID} AND satisfaction = 'satisfied'",
    "basically": f"{VALID} AND satisfaction = 'basically'",
    "no_contact": "state = 'lapsed' AND lapse_reason = 'no-contact'",
    "no_answer": "state = 'lapsed'"
    " AND coalesce(lapse_reason, '') NOT IN ('no-contact', 'not-sampled')",
    "not_asked": "state = 'lapsed' AND lapse_reason = 'not-sampled'",
    "withdrawn": "state = 'dropped'",
}
#: What makes up the rates.
PLEASING: Final = ("contacted", "solved", "satisfied", "basically")
#: Of dispatched orders. An index alone answers, and `state` isn't in it (signing would change
#: it), so ended orders tell by their dates.
ORDERS_COUNTED: Final[Mapping[str, str]] = {
    "dispatched": "true",
    "resolved_on_time": "is_on_time",
    "resolved_late": "NOT is_on_time",
    "taken_back": "ended_at IS NOT NULL AND is_on_time IS NULL",
    "open": "ended_at IS NULL",
    "breached": "breached_at IS NOT NULL",
}

# What figures are grouped by and asked for; never a caller's words.
VERDICT_KEYS: Final[Mapping[str, str]] = {
    "agency": "scored",
    "district": "district",
    "street": "street",
    "category": "category",
}
ORDER_KEYS: Final[Mapping[str, str]] = {**VERDICT_KEYS, "agency": "agency"}


def each(template: str, names: Iterable[str]) -> str:
    """Write the same expression for each of some counts."""
    return ", ".join(template.format(name=name) for name in names)


def counts(conditions: Mapping[str, str]) -> str:
    """Write how rows are counted."""
    return ", ".join(
        f"count(*) FILTER (WHERE {condition}) AS {name}" for name, condition in conditions.items()
    )
