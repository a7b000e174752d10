"""Typed reading of TOML tables, with a fault at the right line for each mistake."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from services.policy.durations import Duration, DurationUnit, parse_duration
from services.policy.toml_lines import Path, line_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.faults import FaultLog

_AT_LINE = re.compile(r"\(at line (\d+)")
_NONE = Duration(0, DurationUnit.SECONDS)


@dataclass(slots=True)
class Table:
    """A TOML table that knows its lines and notes which keys were asked for.

    Each reader gives a harmless stand-in after noting a fault, so that one run
    finds every mistake; nothing is loaded from a file with errors.
    """

    file: str
    faults: FaultLog
    values: Mapping[str, Any]
    lines: Mapping[Path, int]
    path: Path = ()
    asked: set[str] = field(default_factory=set)

    @property
    def line(self) -> int:
        """The line of the table's header."""
        return self.line_of()

    def line_of(self, *below: str | int) -> int:
        """The line of a key or element, else of the nearest thing around it."""
        path = (*self.path, *below)
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return 1

    def error(self, message: str, *below: str | int) -> None:
        """Note an error at a key or element, or at the table itself."""
        self.faults.error(self.file, self.line_of(*below), message)

    def warning(self, message: str, *below: str | int) -> None:
        """Note a warning at a key or element, or at the table itself."""
        self.faults.warning(self.file, self.line_of(*below), message)

    def optional_text(self, key: str) -> str | None:
        """A string that may be missing; never an empty one."""
        self.asked.add(key)
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.error(f"`{key}` must be a text that isn't empty", key)
            return None
        return value.strip()

    def text(self, key: str) -> str:
        """A string that must be there."""
        value = self.optional_text(key)
        if value is None and self.values.get(key) is None:
            self.error(f"`{key}` is missing")
        return value or ""

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, or one string; missing means none."""
        self.asked.add(key)
        value = self.values.get(key, [])
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(i, str) and i.strip() for i in items):
            self.error(f"`{key}` must be a list of texts", key)
            return ()
        if len(set(items)) != len(items):
            self.error(f"`{key}` says something twice", key)
        return tuple(item.strip() for item in items)

    def integer(self, key: str, *, least: int, default: int | None = None) -> int:
        """A whole number, at least `least`."""
        self.asked.add(key)
        value = self.values.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.error(f"`{key}` must be a whole number of at least {least}", key)
            return least
        return value

    def share(self, key: str) -> float:
        """A number from 0 to 1."""
        self.asked.add(key)
        value = self.values.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
            self.error(f"`{key}` must be a number from 0 to 1", key)
            return 0.0
        return float(value)

    def optional_duration(self, key: str) -> Duration | None:
        """A duration such as `24h` that may be missing."""
        text = self.optional_text(key)
        if text is None:
            return None
        duration = parse_duration(text)
        if duration is None:
            self.error(
                f"`{key}` must be a duration such as 30s, 2h, 7d, 8wh or 5wd, not {text!r}", key
            )
        return duration

    def duration(self, key: str) -> Duration:
        """A duration that must be there."""
        if self.values.get(key) is None:
            self.asked.add(key)
            self.error(f"`{key}` is missing")
        return self.optional_duration(key) or _NONE

    def day(self, key: str) -> date:
        """A date, written as TOML does: `2025-06-25`."""
        self.asked.add(key)
        value = self.values.get(key)
        if type(value) is not date:
            self.error(f"`{key}` must be a date such as 2025-06-25", key)
            return date.min
        return value

    def days(self, key: str) -> tuple[date, ...]:
        """A list of dates; missing means none."""
        self.asked.add(key)
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(type(item) is date for item in value):
            self.error(f"`{key}` must be a list of dates", key)
            return ()
        return tuple(value)

    def pairs(self, key: str) -> dict[str, str]:
        """A table of strings; missing means none."""
        table = self.table(key)
        return {name: table.text(name) for name in table.values}

    def table(self, key: str) -> Table:
        """A table inside this one; an empty one where it is missing."""
        self.asked.add(key)
        return self.inner(self.values.get(key, {}), key)

    def named(self, key: str) -> dict[str, Table]:
        """The tables `[key.name]`, by name."""
        outer = self.table(key)
        return {name: outer.inner(value, name) for name, value in outer.values.items()}

    def each(self, key: str) -> tuple[Table, ...]:
        """The tables of an array `[[key]]`; none where it is missing."""
        self.asked.add(key)
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.error(f"`{key}` must be written as [[{key}]]", key)
            return ()
        return tuple(self.inner(item, key, number) for number, item in enumerate(value))

    def inner(self, value: object, *below: str | int) -> Table:
        """Take a value as the table at a path below this one."""
        if not isinstance(value, dict):
            self.error(f"`{below[0]}` must be a table", *below)
            value = {}
        return Table(self.file, self.faults, value, self.lines, (*self.path, *below))

    def finish(self) -> None:
        """Note every key nobody asked for: most are slips of the pen."""
        for key in self.values:
            if key not in self.asked:
                self.error(f"`{key}` means nothing here", key)


def read_toml(file: str, text: str, faults: FaultLog) -> Table:
    """Read a TOML document.

    Args:
        file: Its name, for faults.
        text: What it holds.
        faults: Where faults go; a file that isn't TOML is one error and reads as empty.

    Returns:
        The document as its outermost table.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        faults.error(file, line, f"not TOML: {error}")
        return Table(file, faults, {}, {})
    return Table(file, faults, values, line_index(text))
