"""Reads the `#:` notes beside fields and enum members, so that documents can repeat them."""

from __future__ import annotations

import inspect
import re

_LINE = re.compile(r"^    (?P<name>\w+)\s*[:=](?P<rest>.*)$")
_NOTE = re.compile(r"#:\s*(?P<note>.*?)\s*$")


def notes_of(owner: type) -> dict[str, str]:
    """Give the note of each field or member of a class, also those it inherits.

    A note stands at the end of the line, or on the lines before it.
    """
    found: dict[str, str] = {}
    for one in reversed(owner.__mro__[:-1]):
        if one.__module__.startswith(("services.", "tests.")):
            found |= _own_notes(inspect.getsource(one))
    return found


def _own_notes(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    before: list[str] = []
    for line in source.splitlines():
        note = _NOTE.search(line)
        field = _LINE.match(line)
        if note and line.lstrip().startswith("#:"):
            before.append(note["note"])
        elif field:
            words = [*before, note["note"]] if note else before
            if words:
                found[field["name"]] = " ".join(words)
            before = []
        elif not line.lstrip().startswith("#"):
            before = []
    return found
