"""Rows of a city's files, and how a policy's mapping makes complaints of them.

A bad row is never fatal: whoever has a file of a million rows can't mend one before the
others go in. It is told by its line and what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from services.events import Nature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.policy import ImportMapping, Policy

#: A title only helps the eye; a longer one is cut instead of costing the row.
TITLE_MAX = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file."""

    line: int  #: In the file, counted from 1; where the record ends.
    values: Mapping[str, str]


#: Bad rows that are named; of others only the number is told.
BAD_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that can't be taken in, and why."""

    line: int
    reason: str


@dataclass
class Tally:
    """What became of the rows."""

    read: int = 0
    new: int = 0
    known: int = 0
    bad: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)

    def add_bad(self, line: int, reason: str) -> None:
        """Count a bad row, and name it if not too many have been named."""
        self.bad += 1
        if len(self.bad_rows) < BAD_SHOWN_MAX:
            self.bad_rows.append(BadRow(line, reason))

    def told(self) -> dict[str, Any]:
        """Give the summary."""
        rows = [{"line": row.line, "reason": row.reason} for row in self.bad_rows]
        counts = {"read": self.read, "new": self.new, "known": self.known, "bad": self.bad}
        return {**counts, "bad_rows": rows}


class Mapper:
    """Makes complaints of rows, as a policy's mapping says."""

    def __init__(self, mapping: ImportMapping, policy: Policy) -> None:
        """Use a mapping of `policy`."""
        self._mapping = mapping
        self._policy = policy
        self._zone = ZoneInfo(mapping.time_zone)

    def missing_columns(self, row: Row) -> list[str]:
        """List what the mapping needs and a file doesn't have."""
        return [
            f"{field} ({' or '.join(columns)})"
            for field, columns in self._mapping.columns.items()
            if field in {"external_id", "text", "received_at"}
            and not any(column in row.values for column in columns)
        ]

    def complaint(self, row: Row) -> dict[str, Any] | BadRow:
        """Make the body of a complaint.

        Returns:
            What `POST /v1/complaints/batch` takes as an item, or why it can't be made.
        """
        external_id, text = self._first(row, "external_id"), self._first(row, "text")
        if not external_id or not text:
            return BadRow(row.line, f"has no {'text' if external_id else 'external_id'}")
        received_at = self._received_at(row)
        if received_at is None:
            said = self._first(row, "received_at")
            return BadRow(row.line, f"received_at: {said!r} is no date that the mapping knows")
        place = {
            level: said
            for level in ("district", "street", "community")
            if (said := self._first(row, level))
        }
        body = {
            "channel": self._mapping.channel.value,
            "text": text,
            "title": self._first(row, "title")[:TITLE_MAX] or None,
            "nature": self._nature(row),
            "category": self._category(row),
            "language": self._mapping.language,
            "received_at": received_at.isoformat(),
            "place": place,
            "origin": self._mapping.origin,
            "external_id": external_id,
        }
        return {field: value for field, value in body.items() if value}

    def _first(self, row: Row, field: str) -> str:
        """Read the first filled column of a field."""
        return next(self._filled(row, field), "")

    def _filled(self, row: Row, field: str) -> Iterator[str]:
        for column in self._mapping.columns.get(field, ()):
            value = row.values.get(column, "").strip()
            if value:
                yield value

    def _received_at(self, row: Row) -> datetime | None:
        for said in self._filled(row, "received_at"):
            for written in self._mapping.received_formats:
                try:
                    found = datetime.strptime(said, written)  # noqa: DTZ007 - made aware below
                except ValueError:
                    continue
                return found if found.tzinfo else found.replace(tzinfo=self._zone)
        return None

    def _category(self, row: Row) -> str | None:
        code = self._first(row, "category")
        if code:
            return code
        return self._policy.category_by_path(list(self._filled(row, "category_path")))

    def _nature(self, row: Row) -> str | None:
        nature = self._mapping.natures.get(self._first(row, "nature"), Nature.UNKNOWN)
        return None if nature is Nature.UNKNOWN else nature.value
