"""The published JSON Schemas describe what is really on the topics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.events import FACTS, encode
from tests.builders import a_received_event
from tests.events.specimens import FILES, NAMES, fact_of, objects, with_value, without

SCHEMAS = Path(__file__).parents[2] / "docs" / "events"


def schema_of(fact: str) -> dict[str, Any]:
    """The published schema of an event."""
    found: dict[str, Any] = json.loads((SCHEMAS / f"{fact}.json").read_bytes())
    return found


def faults(fact: str, event: Any) -> list[str]:
    """What the published schema has against an event."""
    validator = Draft202012Validator(
        schema_of(fact), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [error.json_path for error in validator.iter_errors(event)]


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.__name__)
def test_every_fact_has_a_valid_schema(fact: type) -> None:
    """A schema that isn't one accepts everything."""
    Draft202012Validator.check_schema(schema_of(fact.__name__))


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_the_schema_accepts_every_event_ever_published(file: Path) -> None:
    """Whoever validates with it must be able to read a topic from its beginning."""
    assert faults(fact_of(file).__name__, json.loads(file.read_bytes())) == []


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_the_schema_accepts_fields_of_later_versions(file: Path) -> None:
    """A validating reader must survive an additive change."""
    golden = json.loads(file.read_bytes())
    for spot in objects(golden):
        assert faults(fact_of(file).__name__, with_value(golden, (*spot, "later"), 1)) == []


@pytest.mark.parametrize("file", [f for f in FILES if f.stem.endswith("-minimal")], ids=str)
def test_the_schema_misses_what_an_event_cannot_do_without(file: Path) -> None:
    """Otherwise it would describe nothing."""
    golden = json.loads(file.read_bytes())
    name = fact_of(file).__name__
    spots = [(field,) for field in golden] + [("data", field) for field in golden["data"]]
    for spot in spots:
        assert faults(name, without(golden, spot)) != [], spot


def test_the_schema_accepts_what_we_write_today() -> None:
    """The golden events could lag behind the classes."""
    assert faults("ComplaintReceived", json.loads(encode(a_received_event()))) == []


def test_the_schema_refuses_another_writer() -> None:
    """A fact from somebody else's source is not that fact."""
    event = json.loads(encode(a_received_event()))
    assert faults("ComplaintReceived", with_value(event, ("source",), "router")) == ["$.source"]
