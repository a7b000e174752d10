"""JSON Schema of every event: the envelope around one fact, as readers meet it.

The schemas are open: a reader has to ignore members it doesn't know, since a later version may
add some. Writers are held to the known ones by the classes. A member without a value is absent,
never null, so the schemas don't allow null.
"""

from __future__ import annotations

import inspect
from enum import Enum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from services import events
from services.events import FACTS, Event, topic_of
from tools.notes import notes_of

if TYPE_CHECKING:
    from services.events import Fact

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def event_schema(fact: type[Fact]) -> Schema:
    """Describe the whole event around a fact."""
    envelope = Event.model_json_schema()
    del envelope["$defs"]
    inner = fact.model_json_schema()
    definitions = {fact.__name__: inner, **inner.pop("$defs", {})}
    for name, definition in definitions.items():
        _explain(definition, getattr(events, name))
    _explain(envelope, Event)
    members = envelope["properties"]
    members["type"] |= {"const": f"whistle.{fact.__name__}"}
    members["source"] = {"description": members["source"].get("description", "")}
    members["source"] |= {"const": topic_of(fact).source}
    members["data"] = {"$ref": f"#/$defs/{fact.__name__}"}
    schema = {
        "$schema": DIALECT,
        "$id": f"urn:whistle:event:{fact.__name__}",
        "title": fact.__name__,
        "description": inspect.getdoc(fact),
        "$comment": "Ignore members that are not named here.",
        "type": "object",
        "properties": members,
        # These have defaults in the classes, and writers always write them.
        "required": ["specversion", "datacontenttype", *envelope["required"]],
        "$defs": dict(sorted(definitions.items())),
    }
    opened = _open(schema)
    assert isinstance(opened, dict)  # noqa: S101 - for mypy: what goes in as one comes out as one
    return opened


def event_schemas() -> dict[str, Schema]:
    """Describe every event, by its fact's name, in path order."""
    return {fact.__name__: event_schema(fact) for fact in FACTS.values()}


def _explain(schema: Schema, owner: type) -> None:
    """Repeat the notes of a class in its schema."""
    notes = notes_of(owner)
    if issubclass(owner, Enum):
        listed = [f"- `{m.value}`: {notes[m.name]}" for m in owner if m.name in notes]
        schema["description"] = "\n".join([inspect.getdoc(owner) or "", *listed])
    elif issubclass(owner, BaseModel):
        for name, member in schema.get("properties", {}).items():
            if name in notes:
                member["description"] = notes[name]


def _open(schema: object) -> object:
    """Allow unknown members, forbid null, and drop titles that only repeat the name."""
    if isinstance(schema, list):
        return [_open(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    opened = {
        name: _without_null(value) if name == "default" else _open(value)
        for name, value in schema.items()
        if not (name == "additionalProperties" and value is False)
        and not (name == "default" and value is None)
    }
    properties = opened.get("properties")
    if isinstance(properties, dict):
        for member in properties.values():
            member.pop("title", None)
    return _single(opened)


def _single(schema: Schema) -> Schema:
    """Make "this or null" just this."""
    choices = schema.get("anyOf", [])
    kept = [choice for choice in choices if choice != {"type": "null"}]
    if len(kept) != 1 or len(choices) == 1:
        return schema
    others = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**kept[0], **others}


def _without_null(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_null(one) for name, one in value.items() if one is not None}
    return value
