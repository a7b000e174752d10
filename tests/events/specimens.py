"""Golden events: every shape of event that was ever published, frozen as files.

`golden/<Fact>.v<n>.json` has every field that version n had, `…-minimal.json` only those it could
not do without.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from services.events import FACTS, Event, Fact

GOLDEN = Path(__file__).parent / "golden"
#: Checksums of the files: a published event can't be unpublished.
FROZEN = GOLDEN / "SHA256SUMS"
#: What a reader takes for an absent field: part of the meaning of events already written.
DEFAULTS = GOLDEN / "defaults.json"

FILES = sorted(GOLDEN.glob("*.v*.json"))
NAMES = [file.stem for file in FILES]

#: A position in JSON: names and indices.
Spot = tuple[str | int, ...]


def fact_of(file: Path) -> type[Fact]:
    """The fact a golden file is about."""
    return FACTS[f"whistle.{file.name.split('.')[0]}"]


def latest(fact: type[Fact], *, minimal: bool = False) -> dict[str, Any]:
    """The newest golden event of a fact."""
    versions = [file for file in FILES if fact_of(file) is fact]
    wanted = [file for file in versions if file.stem.endswith("-minimal") is minimal]
    newest = max(wanted, key=lambda file: int(file.stem.split(".v")[1].removesuffix("-minimal")))
    found: dict[str, Any] = json.loads(newest.read_bytes())
    return found


def models() -> list[type[BaseModel]]:
    """The envelope, every fact, and everything inside them."""
    found: dict[type[BaseModel], None] = {}
    waiting: list[type[BaseModel]] = [Event, *FACTS.values()]
    while waiting:
        model = waiting.pop(0)
        if model not in found and model is not Fact:
            found[model] = None
            waiting += [m for f in model.model_fields.values() for m in _models_in(f.annotation)]
    return list(found)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def objects(document: Any, at: Spot = ()) -> Iterator[Spot]:
    """Where the JSON objects are."""
    if isinstance(document, dict):
        yield at
    for name, value in _children(document):
        yield from objects(value, (*at, name))


def spots(document: Any, at: Spot = ()) -> Iterator[Spot]:
    """Where anything is, the whole excepted."""
    for name, value in _children(document):
        yield (*at, name)
        yield from spots(value, (*at, name))


def _children(document: Any) -> list[tuple[str | int, Any]]:
    if isinstance(document, dict):
        return list(document.items())
    return list(enumerate(document)) if isinstance(document, list) else []


def inside(document: Any, spot: Spot) -> Any:
    """What is at a spot."""
    for name in spot:
        document = document[name]
    return document


def with_value(document: Any, spot: Spot, value: Any) -> Any:
    """A copy with another value at a spot."""
    changed = json.loads(json.dumps(document))
    inside(changed, spot[:-1])[spot[-1]] = value
    return changed


def without(document: Any, spot: Spot) -> Any:
    """A copy in which a spot is missing."""
    changed = json.loads(json.dumps(document))
    del inside(changed, spot[:-1])[spot[-1]]
    return changed
