"""The AsyncAPI document is whole: every reference leads somewhere, every fact is said once.

The rules are those of AsyncAPI 3.0.0 that a wrong generator could break; the official parser is
a program for another language and not needed to run these tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.events import FACTS, SOURCES, TOPICS
from services.runtime.migrate import topic_names

FOLDER = Path(__file__).parents[2] / "docs" / "events"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The published document."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))
    return found


def references(node: Any) -> Iterator[str]:
    """Every `$ref` in a document."""
    for name, value in node.items() if isinstance(node, dict) else enumerate(node):
        if name == "$ref":
            yield value
        elif isinstance(value, (dict, list)):
            yield from references(value)


def at(document: Any, reference: str) -> Any:
    """What a local reference leads to."""
    for name in reference.removeprefix("#/").split("/"):
        document = document[name]
    return document


def test_only_parts_that_the_version_knows_are_used(document: dict[str, Any]) -> None:
    """AsyncAPI 3.0.0, "AsyncAPI Object"."""
    assert document["asyncapi"] == "3.0.0"
    known = {"id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
    assert document.keys() == {"asyncapi", *known}
    assert {"title", "version"} <= document["info"].keys()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """A tool gives up at the first one that doesn't."""
    for reference in references(document):
        if reference.startswith("./"):
            assert json.loads((FOLDER / reference).read_bytes())["title"] == Path(reference).stem
        else:
            assert at(document, reference)


def test_every_topic_of_an_installation_is_a_channel(document: dict[str, Any]) -> None:
    """What `migrate` creates and what the document says must be the same."""
    assert {channel["address"] for channel in document["channels"].values()} == set(topic_names())
    for channel in document["channels"].values():
        kafka = channel["bindings"]["kafka"]
        assert kafka["topic"] == channel["address"]
        assert kafka["partitions"] == 12
        assert kafka["bindingVersion"] == "0.5.0"


def test_every_fact_is_a_message_of_its_topic(document: dict[str, Any]) -> None:
    """Whoever subscribes wants to know all that can come."""
    for topic in TOPICS:
        channel = next(c for c in document["channels"].values() if c["address"] == topic.name)
        assert list(channel["messages"]) == [fact.__name__ for fact in topic.facts]
    for fact in FACTS.values():
        message = document["components"]["messages"][fact.__name__]
        assert message["name"] == f"whistle.{fact.__name__}"
        assert message["payload"] == {"$ref": f"./{fact.__name__}.json"}
        assert message["bindings"]["kafka"]["key"]["format"] == "uuid"
        assert set(message["headers"]["required"]) <= message["headers"]["properties"].keys()


def test_every_topic_is_sent_by_its_writer_only(document: dict[str, Any]) -> None:
    """One topic, one writer."""
    sent = [
        (one["tags"][0]["name"], at(document, one["channel"]["$ref"])["address"])
        for one in document["operations"].values()
        if one["action"] == "send"
    ]
    expected = [(topic.source, topic.name) for topic in TOPICS]
    assert sorted(sent) == sorted([*expected, *((s, f"{s}.dead-letters") for s in SOURCES)])


def test_every_reader_names_its_group(document: dict[str, Any]) -> None:
    """Operators look lag up by group."""
    reading = [one for one in document["operations"].values() if one["action"] == "receive"]
    assert {one["tags"][0]["name"] for one in reading} == set(SOURCES)
    for one in reading:
        service = one["tags"][0]["name"]
        assert one["bindings"]["kafka"]["groupId"]["const"] == f"whistle-{service}"
