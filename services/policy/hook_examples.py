"""Examples inside a hook's mapping: a call, and the complaints it must become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.policy.toml_tables import Table


@dataclass(frozen=True, slots=True)
class HookExample:
    """One call of the system, and what must become of it."""

    body: str  #: As it comes; a form with its `&`, percent-encoded or not.
    #: The fields of each complaint that matter here, all written as texts; an empty text means
    #: that the field isn't given. None: the call is no complaint (`when` gives nothing).
    expect: tuple[Mapping[str, str], ...] | None
    line: int  #: Where it stands in its file.


def read_hook_examples(table: Table, fields: Sequence[str]) -> tuple[HookExample, ...]:
    """Read `[[examples]]`.

    Args:
        table: The mapping's outermost table.
        fields: What may be expected.

    Returns:
        The examples in file order.
    """
    return tuple(_example(inner, fields) for inner in table.each("examples"))


def _example(table: Table, fields: Sequence[str]) -> HookExample:
    body = table.text("body")
    expect: tuple[Mapping[str, str], ...] | None = None
    if table.values.get("expect") == "ignored":
        table.asked.add("expect")
    elif isinstance(table.values.get("expect"), list):
        expect = tuple(_expected(inner, fields) for inner in table.each("expect"))
    else:
        expect = (_expected(table.table("expect"), fields),)
    table.finish()
    if expect is not None and not all(expect):
        table.error('`expect` must be "ignored", or name at least one field of each complaint')
    return HookExample(body, expect, table.line)


def _expected(table: Table, fields: Sequence[str]) -> dict[str, str]:
    expected: dict[str, str] = {}
    for name in fields:
        if name not in table.values:
            continue
        table.asked.add(name)
        value = table.values[name]
        if isinstance(value, str):
            expected[name] = value
        else:
            table.error(f"`{name}` must be a text; an empty one means: not given", name)
    table.finish()
    return expected
