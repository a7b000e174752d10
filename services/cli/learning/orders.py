"""The settled orders of a file, as the model learns from them and is measured on them.

A policy's import mapping says which columns hold the words, the category and the nature; it
has no word for the answer, which an incoming complaint doesn't have: see `LABELS`. What was
typed together with the answer (the text with its closing request) is never read.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from services.cli.evaluation.records import folds_of
from services.cli.records import BadRow, RecordFile
from services.intake.decide.masking import mask
from services.intake.decide.wording import normal_form
from services.learning.example import Example
from services.learning.orders import marks_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from services.policy import ImportMapping, Policy

#: Columns that may hold the department, and the very office; the first that a file has counts.
LABELS = ("dept", "department", "agency", "label")
OFFICES = ("dept_raw", "office", "unit")
#: Where no mapping of the policy fits a file. A detail goes with a title.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "external_id": ("order_id", "msg_id", "id"),
    "text": ("text_stripped", "detail", "text"),
    "received_at": ("date", "created", "time"),
}
#: A detail's words, put apart by spaces; read where the detail is missing.
_SEGMENTED = "seg"
_GROUPS = ("group", "msg_id")
#: More groups than any city has orders.
_GROUPS_MAX = 2**31
#: Of dates where no mapping names any.
_FORMATS = ("%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True)
class Order:
    """One order that can be learned from or asked about."""

    example: Example
    marks: frozenset[int]  #: Of its id, group and words.


@dataclass(frozen=True, slots=True)
class Orders:
    """A file's orders."""

    rows: tuple[Order, ...]
    bad: int  #: Rows that couldn't be read.
    unlabelled: int  #: Rows without words or without a department.


def read_orders(path: Path, policy: Policy) -> Orders:
    """Read a file of settled orders.

    Args:
        path: `.csv`, `.ndjson`, `.jsonl`, perhaps `.gz`.
        policy: The city's.

    Raises:
        ValueError: The file has no column for the words or the department, or no rows.
        OSError: It can't be opened.
    """
    rows, bad = _rows(path)
    mapping = _mapping(rows[0], policy)
    columns = mapping.columns if mapping else COLUMNS
    label, office = _column(rows[0], LABELS), _column(rows[0], OFFICES)
    if label is None:
        raise ValueError(f"the file has no column for the department ({' or '.join(LABELS)})")
    if not any(name in rows[0] for name in columns["text"]):
        raise ValueError(f"the file has no column for text ({' or '.join(columns['text'])})")
    reader = _Reader(columns, mapping, policy, label, office)
    told = [row for row in rows if row.get(label, "").strip() and reader.text(row)]
    groups = folds_of([reader.belonging(row) for row in told], _GROUPS_MAX)
    orders = tuple(reader.order(row, str(g)) for row, g in zip(told, groups, strict=True))
    return Orders(orders, bad, len(rows) - len(told))


def _rows(path: Path) -> tuple[list[Mapping[str, str]], int]:
    with contextlib.closing(RecordFile(path)) as file:
        read = list(file)
    rows = [row.values for row in read if not isinstance(row, BadRow)]
    if not rows:
        raise ValueError("the file has no rows")
    return rows, len(read) - len(rows)


def _mapping(row: Mapping[str, str], policy: Policy) -> ImportMapping | None:
    """Find the policy's mapping whose id and words a file has."""
    for mapping in policy.imports.values():
        needed = (mapping.columns["external_id"], mapping.columns["text"])
        if all(any(name in row for name in names) for names in needed):
            return mapping
    return None


def _column(row: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((name for name in names if name in row), None)


@dataclass(frozen=True, slots=True)
class _Reader:
    columns: Mapping[str, Sequence[str]]
    mapping: ImportMapping | None
    policy: Policy
    label: str
    office: str | None

    def _filled(self, row: Mapping[str, str], field: str) -> list[str]:
        values = (row.get(name, "").strip() for name in self.columns.get(field, ()))
        return [value for value in values if value]

    def _first(self, row: Mapping[str, str], field: str) -> str:
        return next(iter(self._filled(row, field)), "")

    def text(self, row: Mapping[str, str]) -> str:
        """Give the words; of a message with a detail, title and detail."""
        text = self._first(row, "text") or row.get(_SEGMENTED, "").replace(" ", "")
        return f"{self.title(row)} {text}".strip()

    def title(self, row: Mapping[str, str]) -> str:
        """Give the title of a message with a detail."""
        return row.get("title", "").strip() if self.mapping is None and "detail" in row else ""

    def belonging(self, row: Mapping[str, str]) -> Mapping[str, str]:
        """Give what tells which rows belong together."""
        group = _column(row, _GROUPS)
        return {
            "order_id": self._first(row, "external_id"),
            "group": row.get(group, "") if group else "",
            "refs": row.get("refs", ""),
            "text_stripped": self.text(row),
        }

    def order(self, row: Mapping[str, str], group: str) -> Order:
        """Make an order of a row, its words as the door would show them."""
        belonging = self.belonging(row)
        example = Example(
            order_id=belonging["order_id"],
            text=mask(normal_form(belonging["text_stripped"])),
            label=row[self.label].strip(),
            group=group,
            unit=row.get(self.office, "").strip() if self.office else "",
            categories=self._categories(row),
            nature=self._nature(row),
            title=mask(normal_form(self.title(row))),
            date=self._date(row),
        )
        keys = (("order", "order_id"), ("group", "group"), ("words", "text_stripped"))
        return Order(example, frozenset(marks_of((kind, belonging[name]) for kind, name in keys)))

    def _date(self, row: Mapping[str, str]) -> str:
        formats = self.mapping.received_formats if self.mapping else _FORMATS
        for said in self._filled(row, "received_at"):
            for written in formats:
                with contextlib.suppress(ValueError):
                    return datetime.strptime(said, written).date().isoformat()  # noqa: DTZ007
        return ""

    def _categories(self, row: Mapping[str, str]) -> tuple[str, ...]:
        code = self._first(row, "category")
        path = self._filled(row, "category_path")
        return self.policy.category_chain(code or self.policy.category_by_path(path))

    def _nature(self, row: Mapping[str, str]) -> str:
        found = self.mapping.natures.get(self._first(row, "nature")) if self.mapping else None
        return "" if found is None or found == "unknown" else found.value
