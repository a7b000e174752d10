"""From another system's call to complaints, as a hook's mapping says: explained field by field.

Nothing is guessed. An expression that can't be evaluated, or gives something that a field
can't be, is told with its place; whoever called isn't the one who must mend it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jmespath.exceptions import JMESPathError

from services.intake.decide.hook_bodies import UnreadableError, read_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.hooks import Expression, HookMapping

#: Complaints of one call at the most.
ITEMS_MAX = 100

#: What is longer is cut: the original is kept, and words that wait help nobody.
_CUT = {"text": 10_000, "title": 200, "address": 500}

_PLACE = ("district", "street", "community", "address", "longitude", "latitude")
_REPORTER = ("name", "phone", "is_secret")
_NUMBERS = ("longitude", "latitude")
_ADDRESS = re.compile(r"https?://[!-~]{3,1900}")
_ADDRESSES_MAX = 5
_YES = frozenset({"yes", "true", "1", "y", "是", "保密"})
_NO = frozenset({"no", "false", "0", "n", "否", "不保密", "公开"})


@dataclass(frozen=True, slots=True)
class Filled:
    """A field of a complaint, and where it comes from."""

    field: str
    expression: str  #: Or `constant`.
    value: str


@dataclass(frozen=True, slots=True)
class Broken:
    """What can't be mapped; `expression` is None where the body itself can't be read."""

    field: str
    reason: str
    expression: str | None = None
    line: int = 0  #: Of the expression, in the mapping's file.
    item: int | None = None  #: Which complaint of the call, counted from 0.

    def __str__(self) -> str:
        """Say it in one line, without a word of the caller."""
        which = "" if self.item is None else f"item {self.item}: "
        by = f" ({self.expression})" if self.expression else ""
        return f"{which}{self.field}{by}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Made:
    """One complaint of a call."""

    body: dict[str, Any]  #: As `POST /v1/complaints` takes it.
    filled: tuple[Filled, ...]


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a call holds: complaints, items that can't be mapped, or nothing to take."""

    made: tuple[Made | Broken, ...] = ()
    is_wanted: bool = True  #: False: the mapping's `when` says that it is no complaint.


class _WrongError(ValueError):
    """A value that a field can't have; the message says why, without the value."""


@dataclass(slots=True)
class _Item:
    """A complaint in the making."""

    said: Any
    mapping: HookMapping
    values: dict[str, Any] = field(default_factory=dict)
    filled: list[Filled] = field(default_factory=list)


def map_call(mapping: HookMapping, body: bytes, content_type: str = "") -> Mapped | Broken:
    """Make complaints of a call.

    Args:
        mapping: Of the source.
        body: Exactly as it came.
        content_type: For its charset, where the mapping names none.

    Returns:
        The complaints, each perhaps broken; or what is wrong with the whole.
    """
    try:
        said = read_body(mapping, body, content_type)
    except UnreadableError as error:
        return Broken("body", str(error))
    try:
        is_wanted = mapping.when is None or not _is_nothing(_search(mapping.when, said))
    except _WrongError as error:
        return _broken("when", mapping.when, str(error))
    if not is_wanted:
        return Mapped(is_wanted=False)
    if mapping.items is None:
        return Mapped((_made(mapping, said, None),))
    return _several(mapping, mapping.items, said)


def _is_nothing(found: Any) -> bool:  # noqa: ANN401 - any JSON
    """Tell what JMESPath takes for false; the number zero isn't."""
    return found is None or found is False or (isinstance(found, str | list | dict) and not found)


def _several(mapping: HookMapping, expression: Expression, said: Any) -> Mapped | Broken:  # noqa: ANN401 - any JSON
    try:
        items = _search(expression, said)
    except _WrongError as error:
        return _broken("items", expression, str(error))
    if not isinstance(items, list) or not items:
        return _broken("items", expression, "gives no list with anything in it")
    if len(items) > ITEMS_MAX:
        return _broken("items", expression, f"gives more than {ITEMS_MAX} complaints")
    return Mapped(tuple(_made(mapping, item, number) for number, item in enumerate(items)))


def _search(expression: Expression, said: Any) -> Any:  # noqa: ANN401 - any JSON
    try:
        return expression.parsed.search(said)
    except JMESPathError as error:
        raise _WrongError(f"can't be evaluated: {type(error).__name__}") from error


