"""Filters of subscriptions: JMESPath over the envelope as it is sent in full.

Rules of this file:
Rule 1. What a filter finds must be truthy in JMESPath's sense: not null, false, or empty.
Rule 2. A filter that raises is a filter that doesn't match: nobody is told by mistake.
Rule 3. Evaluating takes no longer than about the envelope's size times the filter's length.
So what could multiply what it finds is refused when the endpoint is written: lists and
objects that are built, functions that build, and written lists outside comparisons.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jmespath
import orjson
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.notifier.decide.directory import Endpoint
    from services.notifier.decide.payload import Forms

#: Characters a filter may have.
FILTER_CHARS_MAX = 1000

#: Levels an expression may nest; Python's own limit would come at a depth nobody can predict.
_DEPTH_MAX = 40

#: Functions that give something no bigger than what they are given.
_FUNCTIONS = (
    "abs",
    "avg",
    "ceil",
    "contains",
    "ends_with",
    "floor",
    "keys",
    "length",
    "max",
    "min",
    "starts_with",
    "sum",
    "to_number",
    "to_string",
    "type",
    "values",
)

#: What can't be in a filter, and what to do instead.
_REFUSED = {
    "multi_select_list": "builds a list with `[a, b]`; join conditions with && or ||",
    "multi_select_dict": "builds an object with `{a: b}`; join conditions with && or ||",
    "expref": "hands over an expression with `&`",
}


class Filter:
    """A filter that has been checked."""

    def __init__(self, text: str) -> None:
        """Compile and check it.

        Raises:
            ValueError: It isn't JMESPath, or could take too long. Says what is wrong.
        """
        if len(text) > FILTER_CHARS_MAX:
            raise ValueError(f"has {len(text)} characters; {FILTER_CHARS_MAX} are the most")
        if "\x00" in text:
            raise ValueError("has a NUL character")
        try:
            self._expression = jmespath.compile(text)
        except JMESPathError as error:
            raise ValueError(f"isn't JMESPath: {' '.join(str(error).split())}") from error
        except RecursionError as error:
            raise ValueError(f"nests deeper than {_DEPTH_MAX} levels") from error
        parsed: Any = self._expression.parsed
        _check(parsed)

    def matches(self, envelope: Any) -> bool | None:  # noqa: ANN401 - any JSON
        """Tell whether an envelope is wanted; None: it raised (Rule 2).

        Args:
            envelope: As decoded from what is sent in full.
        """
        try:
            found = self._expression.search(envelope)
        except Exception:  # noqa: BLE001 - besides its own errors it raises Python's
            return None
        # 0 is truthy in JMESPath, and 0 == False in Python.
        return not (found is None or found is False or found in ("", [], {}))


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Filter | None:
    """Compile once; None: stored by a version that took what this one refuses."""
    try:
        return Filter(text)
    except ValueError:
        return None


def passing(endpoints: tuple[Endpoint, ...], forms: Forms) -> tuple[tuple[Endpoint, ...], int]:
    """Find those whose filter lets an event through; the same filter is asked once.

    Args:
        endpoints: That the event concerns.
        forms: The event; only if anybody has a filter is it decoded.

    Returns:
        Those to be told, and how many filters raised.
    """
    if all(endpoint.filter is None for endpoint in endpoints):
        return endpoints, 0
    envelope = orjson.loads(forms.of("full"))
    verdicts: dict[str | None, bool | None] = {None: True}
    found = []
    for endpoint in endpoints:
        text = endpoint.filter
        if text not in verdicts:
            compiled = _compiled(text or "")
            verdicts[text] = compiled.matches(envelope) if compiled else None
        if verdicts[text]:
            found.append(endpoint)
    return tuple(found), sum(verdict is None for verdict in verdicts.values())


def _check(parsed: dict[str, Any]) -> None:
    for node, above, depth in _nodes(parsed):
        kind = node["type"]
        if depth > _DEPTH_MAX:
            raise ValueError(f"nests deeper than {_DEPTH_MAX} levels")
        if kind in _REFUSED:
            raise ValueError(f"{_REFUSED[kind]}: not possible in a filter")
        if kind == "function_expression":
            _check_call(node)
        if kind == "literal" and isinstance(node["value"], list | dict) and not _compares(above):
            raise ValueError(
                "has a written list or object outside of a comparison; write"
                " contains(`[...]`, field) or field == `[...]`"
            )


def _check_call(node: dict[str, Any]) -> None:
    name, args = node["value"], node["children"]
    if name not in _FUNCTIONS:
        raise ValueError(f"calls {name}(); there are {', '.join(_FUNCTIONS)}")
    wanted = len(Functions.FUNCTION_TABLE[name]["signature"])
    if len(args) != wanted:
        raise ValueError(f"calls {name}() with {len(args)} arguments; it takes {wanted}")


def _compares(node: dict[str, Any] | None) -> bool:
    return node is not None and (
        node["type"] == "comparator"
        or (node["type"] == "function_expression" and node["value"] == "contains")
    )


def _nodes(
    parsed: dict[str, Any],
) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None, int]]:
    """Go through an expression: each node, the one above it, and its depth."""
    waiting: list[tuple[dict[str, Any], dict[str, Any] | None, int]] = [(parsed, None, 1)]
    while waiting:
        node, above, depth = waiting.pop()
        yield node, above, depth
        # A slice's children are its numbers.
        below = [child for child in node["children"] if isinstance(child, dict)]
        waiting.extend((child, node, depth + 1) for child in below)
