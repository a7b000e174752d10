"""Every version ever published still decodes, to the same meaning."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from services.events import FACTS, Fact, decode, encode
from tests.events.specimens import (
    DEFAULTS,
    FILES,
    FROZEN,
    GOLDEN,
    NAMES,
    fact_of,
    latest,
    models,
)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_every_event_ever_published_still_decodes(file: Path) -> None:
    """Topics keep events for years, and a dead letter may be replayed years later."""
    event = decode(file.read_bytes())
    assert type(event.data) is fact_of(file)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_an_event_means_the_same_after_it_was_written_again(file: Path) -> None:
    """A replayed or forwarded event must not lose or change anything."""
    golden = json.loads(file.read_bytes())
    written = json.loads(encode(decode(file.read_bytes())))
    assert _missing(golden, written) == []
    assert decode(encode(decode(file.read_bytes()))) == decode(file.read_bytes())


def _missing(golden: Any, written: Any, at: str = "") -> list[str]:
    """Name what the golden event says and the written one doesn't."""
    if isinstance(golden, dict) and isinstance(written, dict):
        return [
            fault
            for name, value in golden.items()
            for fault in _missing(value, written.get(name), f"{at}.{name}")
        ]
    if isinstance(golden, list) and isinstance(written, list) and len(golden) == len(written):
        pairs = enumerate(zip(golden, written, strict=True))
        return [fault for i, (a, b) in pairs for fault in _missing(a, b, f"{at}.{i}")]
    return [] if golden == written else [f"{at}: {golden!r} became {written!r}"]


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.__name__)
def test_every_fact_has_a_golden_event_with_every_field(fact: type[Fact]) -> None:
    """A field that no golden event has could change its meaning unnoticed."""
    assert _unset(fact, latest(fact)["data"]) == []


def _unset(model: type[BaseModel], data: dict[str, Any], at: str = "data") -> list[str]:
    """Name the fields a golden event leaves out, at any depth."""
    found = [f"{at}.{name}" for name in model.model_fields if name not in data]
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        values = data.get(name)
        # Of a list, the first element shows all fields.
        value = values[0] if isinstance(values, list) and values else values
        if inner and isinstance(value, dict):
            found += _unset(inner, value, f"{at}.{name}")
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in get_args(annotation))
    return next((one for one in inner if one), None)


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.__name__)
def test_every_fact_has_a_golden_event_with_only_what_it_must_have(fact: type[Fact]) -> None:
    """It stops decoding when a new field is required, which old events don't have."""
    required = {name for name, field in fact.model_fields.items() if field.is_required()}
    assert latest(fact, minimal=True)["data"].keys() == required


def test_golden_events_are_never_edited() -> None:
    """A change adds a version; what was published stays as it was.

    To add files: `cd tests/events/golden && sha256sum *.json > SHA256SUMS`.
    """
    frozen = dict(reversed(line.split("  ")) for line in FROZEN.read_text().splitlines())
    files = {file.name: hashlib.sha256(file.read_bytes()) for file in GOLDEN.glob("*.json")}
    assert {name: one.hexdigest() for name, one in files.items()} == frozen


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_what_may_be_null_may_be_absent_and_means_null(model: type[BaseModel]) -> None:
    """Writers leave out what is None, so a reader must take absence for None."""
    nullable = {
        name: field for name, field in model.model_fields.items() if _is_nullable(field.annotation)
    }
    wrong = [name for name, f in nullable.items() if f.is_required() or f.default is not None]
    assert wrong == []


def _is_nullable(annotation: Any) -> bool:
    if get_origin(annotation) in {Union, UnionType}:
        return type(None) in get_args(annotation)
    return annotation is type(None)


def test_defaults_never_change() -> None:
    """An old event without the field would mean something else from then on.

    A new optional field with a default adds a line to `golden/defaults.json`.
    """
    defaults = {
        f"{model.__name__}.{name}": to_jsonable_python(field.default, exclude_none=True)
        for model in models()
        for name, field in model.model_fields.items()
        if not field.is_required() and field.default is not None
    }
    assert defaults == json.loads(DEFAULTS.read_text())