def _broken(
    name: str, expression: Expression | None, reason: str, item: int | None = None
) -> Broken:
    if expression is None:
        return Broken(name, reason, item=item)
    return Broken(name, reason, expression.text, expression.line, item)


def _made(mapping: HookMapping, said: Any, number: int | None) -> Made | Broken:  # noqa: ANN401 - any JSON
    item = _Item(said, mapping)
    for name, expression in mapping.fields.items():
        try:
            value = _value(mapping, name, _search(expression, said))
        except _WrongError as error:
            return _broken(name, expression, str(error), number)
        if value is not None:
            item.values[name] = value
            item.filled.append(Filled(name, expression.text, _written(value)))
    for name, constant in mapping.constants.items():
        if name not in item.values:
            item.values[name] = _value(mapping, name, constant, is_ours=True)
            item.filled.append(Filled(name, "constant", constant))
    if "text" not in item.values:
        return _broken("text", mapping.fields.get("text"), "gives no words", number)
    return Made(_body(mapping, item.values), tuple(item.filled))


def _value(
    mapping: HookMapping,
    name: str,
    said: Any,  # noqa: ANN401 - any JSON
    *,
    is_ours: bool = False,
) -> Any:  # noqa: ANN401 - text, number or truth
    """Turn what an expression gives into what the field holds; None: not given."""
    if name == "media_urls":
        return _addresses(said)
    if name == "external_id" and isinstance(said, float):
        # Two long ids may be one and the same as such a number.
        raise _WrongError("gives a number with a fraction or an exponent: no id")
    text = _as_text(said)
    table = mapping.values.get(name)
    if text and table is not None and not is_ours:
        # What a system says beyond the table is nothing we know: left to the rest of the path.
        text = table.get(text)
    if not text:
        return None
    if name in _NUMBERS:
        return _number(text)
    if name == "is_secret":
        return _truth(text)
    if name == "received_at":
        return _instant(mapping, text)
    limit = _CUT.get(name)
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"


def _written(value: Any) -> str:  # noqa: ANN401 - text, number or truth
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(value)
    return str(value)


def _as_text(said: Any) -> str | None:  # noqa: ANN401 - any JSON
    if said is None:
        return None
    if isinstance(said, bool):
        return "true" if said else "false"
    if isinstance(said, str | int | float):
        return str(said).replace("\0", "").strip()
    raise _WrongError(f"gives a {'list' if isinstance(said, list) else 'table'}, not a text")


def _addresses(said: Any) -> tuple[str, ...] | None:  # noqa: ANN401 - any JSON
    """Keep the addresses of pictures; what is none costs no complaint."""
    texts = [
        one.strip() for one in (said if isinstance(said, list) else [said]) if isinstance(one, str)
    ]
    found = [one for one in dict.fromkeys(texts) if _ADDRESS.fullmatch(one)]
    return tuple(found[:_ADDRESSES_MAX]) or None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError as error:
        raise _WrongError("gives no number") from error
    return number or None  # Zero, zero is what devices say that don't know where they are.


def _truth(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise _WrongError("gives neither yes nor no")


_UNITS = {"unix": 1, "unix-ms": 1_000}


def _instant(mapping: HookMapping, text: str) -> str:
    for written in mapping.received_formats:
        try:
            if written in _UNITS:
                found = datetime.fromtimestamp(float(text) / _UNITS[written], UTC)
            elif written == "iso":
                found = datetime.fromisoformat(text)
            else:
                found = datetime.strptime(text, written)  # noqa: DTZ007 - made aware below
        except (ValueError, OverflowError, OSError):
            continue
        zone = ZoneInfo(mapping.time_zone)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).isoformat()
    raise _WrongError("gives no instant that `received_formats` knows")


def _body(mapping: HookMapping, values: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"channel": "hook"}
    body |= {k: v for k, v in values.items() if k not in _PLACE and k not in _REPORTER}
    # A position with only one number is none.
    half = sum(name in values for name in _NUMBERS) == 1
    place = {k: values[k] for k in _PLACE if k in values and not (half and k in _NUMBERS)}
    reporter = {k: values[k] for k in _REPORTER if k in values}
    body["origin"] = mapping.origin
    if place:
        body["place"] = place
    if reporter:
        body["reporter"] = reporter
    return body
