"""Bytes to events and back."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from services.events.envelope import Event, Fact
from services.events.topics import FACTS


class InvalidEventError(ValueError):
    """The bytes are not an event that this version knows; a dead letter at once."""

    code = "invalid-event"


class _Undecided(Fact):
    """Stands in for a fact while the envelope around it is checked."""


_UNDECIDED = _Undecided()


def encode(event: Event) -> bytes:
    """Write an event as structured-mode CloudEvents JSON."""
    return event.model_dump_json(exclude_none=True).encode()


def decode(body: bytes) -> Event:
    """Read an event, ignoring fields that this version doesn't know.

    Args:
        body: Structured-mode CloudEvents JSON.

    Raises:
        InvalidEventError: Not JSON, not an envelope, an unknown type, or a fact with a
            missing or wrong field. The message names the field.
    """
    try:
        raw: Any = from_json(body)
        if not isinstance(raw, dict):
            raise InvalidEventError("the event is not a JSON object")
        fact_type = FACTS.get(str(raw.get("type")))
        if fact_type is None:
            raise InvalidEventError(f"type: unknown event type {raw.get('type')!r}")
        fact = _fact(fact_type, raw.get("data"))
        raw["data"] = _UNDECIDED
        envelope = Event.model_validate(raw, extra="ignore")
    except ValidationError as error:
        raise InvalidEventError(_first_fault(error)) from error
    except ValueError as error:
        raise InvalidEventError(str(error)) from error
    return envelope.model_copy(update={"data": fact})


def _fact(fact_type: type[Fact], data: Any) -> Fact:  # noqa: ANN401 - any JSON
    try:
        return fact_type.model_validate(data, extra="ignore")
    except ValidationError as error:
        raise InvalidEventError(_first_fault(error, "data")) from error


def _first_fault(error: ValidationError, *within: str) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in (*within, *first['loc']))}: {first['msg']}"
