"""Files of records: CSV or NDJSON, row by row, in bounded memory."""

from __future__ import annotations

import csv
import io
from typing import IO, TYPE_CHECKING

import orjson

from services.intake.decide.rows import BadRow, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Of one row, and of what may lie between two; in a table characters, in NDJSON bytes.
ROW_LENGTH_MAX = 2_000_000

#: Some 0.1 ms.
_EMPTY_PER_TURN = 1_000


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


class _Lines:
    """A table's lines, with an end to how much may lie between two rows.

    Lines in quotes belong to one row however many there are, and empty ones to none.
    """

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self.since_row = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.since_row = _bounded(self.since_row + len(line))
        return line


def _bounded(since_row: int) -> int:
    if since_row > ROW_LENGTH_MAX:
        raise TooLongError(f"a row, or what lies between two, is longer than {ROW_LENGTH_MAX}")
    return since_row


def read_csv(stream: IO[bytes]) -> Iterator[Row | BadRow | None]:
    """Read a table's rows in order; the first line names the columns.

    None comes now and then where nothing else does: let others have their turn.
    """
    # Bytes that are no UTF-8 cost a character, not the file. `-sig`: Excel writes a mark.
    lines = _Lines(io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline=""))
    csv.field_size_limit(ROW_LENGTH_MAX)
    reader = csv.reader(lines)
    columns: list[str] = []
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines.since_row = 0
            yield BadRow(reader.line_num, str(error))
            continue
        if not values:
            if reader.line_num % _EMPTY_PER_TURN == 0:
                yield None
            continue
        lines.since_row = 0
        if columns:
            yield _row(reader.line_num, columns, values)
        columns = columns or values


def _row(line: int, columns: list[str], values: list[str]) -> Row | BadRow:
    if len(values) > len(columns):
        return BadRow(line, "has more fields than there are columns")
    return Row(line, dict.fromkeys(columns, "") | dict(zip(columns, values, strict=False)))


def read_ndjson(stream: IO[bytes]) -> Iterator[Row | BadRow | None]:
    """Read one JSON object a line, in order; empty lines are passed over.

    None comes now and then where nothing else does: let others have their turn.
    """
    since_row = 0
    for line, written in enumerate(stream, 1):
        if not written.strip():
            since_row = _bounded(since_row + len(written))
            if line % _EMPTY_PER_TURN == 0:
                yield None
            continue
        since_row = 0
        yield _object(line, written)


def _object(line: int, written: bytes) -> Row | BadRow:
    try:
        values = orjson.loads(written)
    except orjson.JSONDecodeError as error:
        return BadRow(line, f"no JSON: {error}")
    if not isinstance(values, dict):
        return BadRow(line, "is no JSON object")
    return Row(line, {key: _as_text(value) for key, value in values.items()})


def _as_text(value: object) -> str:
    return "" if value is None else str(value)
