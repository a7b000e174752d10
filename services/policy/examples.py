"""Examples inside rules: what a rule is for, and the proof that it does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import Nature

if TYPE_CHECKING:
    from services.policy.toml_tables import Table


@dataclass(frozen=True, slots=True)
class Example:
    """A complaint and what must become of it.

    `expect` is an agency code (the lead), `held`, `diverted:<diversion>` such as
    `diverted:emergency`, or `not-diverted` (a counter-example of a diversion).
    """

    text: str | None
    category: str | None
    nature: Nature | None
    district: str | None  #: Division code.
    street: str | None  #: Division code.
    expect: str
    line: int  #: Where it stands in its file.


def read_examples(table: Table) -> tuple[Example, ...]:
    """Read a rule's `examples`; a rule without one is an error.

    Args:
        table: The rule.

    Returns:
        The examples in file order. Places and codes are checked later.
    """
    examples = table.each("examples")
    if not examples:
        table.error("the rule has no example")
    return tuple(_example(inner) for inner in examples)


def _example(table: Table) -> Example:
    example = Example(
        text=table.optional_text("text"),
        category=table.optional_text("category"),
        nature=read_nature(table, "nature"),
        district=table.optional_text("district"),
        street=table.optional_text("street"),
        expect=table.text("expect"),
        line=table.line,
    )
    if example.text is None and example.category is None:
        table.error("an example needs a text or a category")
    table.finish()
    return example


def read_nature(table: Table, key: str) -> Nature | None:
    """Read a nature that may be missing."""
    text = table.optional_text(key)
    if text is None:
        return None
    if text not in tuple(Nature):
        table.error(f"nature {text!r} is none of {', '.join(Nature)}", key)
        return None
    return Nature(text)
