"""`powers.csv`: what streets and townships answer for themselves (街道职责清单).

An optional file. Where a city has it, a matter whose category isn't listed is never given to
a street as its own: the check refuses such rules, and the fallback is the district's
government in any case. A street can still assist, or be designated by a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from services.policy.csv_rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.faults import FaultLog

FILE = "powers.csv"


@dataclass(frozen=True, slots=True)
class Power:
    """One item of the list."""

    category: str  #: A category's code; it stands for those below it too.
    source: str  #: The list or decision that gives the power.
    date: date  #: Of the source.
    line: int = 0  #: Where it stands in the file, for faults.


def read_powers(text: str | None, faults: FaultLog) -> Mapping[str, Power] | None:
    """Read the list.

    Args:
        text: Columns `category,source,date`; None without the file.
        faults: Where faults go. Whether a category exists is checked later.

    Returns:
        Powers by category; None where the city has no list, which limits nothing.
    """
    if text is None:
        return None
    powers: dict[str, Power] = {}
    for row in read_rows(FILE, text, faults, required=("category", "source", "date"), optional=()):
        category = row.text("category")
        if category in powers:
            message = f"category {category} stands in line {powers[category].line} too"
            faults.error(FILE, row.line, message)
            continue
        try:
            day = date.fromisoformat(row.text("date"))
        except ValueError:
            message = f"`date` must be a date such as 2025-06-25, not {row.text('date')!r}"
            faults.error(FILE, row.line, message)
            continue
        powers[category] = Power(category, row.text("source"), day, row.line)
    return powers
