"""A city's file on the disk, packed or not, and how much of it has been read."""

from __future__ import annotations

import gzip
from typing import IO, TYPE_CHECKING, Any

from services.intake.adapters.records import read_csv, read_ndjson
from services.intake.decide.rows import BadRow, Mapper, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["BadRow", "Mapper", "RecordFile", "Row"]


class RecordFile:
    """A CSV or NDJSON file, packed with gzip or not, read row by row."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            ValueError: Its name ends in nothing that can be read.
            OSError: It can't be opened.
        """
        names = path.name.lower().removesuffix(".gz")
        if not names.endswith((".csv", ".ndjson", ".jsonl")):
            raise ValueError("the file's name must end in .csv, .ndjson or .jsonl, and perhaps .gz")
        self._is_csv = names.endswith(".csv")
        self._raw: IO[bytes] = path.open("rb")
        packed = path.name.lower().endswith(".gz")
        self._bytes: Any = gzip.GzipFile(fileobj=self._raw) if packed else self._raw
        self.size = path.stat().st_size  #: In bytes, as it is on the disk.

    @property
    def position(self) -> int:
        """Bytes of `size` read so far."""
        return self._raw.tell()

    def close(self) -> None:
        """Close it."""
        self._raw.close()

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read the rows in order."""
        rows = read_csv(self._bytes) if self._is_csv else read_ndjson(self._bytes)
        return (row for row in rows if row is not None)
