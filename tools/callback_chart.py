"""The call-back's table as a part of `docs/lifecycle.md`, after the tracker's machines."""

from __future__ import annotations

from services.notifier.decide.callback_table import (
    CALLBACK,
    CALLBACK_FINAL,
    CALLBACK_WAITS_FOR,
    CallbackState,
)
from services.tracker.decide.chart import diagram, waiting


def callback_mermaid() -> str:
    """Write diagram, table, and who ends each state."""
    lines = [
        "## Call-back",
        "",
        "The notifier's: asking the person. The tracker judges the answer.",
        "",
        *diagram({(s, t): n for (s, t), n in CALLBACK.items()}, CALLBACK_FINAL),
        "",
        *waiting(CallbackState, CALLBACK_WAITS_FOR),
        "",
    ]
    return "\n".join(lines)
