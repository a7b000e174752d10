"""`categories.csv`: kinds of problems, nested, with the words that give them away.

A hotline renames and regroups its kinds now and then, and records of both generations go on
coming in. An older code whose `same_as` names the newer one keeps its own name and place in
the file, and has the newer one's rules and standard.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.policy.csv_rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    same_as: str | None = None  #: The newer code whose rules and standard it has.


def read_categories(text: str, faults: FaultLog) -> dict[str, Category]:
    """Read the categories and let each inherit its standard.

    Args:
        text: Columns `code,name`, and perhaps `parent,standard,words,same_as`.
        faults: Where faults go.

    Returns:
        Categories by code, in file order.
    """
    rows: dict[str, Category] = {}
    optional = ("parent", "standard", "words", "same_as")
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
            row.optional("same_as"),
        )
    _check_names(rows, faults)
    _check_successors(rows, faults)
    return {code: _inheriting(category, rows, faults) for code, category in rows.items()}


def newest(code: str, categories: Mapping[str, Category]) -> str:
    """Name the category whose rules and standard a category has: its own code, or the newer.

    Args:
        code: Of a known category.
        categories: By code.

    Returns:
        A code of `categories`.
    """
    newer = categories[code].same_as
    return newer if newer is not None and newer in categories else code


def _inheriting(category: Category, rows: dict[str, Category], faults: FaultLog) -> Category:
    if category.parent is not None and category.parent not in rows:
        faults.error(FILE, category.line, f"no category has the code {category.parent!r}")
    standard: str | None = None
    passed: set[str] = set()
    at: str | None = category.code
    while at is not None and at in rows:
        at = newest(at, rows)
        if at in passed:
            faults.error(FILE, category.line, f"{category.code} lies below itself")
            break
        passed.add(at)
        standard, at = standard or rows[at].standard, rows[at].parent
    if standard is None:
        faults.error(FILE, category.line, f"{category.code} has no standard, nor has any above it")
    return replace(category, standard=standard)


def _check_names(rows: dict[str, Category], faults: FaultLog) -> None:
    """A path of names must lead to one code, or imports can't tell."""
    seen: dict[tuple[str | None, str], Category] = {}
    for category in rows.values():
        other = seen.setdefault((category.parent, category.name), category)
        if other is not category:
            message = f"{category.name!r} stands in line {other.line} too, under the same parent"
            faults.error(FILE, category.line, message)


def _check_successors(rows: dict[str, Category], faults: FaultLog) -> None:
    """A newer code must be the last word: known, another, not renamed again."""
    for category in rows.values():
        if category.same_as is not None and (fault := _wrong_successor(category, rows)):
            faults.error(FILE, category.line, fault)


def _wrong_successor(category: Category, rows: dict[str, Category]) -> str | None:
    newer = rows.get(category.same_as or "")
    if newer is None:
        return f"`same_as`: no category has the code {category.same_as!r}"
    if newer is category:
        return f"`same_as`: {category.code} is named as its own successor"
    if newer.same_as == category.code:
        return f"`same_as`: {category.code} and {newer.code} (line {newer.line}) name each other"
    if newer.same_as is not None:
        renamed = f"{newer.code} (line {newer.line}) is itself the same as {newer.same_as}"
        return f"`same_as`: {renamed}: name that one"
    return None
