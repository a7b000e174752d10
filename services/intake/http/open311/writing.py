"""Answers as GeoReport v2 writes them: JSON by its Spark convention, or the same as XML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal
from xml.etree.ElementTree import Element, SubElement, tostring

import orjson
from fastapi import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake.http.desk import Desk

Format = Literal["json", "xml"]

_TYPES: Mapping[Format, str] = {"json": "application/json", "xml": "text/xml"}

#: What a list's elements are called in XML.
_ITEMS = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}

#: Signs that XML 1.0 can't hold, not even escaped (section 2.2).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def answer(
    desk: Desk,
    fmt: Format,
    root: str,
    content: Any,  # noqa: ANN401 - any JSON
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Write an answer.

    Args:
        desk: Whose policy says whether the content type names its charset.
        fmt: As the caller asked by the path's ending.
        root: XML's outermost element; JSON has none.
        content: Objects, lists, texts, numbers, booleans and None.
        status: The HTTP status.
        headers: Further ones.
    """
    written = to_xml(root, content) if fmt == "xml" else orjson.dumps(content)
    told = {
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
        "X-Content-Type-Options": "nosniff",
        # Not by `media_type`: Starlette would add a charset to text/xml on its own.
        "Content-Type": _TYPES[fmt] + ("; charset=utf-8" if _names_charset(desk) else ""),
    }
    return Response(written, status, {**told, **(headers or {})})


def _names_charset(desk: Desk) -> bool:
    rules = desk.policies.current.open311 if desk.policies.is_loaded else None
    return rules is None or rules.names_charset


def to_xml(root: str, content: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Write a document."""
    element = Element(root)
    _fill(element, content)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + bytes(tostring(element, "utf-8"))


def _fill(element: Element, content: Any) -> None:  # noqa: ANN401 - any JSON
    match content:
        case dict():
            for name, value in content.items():
                _fill(SubElement(element, name), value)
        case list():
            for value in content:
                _fill(SubElement(element, _ITEMS[element.tag]), value)
        case bool():
            element.text = "true" if content else "false"
        case None:
            pass
        case _:
            element.text = _FORBIDDEN.sub("", str(content))
