"""A request as bytes and back, so that it can be kept and read later."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from services.events import Attribute, Channel, Nature, Urgency
from services.intake.decide.acceptance import Request


def write(request: Request) -> bytes:
    """Write a request as JSON; what says nothing is left out."""
    said = {
        name: value
        for name in Request.__slots__
        if (value := getattr(request, name)) not in (None, ())
    }
    return orjson.dumps(said, default=_plain)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a request holds
    if isinstance(value, Attribute):
        return value.model_dump()
    raise TypeError(f"no request holds a {type(value).__name__}")


def read(written: bytes) -> Request:
    """Read what `write` wrote; a field of a later version is passed over."""
    said = {
        name: value for name, value in orjson.loads(written).items() if name in Request.__slots__
    }
    said["channel"] = Channel(said["channel"])
    said["urgency"] = Urgency(said["urgency"])
    if "nature" in said:
        said["nature"] = Nature(said["nature"])
    if "received_at" in said:
        said["received_at"] = datetime.fromisoformat(said["received_at"])
    said["attributes"] = tuple(map(Attribute.model_validate, said.get("attributes", ())))
    said["media_urls"] = tuple(said.get("media_urls", ()))
    return Request(**said)
