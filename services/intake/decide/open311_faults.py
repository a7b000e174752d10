"""What is wrong with an Open311 call, as the standard has it: a code and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: What a form or an address holds: all values of each name, in order.
Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong; the sentence begins with the field's name."""

    description: str
    code: int = 400


def single(fields: Fields, name: str) -> str | None:
    """Give a field's value; empty and missing are the same (GeoReport v2, Optional Arguments)."""
    return next((value.strip() for value in fields.get(name, ()) if value.strip()), None)


def several(fields: Fields, name: str) -> tuple[str, ...]:
    """Give all values of a field that may come repeatedly or with commas."""
    values = (part.strip() for value in fields.get(name, ()) for part in value.split(","))
    return tuple(dict.fromkeys(part for part in values if part))
