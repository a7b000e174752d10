"""A state machine's table as Markdown: diagram, transitions, and who ends each state."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


S = TypeVar("S", bound=StrEnum)


def diagram(
    table: Mapping[tuple[StrEnum | None, str], StrEnum], final: Iterable[StrEnum]
) -> list[str]:
    """Draw a machine, and list its transitions.

    Args:
        table: What may follow what; None is "not there yet".
        final: States that nothing leaves.
    """
    arrows = [f"    {s or '[*]'} --> {n}: {t}" for (s, t), n in table.items()]
    ends = [f"    {state} --> [*]" for state in sorted(final)]
    header = ["| in state | when | becomes |", "|---|---|---|"]
    rows = [f"| {s or '(none yet)'} | {t} | {n} |" for (s, t), n in table.items()]
    return ["```mermaid", "stateDiagram-v2", *arrows, *ends, "```", "", *header, *rows]


def waiting(states: Iterable[S], waits_for: Mapping[S, tuple[str, ...]]) -> list[str]:
    """List who or what ends each state."""
    header = ["| state | ends by |", "|---|---|"]
    return header + [f"| {s} | {'; '.join(waits_for.get(s, ('(final)',)))} |" for s in states]
