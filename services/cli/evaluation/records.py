"""The records that an evaluation runs on: columns, groups that belong together, folds."""

from __future__ import annotations

import contextlib
import re
import zlib
from typing import TYPE_CHECKING

from services.cli.records import BadRow, RecordFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Columns without which nothing can be told.
COLUMNS = ("order_id", "group", "title", "text_stripped", "district", "street", "refs")

FOLDS = 5

_CITED = re.compile(r"[0-9A-Za-z_-]{6,}")

Rows = "Sequence[Mapping[str, str]]"


class MissingColumnsError(ValueError):
    """The file lacks columns; the message names them."""

    def __init__(self, missing: Sequence[str]) -> None:
        """Name them."""
        super().__init__(f"the file has no column {', '.join(missing)}")


def read_records(path: Path) -> tuple[list[Mapping[str, str]], int]:
    """Read a file of settled records.

    Args:
        path: `.csv`, `.ndjson`, `.jsonl`, perhaps `.gz`.

    Returns:
        Its rows in order, and how many couldn't be read.

    Raises:
        MissingColumnsError: A column of `COLUMNS` is missing.
        ValueError: The file's name ends in nothing that can be read, or it has no rows.
        OSError: It can't be opened.
    """
    rows: list[Mapping[str, str]] = []
    bad = 0
    with contextlib.closing(RecordFile(path)) as file:
        for row in file:
            if isinstance(row, BadRow):
                bad += 1
                continue
            missing = [name for name in COLUMNS if name not in row.values]
            if missing and not rows:
                raise MissingColumnsError(missing)
            rows.append(row.values)
    if not rows:
        raise ValueError("the file has no rows")
    return rows, bad


def folds_of(rows: Sequence[Mapping[str, str]], number: int = FOLDS) -> list[int]:
    """Deal rows into folds so that what belongs together is dealt together.

    Rows belong together if they share a `group`, if one cites the other in `refs`, or if
    their words are the same.

    Args:
        rows: With `order_id`, `group`, `refs`, `title` and `text_stripped`.
        number: Of folds.

    Returns:
        The fold of each row; the same for the same file, whatever the machine.
    """
    above: dict[str, str] = {}

    def root(key: str) -> str:
        above.setdefault(key, key)
        while above[key] != key:
            above[key] = above[above[key]]
            key = above[key]
        return key

    for index, row in enumerate(rows):
        own = f"row:{index}"
        keys = [f"order:{cited}" for cited in _CITED.findall(row.get("refs", ""))]
        keys += [f"{kind}:{row[name]}" for kind, name in _SHARED if row.get(name)]
        for key in keys:
            # The smaller name stands above, so that the order of the rows doesn't matter.
            one, other = sorted((root(own), root(key)))
            above[other] = one
    return [zlib.crc32(root(f"row:{index}").encode()) % number for index in range(len(rows))]


#: What two rows that belong together share.
_SHARED = (("order", "order_id"), ("group", "group"), ("words", "text_stripped"))
