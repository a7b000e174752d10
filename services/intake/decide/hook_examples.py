"""Runs the examples of hooks' mappings: `whistle policy check` shows what comes out otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.decide.mapping import Broken, Made, map_call
from services.policy.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.policy import HookExample, HookMapping, Policy


def broken_hook_examples(policy: Policy) -> tuple[Fault, ...]:
    """Find every example of a mapping that becomes something else than it says."""
    return tuple(
        Fault(mapping.file, example.line, f"an example {reason}")
        for mapping in policy.hooks.values()
        for example in mapping.examples
        for reason in _reasons(mapping, example)
    )


def _reasons(mapping: HookMapping, example: HookExample) -> Iterator[str]:
    body = example.body.encode(mapping.charset or "utf-8", errors="replace")
    mapped = map_call(mapping, body)
    if isinstance(mapped, Broken):
        yield f"can't be mapped: {mapped}"
        return
    if example.expect is None or not mapped.is_wanted:
        if example.expect is not None:
            yield "expects a complaint, and `when` gives nothing"
        elif mapped.is_wanted:
            yield "expects to be ignored, and `when` gives something"
        return
    if len(mapped.made) != len(example.expect):
        yield f"expects {len(example.expect)} complaints, and {len(mapped.made)} came"
        return
    for made, expect in zip(mapped.made, example.expect, strict=True):
        yield from _differences(made, expect)


def _differences(made: Made | Broken, expect: Mapping[str, str]) -> Iterator[str]:
    if isinstance(made, Broken):
        yield f"can't be mapped: {made}"
        return
    came = {filled.field: filled.value for filled in made.filled}
    for name, value in expect.items():
        if came.get(name, "") != value:
            yield f"expects {name} {value!r}, and {came.get(name, '')!r} came"
