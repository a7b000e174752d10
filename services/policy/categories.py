"""`categories.csv`: kinds of problems, nested, with the words that give them away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.policy.csv_rows import read_rows

if TYPE_CHECKING:
    from services.policy.faults import FaultLog

FILE = "categories.csv"


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of problem; a rule for it also holds for those below it."""

    code: str
    name: str
    parent: str | None
    standard: str | None  #: Its own, else the nearest one above it.
    words: tuple[str, ...]  #: Any of them in a text speaks for the category.
    line: int = 0  #: Where it stands in the file, for faults.


def read_categories(text: str, faults: FaultLog) -> dict[str, Category]:
    """Read the categories and let each inherit its standard.

    Args:
        text: Columns `code,name`, and perhaps `parent,standard,words`.
        faults: Where faults go.

    Returns:
        Categories by code, in file order.
    """
    rows: dict[str, Category] = {}
    optional = ("parent", "standard", "words")
    for row in read_rows(FILE, text, faults, required=("code", "name"), optional=optional):
        code = row.text("code")
        if code in rows:
            faults.error(FILE, row.line, f"category {code} stands in line {rows[code].line} too")
            continue
        rows[code] = Category(
            code,
            row.text("name"),
            row.optional("parent"),
            row.optional("standard"),
            row.texts("words"),
            row.line,
        )
    _check_names(rows, faults)
    return {code: _inheriting(category, rows, faults) for code, category in rows.items()}


def _inheriting(category: Category, rows: dict[str, Category], faults: FaultLog) -> Category:
    standard, above, passed = category.standard, category.parent, {category.code}
    if above is not None and above not in rows:
        faults.error(FILE, category.line, f"no category has the code {above!r}")
    while above is not None and above in rows:
        if above in passed:
            faults.error(FILE, category.line, f"{category.code} lies below itself")
            break
        passed.add(above)
        standard, above = standard or rows[above].standard, rows[above].parent
    if standard is None:
        faults.error(FILE, category.line, f"{category.code} has no standard, nor has any above it")
    return Category(
        category.code, category.name, category.parent, standard, category.words, category.line
    )


def _check_names(rows: dict[str, Category], faults: FaultLog) -> None:
    """A path of names must lead to one code, or imports can't tell."""
    seen: dict[tuple[str | None, str], Category] = {}
    for category in rows.values():
        other = seen.setdefault((category.parent, category.name), category)
        if other is not category:
            message = f"{category.name!r} stands in line {other.line} too, under the same parent"
            faults.error(FILE, category.line, message)
