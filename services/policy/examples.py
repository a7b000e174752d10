"""Examples inside rules: what a rule is for, and the proof that it does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from services.events import Nature

if TYPE_CHECKING:
    from services.policy.toml_tables import Table

#: Questions by code, each with the answers that count.
Attributes = tuple[tuple[str, tuple[str, ...]], ...]

#: [longitude, latitude]
_COORDINATES = 2


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
    at: datetime | None = None  #: When it came; in the city's local time without an offset.
    point: tuple[float, float] | None = None  #: Longitude and latitude in degrees, WGS 84.
    attributes: Attributes = ()


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
        at=_instant(table),
        point=_point(table),
        attributes=read_attributes(table),
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


def read_attributes(table: Table) -> Attributes:
    """Read `attributes`, a table of texts or lists of texts; missing means none."""
    inner = table.table("attributes")
    found = tuple((code, inner.texts(code)) for code in inner.values)
    for code in inner.values:
        if inner.values[code] == []:
            inner.error(f"`{code}` lists no value", code)
    return found


def _instant(table: Table) -> datetime | None:
    table.asked.add("at")
    value = table.values.get("at")
    if value is not None and not isinstance(value, datetime):
        table.error("`at` must be a date and time such as 2026-01-15T08:30:00", "at")
        return None
    return value


def _point(table: Table) -> tuple[float, float] | None:
    table.asked.add("point")
    value = table.values.get("point")
    if value is None:
        return None
    is_pair = isinstance(value, list) and len(value) == _COORDINATES
    if not is_pair or not all(type(part) in (int, float) for part in value):
        table.error("`point` must be [longitude, latitude]", "point")
        return None
    longitude, latitude = (float(part) for part in value)
    if abs(longitude) > 180 or abs(latitude) > 90:  # noqa: PLR2004 - degrees
        table.error("`point` must be [longitude, latitude] in degrees", "point")
        return None
    return longitude, latitude
