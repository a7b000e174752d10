"""Reading CSV files of a policy: named columns, `#` comments, lines remembered."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.policy.faults import FaultLog


@dataclass(frozen=True, slots=True)
class Row:
    """One row and its line."""

    line: int
    values: dict[str, str]

    def text(self, column: str) -> str:
        """The cell's text; empty where the column or cell is missing."""
        return self.values.get(column, "")

    def optional(self, column: str) -> str | None:
        """The cell's text, or None where it is empty."""
        return self.values.get(column) or None

    def texts(self, column: str) -> tuple[str, ...]:
        """What a cell lists, separated by `|`."""
        cell = self.values.get(column)
        return tuple(part.strip() for part in cell.split("|") if part.strip()) if cell else ()


def read_rows(
    file: str, text: str, faults: FaultLog, *, required: tuple[str, ...], optional: tuple[str, ...]
) -> Iterator[Row]:
    """Read a CSV file with a header row.

    Lines that begin with `#` are comments: a note of source and date that holds
    for all rows belongs there. Columns `source`, `date` and `note` are allowed everywhere.

    Args:
        file: Its name, for faults.
        text: What it holds.
        faults: Where faults go; a malformed row is one error and is left out.
        required: Columns that must exist and be filled in every row.
        optional: Columns that may exist.

    Yields:
        Every well-formed row.
    """
    header: list[str] | None = None
    for line, cells in _cells(text):
        if isinstance(cells, csv.Error):
            faults.error(file, line, f"not CSV: {cells}")
        elif header is None:
            header = cells
            _check_header(file, line, cells, (required, optional), faults)
        elif len(cells) != len(header):
            faults.error(file, line, f"{len(cells)} cells where the header has {len(header)}")
        else:
            row = Row(line, dict(zip(header, cells, strict=True)))
            if empty := [name for name in required if not row.text(name)]:
                faults.error(file, line, f"`{empty[0]}` is empty")
            else:
                yield row
    if header is None:
        faults.error(file, 1, "the file has no header row")


def _check_header(
    file: str,
    line: int,
    header: list[str],
    columns: tuple[tuple[str, ...], tuple[str, ...]],
    faults: FaultLog,
) -> None:
    required, optional = columns
    for column in required:
        if column not in header:
            faults.error(file, line, f"column `{column}` is missing")
    for column in {column for column in header if header.count(column) > 1}:
        faults.error(file, line, f"column `{column}` is here twice")
    for column in header:
        if column not in {*required, *optional, "source", "date", "note"}:
            faults.error(file, line, f"column `{column}` means nothing here")


def _cells(text: str) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Give the line a record begins on (a quoted cell may span lines) and its cells.

    A quote that is never closed would swallow all rows after it: it ends the file.
    """
    # Comments become empty lines instead of vanishing, so that line numbers stay true.
    lines = ["" if line.startswith("#") else line for line in text.split("\n")]
    reader = csv.reader((line + "\n" for line in lines), strict=True)
    starts = 1
    try:
        for cells in reader:
            if cells:
                yield starts, [cell.strip() for cell in cells]
            starts = reader.line_num + 1
    except csv.Error as error:
        yield starts, error
