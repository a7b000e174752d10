"""Where things stand in a TOML file; `tomllib` reads values but forgets lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: A table, key or array element, such as `("rules", 3, "lead")`.
Path = tuple[str | int, ...]

_ARRAY_HEADER = re.compile(r"\[\[\s*([^\[\]]+?)\s*\]\]")
_HEADER = re.compile(r"\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(
    r"""((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"))*)\s*="""
)


@dataclass(slots=True)
class _Scan:
    """What is open at the start of a line."""

    lines: dict[Path, int] = field(default_factory=dict)
    counts: dict[Path, int] = field(default_factory=dict)
    table: Path = ()
    key: Path = ()
    depth: int = 0  # Brackets of a value that goes on over lines.
    quote: str = ""  # The delimiter of a multi-line string, or nothing.
    element: int = 0  # Inline tables seen so far in the open array.


def line_index(text: str) -> dict[Path, int]:
    """Find the line of every header, key and inline table that begins a line.

    Args:
        text: A TOML document; whether it is well formed is `tomllib`'s matter.

    Returns:
        Lines counted from 1, by path. What shares a line with its parent has no
        entry of its own.
    """
    scan = _Scan()
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if not scan.quote and stripped and not stripped.startswith("#"):
            if scan.depth == 0:
                _statement(scan, stripped, number)
            elif scan.depth == 1 and stripped.startswith("{"):
                scan.lines.setdefault((*scan.key, scan.element), number)
                scan.element += 1
        _skim(scan, line)
    return scan.lines


def _statement(scan: _Scan, line: str, number: int) -> None:
    if header := _ARRAY_HEADER.match(line):
        scan.table = _element(scan, _parts(header[1]))
        scan.lines[scan.table] = number
    elif header := _HEADER.match(line):
        scan.table = _inside(scan, _parts(header[1]))
        scan.lines[scan.table] = number
    elif key := _KEY.match(line):
        scan.key = (*scan.table, *_parts(key[1]))
        scan.lines[scan.key] = number
        scan.element = 0


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _inside(scan: _Scan, parts: tuple[str, ...]) -> Path:
    """Follow a dotted name into the newest element of every array on the way."""
    path: Path = ()
    for part in parts:
        path = (*path, part)
        if path in scan.counts:
            path = (*path, scan.counts[path] - 1)
    return path


def _element(scan: _Scan, parts: tuple[str, ...]) -> Path:
    path: Path = (*_inside(scan, parts[:-1]), parts[-1])
    scan.counts[path] = scan.counts.get(path, 0) + 1
    return (*path, scan.counts[path] - 1)


_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#|[\[\]{}]')


def _skim(scan: _Scan, line: str) -> None:
    """Keep track of brackets and strings that a line leaves open."""
    position = 0
    while position < len(line):
        if scan.quote:
            end = line.find(scan.quote, position)
            if end < 0:
                return
            position = end + 3
            scan.quote = ""
            continue
        token = _TOKEN.search(line, position)
        if token is None or token[0] == "#":
            break
        position = token.end()
        if token[0] in ('"""', "'''"):
            scan.quote = token[0]
        elif token[0] in "[{":
            scan.depth += 1
        elif token[0] in "]}":
            scan.depth -= 1
