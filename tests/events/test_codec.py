"""Readers take what they know; writers can't say what isn't in the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from services.events import (
    ComplaintSupplemented,
    ComplaintWithdrawn,
    Event,
    InvalidEventError,
    decode,
    encode,
)
from tests.builders import a_received_event, an_event
from tests.events.specimens import (
    FILES,
    NAMES,
    fact_of,
    inside,
    models,
    objects,
    spots,
    with_value,
    without,
)

#: No deadline: how long an example takes says more about the machine than about the codec.
thorough = settings(max_examples=100, deadline=None)

GOLDEN = [json.loads(file.read_bytes()) for file in FILES]

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


def decoded(body: bytes) -> Event | str:
    """The event, or the message of the only error there may be."""
    try:
        return decode(body)
    except InvalidEventError as error:
        return str(error)


@thorough
@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_an_invalid_one(body: bytes) -> None:
    """Anything else that `decode` raised would stop a service instead of one event."""
    assert isinstance(decoded(body), Event) or decoded(body)


@thorough
@given(any_json)
def test_any_json_is_an_event_or_an_invalid_one(document: Any) -> None:
    """Someone else's JSON on our topic is a dead letter, not a crash."""
    assert isinstance(decoded(json.dumps(document).encode()), str)


@thorough
@given(st.data())
def test_an_event_damaged_anywhere_is_an_event_or_an_invalid_one(data: st.DataObject) -> None:
    """Damage deep inside is reported like damage at the surface."""
    golden = data.draw(st.sampled_from(GOLDEN))
    spot = data.draw(st.sampled_from(list(spots(golden))))
    damaged = with_value(golden, spot, data.draw(any_json))
    outcome = decoded(json.dumps(damaged).encode())
    assert outcome
    if isinstance(outcome, Event):
        assert decode(encode(outcome)) == outcome


@pytest.mark.parametrize("depth", [200, 100_000])
def test_json_nested_too_deeply_is_invalid(depth: int) -> None:
    """A recursion error would kill the process, again and again."""
    assert isinstance(decoded(b"[" * depth), str)
    deep = json.dumps(json.loads(encode(a_received_event()))).encode()
    nested = deep.replace(b'"data": {', b'"data": {"x": ' + b"[" * depth + b"]" * depth + b", ", 1)
    assert decoded(nested)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_unknown_fields_are_ignored_at_every_depth(file: Path) -> None:
    """A newer writer adds fields before older readers are gone."""
    golden = json.loads(file.read_bytes())
    for spot in objects(golden):
        newer = with_value(golden, (*spot, "from_the_future"), {"a": [1, None]})
        assert decode(json.dumps(newer).encode()) == decode(file.read_bytes()), spot


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_missing_required_field_is_named(file: Path) -> None:
    """Whoever looks at the dead letter must see what is wrong with it."""
    golden = json.loads(file.read_bytes())
    fact = fact_of(file)
    required = [name for name, field in fact.model_fields.items() if field.is_required()]
    for spot in [("data", name) for name in required] + [("id",), ("complaintid",), ("sequence",)]:
        outcome = decoded(json.dumps(without(golden, spot)).encode())
        assert isinstance(outcome, str), spot
        assert outcome.startswith(".".join(spot) + ":"), outcome


@pytest.mark.parametrize(
    ("spot", "value"),
    [
        (("type",), "whistle.SomethingElse"),
        (("specversion",), "0.3"),
        (("source",), "somebody"),
        (("time",), "2026-11-24T04:00:00"),  # No time zone: nobody knows when that is.
        (("sequence",), 0),
        (("sequence",), 2**31),  # Doesn't fit the database's integer.
        (("data",), None),
        (("data",), "text"),
        (("data", "matter"), []),
        (("data", "matter", "received_at"), "yesterday"),
        (("data", "matter", "place", "point"), {"longitude": 181, "latitude": 0}),
    ],
)
def test_a_wrong_value_is_named_by_its_path(spot: tuple[str, ...], value: Any) -> None:
    """The first words of the message are the way to the field."""
    document = json.loads(encode(a_received_event()))
    outcome = decoded(json.dumps(with_value(document, spot, value)).encode())
    assert isinstance(outcome, str)
    assert outcome.startswith(".".join(spot)), outcome


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_writers_cannot_say_what_the_schema_does_not_have(model: type[BaseModel]) -> None:
    """A misspelt optional field would otherwise be lost without a word."""
    with pytest.raises(ValidationError, match="extra_forbidden"):
        model(from_the_future=1)


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_what_was_said_cannot_be_changed(model: type[BaseModel]) -> None:
    """Events are handed from function to function; none may alter another's."""
    assert model.model_config.get("frozen") is True


def test_absent_values_are_left_out_not_written_as_null() -> None:
    """The published schema allows no null."""
    written = json.loads(encode(an_event(ComplaintWithdrawn())))
    assert [spot for spot in spots(written) if inside(written, spot) is None] == []


@thorough
@given(st.text())
def test_any_text_survives_the_way(text: str) -> None:
    """People write in every script, and with every emoji."""
    event = an_event(ComplaintSupplemented(kind="facts", text=text))
    assert decode(encode(event)) == event


def test_half_a_character_never_gets_onto_a_topic() -> None:
    """A lone surrogate can't be written as UTF-8: the transaction that says it must fail."""
    with pytest.raises(ValueError, match="surrogate"):
        encode(a_received_event(text="half \ud83d"))
    whole = json.dumps(json.loads(encode(a_received_event(text="whole"))))
    assert isinstance(decoded(whole.replace("whole", "half \\ud83d").encode()), str)
