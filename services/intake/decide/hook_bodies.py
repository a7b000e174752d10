"""The bytes of another system's call: JSON, or a form, in the charset that is declared."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import orjson

from services.policy.hooks import charset_of

if TYPE_CHECKING:
    from services.policy.hooks import HookMapping

#: Fields of one form at the most.
_FORM_FIELDS_MAX = 1_000

#: From so many digits on a whole number may be one that orjson makes a float of.
_LONG_NUMBER = re.compile(r"[0-9]{19}")


class UnreadableError(ValueError):
    """A body that can't be read; the message says why, without a word of it."""


def read_body(mapping: HookMapping, body: bytes, content_type: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Read a call's bytes: JSON, or a form as a table of its fields.

    Raises:
        UnreadableError: It is of another kind or charset.
    """
    charset = mapping.charset or _declared(content_type) or "utf-8"
    try:
        if mapping.content == "form":
            return _form(body, charset)
        # JSON in UTF-8 is checked by its reader; any other charset has to be turned first.
        return _json(body if charset == "utf-8" else body.decode(charset))
    except UnicodeDecodeError as error:
        raise UnreadableError(f"isn't written in {charset}") from error
    except orjson.JSONDecodeError as error:
        raise UnreadableError(f"is no JSON: {error.msg}, line {error.lineno}") from error


def _json(body: bytes | str) -> Any:  # noqa: ANN401 - any JSON
    """Read JSON and keep every digit of a whole number: two long ids must not become one."""
    said = orjson.loads(body)  # Strict, and fast.
    text = body if isinstance(body, str) else body.decode()
    if not _LONG_NUMBER.search(text):
        return said
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("holds a number too long, or tables too deep, to be read") from error


def _declared(content_type: str) -> str | None:
    for part in content_type.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return charset_of(value)
    return None


def _form(body: bytes, charset: str) -> dict[str, Any]:
    """Read a form; what isn't percent-encoded is taken as it is."""
    pairs = [pair for pair in body.strip().split(b"&", _FORM_FIELDS_MAX + 1) if pair]
    if len(pairs) > _FORM_FIELDS_MAX:
        raise UnreadableError(f"has more than {_FORM_FIELDS_MAX} fields")
    form: dict[str, Any] = {}
    for pair in pairs:
        written = (unquote_to_bytes(part.replace(b"+", b" ")) for part in pair.split(b"=", 1))
        name, *rest = (part.decode(charset) for part in written)
        value = rest[0] if rest else ""
        if name not in form:
            form[name] = value
        elif isinstance(form[name], list):
            form[name].append(value)
        else:
            form[name] = [form[name], value]
    return form
