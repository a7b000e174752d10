"""The whistle's tables as a page: its part of `docs/lifecycle.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.tracker.decide.chart import diagram, waiting
from services.tracker.decide.whistle import (
    CALL,
    CALL_FINAL,
    CALL_WAITS_FOR,
    WHISTLE,
    WHISTLE_FINAL,
    WHISTLE_WAITS_FOR,
    CallState,
    WhistleState,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum


def whistle_mermaid() -> str:
    """Write both machines: diagram, table, and who ends each state."""
    calls: dict[tuple[StrEnum | None, str], StrEnum] = {(None, "blown"): CallState.CALLED}
    calls.update({(state, trigger): new for (state, trigger), new in CALL.items()})
    whistles: Mapping[tuple[StrEnum | None, str], StrEnum] = {
        (state, str(trigger)): new for (state, trigger), new in WHISTLE.items()
    }
    return "\n".join(
        [
            "## Whistle",
            "",
            *diagram(whistles, WHISTLE_FINAL),
            "",
            *waiting(WhistleState, WHISTLE_WAITS_FOR),
            "",
            "## Body that a whistle calls",
            "",
            *diagram(calls, CALL_FINAL),
            "",
            *waiting(CallState, CALL_WAITS_FOR),
            "",
        ]
    )
