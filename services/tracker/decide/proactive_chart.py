"""The proactive case's table as a page: its part of `docs/lifecycle.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.tracker.decide.chart import diagram, waiting
from services.tracker.decide.proactive import (
    PROACTIVE,
    PROACTIVE_FINAL,
    PROACTIVE_WAITS_FOR,
    ProactiveState,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum


def proactive_mermaid() -> str:
    """Write the machine: diagram, table, and who ends each state."""
    table: Mapping[tuple[StrEnum | None, str], StrEnum] = {
        (state, str(trigger)): new for (state, trigger), new in PROACTIVE.items()
    }
    return "\n".join(
        [
            "## Proactive case",
            "",
            *diagram(table, PROACTIVE_FINAL),
            "",
            *waiting(ProactiveState, PROACTIVE_WAITS_FOR),
            "",
        ]
    )
