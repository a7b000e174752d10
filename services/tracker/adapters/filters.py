"""Conditions of a list, as a caller asked for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def where_of(known: Mapping[str, str], filters: Mapping[str, object]) -> tuple[str, list[object]]:
    """Write the conditions that were asked for, so that each has its own best plan.

    Args:
        known: SQL by name, with a place for each value; never a caller's words.
        filters: By name a value, or a tuple of as many as its SQL has places.

    Returns:
        SQL that goes on from a `WHERE`, and its arguments.
    """
    conditions: list[str] = []
    args: list[object] = []
    for name, value in filters.items():
        values = value if isinstance(value, tuple) else (value,)
        places = [f"${len(args) + number}" for number in range(1, len(values) + 1)]
        conditions.append(f" AND {known[name].format(*places)}")
        args.extend(values)
    return "".join(conditions), args
