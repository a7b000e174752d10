"""What integrators copy out of the documents is true: payloads, types, commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from services.events import decode
from services.notifier.http.bodies import DEFAULT_TYPES

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = ("integrations.md", "integrations.zh-CN.md")
BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\[(\w+)\]\(events/(\w+)\.json\)")
#: Left out of the short examples.
ENVELOPE = {
    "specversion": "1.0",
    "id": "54cb12c8-bd6d-509f-a09c-832f45a618d6",
    "source": "tracker",
    "time": "2026-11-24T04:00:11Z",
    "datacontenttype": "application/json",
    "complaintid": "01a20ea1-2483-738b-b2d5-4c6c30a31432",
    "sequence": 3,
}


def examples() -> list[dict]:
    """Every payload of the guide: whole ones, and one a line without the envelope."""
    found = []
    for block in BLOCK.findall((DOCS / "integrations.md").read_text()):
        try:
            one = json.loads(block)
        except ValueError:
            found += [ENVELOPE | json.loads(line) for line in block.splitlines()]
        else:
            found += [one] if str(one.get("type", "")).startswith("whistle.") else []
    return found


def is_event(one: dict) -> bool:
    """Whether there is a schema for it."""
    return (DOCS / "events" / f"{one['type'].removeprefix('whistle.')}.json").exists()


@pytest.mark.parametrize(
    "event", [one for one in examples() if is_event(one)], ids=lambda one: one["type"]
)
def test_an_example_of_a_payload_is_what_is_sent(event: dict) -> None:
    """It holds by the generated schema, and has no member that we don't know."""
    schema = json.loads(
        (DOCS / "events" / f"{event['type'].removeprefix('whistle.')}.json").read_text()
    )
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(event)
    fact = decode(json.dumps(event).encode()).data
    assert set(event["data"]) <= set(type(fact).model_fields)


def test_the_guide_shows_the_payloads_that_matter_most() -> None:
    """So that the check above can't be satisfied by nothing."""
    shown = {one["type"].removeprefix("whistle.") for one in examples()}
    assert len(shown) >= 10
    assert {"OrderDispatched", "OrderBreached", "CaseReopened", "CaseClosed"} <= shown


def test_every_type_sent_by_default_has_its_schema_in_the_guide() -> None:
    """Whoever registers without a choice finds each thing that may come."""
    linked = LINK.findall((DOCS / "integrations.md").read_text())
    assert {name for name, _ in linked} >= set(DEFAULT_TYPES)
    assert all(name == file for name, file in linked)


@pytest.mark.parametrize("guide", GUIDES)
def test_the_guides_name_the_examples_where_they_are(guide: str) -> None:
    """A command that is copied must not end with "no such file"."""
    text = (DOCS / guide).read_text()
    named = set(re.findall(r"examples/receivers/[\w/.]+", text))
    assert named >= {
        "examples/receivers/python/receiver.py",
        "examples/receivers/node/receiver.mjs",
    }
    assert [one for one in named if not (DOCS.parent / one).exists()] == []
