"""Files of records: CSV or NDJSON, row by row, in bounded memory."""

from __future__ import annotations

import csv
import io
from typing import IO, TYPE_CHECKING

import orjson

from services.intake.decide.rows import BadRow, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIELD_BYTES_MAX = 10_000_000


class TooLongError(ValueError):
    """A stream or one of its lines is longer than anybody's file; the message says which."""


class Bounded(io.RawIOBase):
    """A stream that ends with an error before a line or the whole fills the memory.

    What was packed may unfold a thousandfold.
    """

    def __init__(self, stream: IO[bytes], bytes_max: int, line_bytes_max: int) -> None:
        """Read from `stream`, unpacked already."""
        self._stream = stream
        self._left = bytes_max
        self._line_bytes_max = line_bytes_max
        self._line_bytes = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # no other comes
        """Read some bytes.

        Raises:
            TooLongError: A line, or all of it, is too long.
        """
        found = self._stream.read(len(buffer))
        buffer[: len(found)] = found
        self._left -= len(found)
        ending = found.rfind(b"\n")
        self._line_bytes = self._line_bytes + len(found) if ending < 0 else len(found) - ending - 1
        if self._left < 0:
            raise TooLongError("the file is too long when unpacked")
        if self._line_bytes > self._line_bytes_max:
            raise TooLongError(f"a line has more than {self._line_bytes_max} bytes")
        return len(found)


def read_csv(stream: IO[bytes]) -> Iterator[Row | BadRow]:
    """Read a table's rows in order; the first line names the columns."""
    # Bytes that are no UTF-8 cost a character, not the file. `-sig`: Excel writes a mark.
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="")
    csv.field_size_limit(_FIELD_BYTES_MAX)
    reader = csv.DictReader(text)
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(reader.line_num, str(error))
            continue
        if None in values:
            yield BadRow(reader.line_num, "has more fields than there are columns")
        else:
            yield Row(reader.line_num, {key: value or "" for key, value in values.items()})


def read_ndjson(stream: IO[bytes]) -> Iterator[Row | BadRow]:
    """Read one JSON object a line, in order; empty lines are passed over."""
    for line, written in enumerate(stream, 1):
        if not written.strip():
            continue
        try:
            values = orjson.loads(written)
        except orjson.JSONDecodeError as error:
            yield BadRow(line, f"no JSON: {error}")
            continue
        if isinstance(values, dict):
            yield Row(line, {key: _as_text(value) for key, value in values.items()})
        else:
            yield BadRow(line, "is no JSON object")


def _as_text(value: object) -> str:
    return "" if value is None else str(value)
