"""`sla.toml`, call-back (回访): when, how often and how long the citizen is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.policy.durations import Duration
    from services.policy.toml_tables import Table


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """How a citizen is asked whether it is solved."""

    delay: Duration  #: From the agency's answer to the first attempt.
    attempts_max: int
    spacing: Duration  #: Between two attempts.
    lapse_within: Duration  #: From the answer; after this, no answer counts as none.
    rounds_max: int  #: Rounds of handling: 2 allows one reopening.


def read_callback(table: Table) -> CallbackRules:
    """Read `[callback]`.

    Args:
        table: The outermost table of `sla.toml`.

    Returns:
        The rules.
    """
    inner = table.table("callback")
    rules = CallbackRules(
        delay=inner.duration("delay"),
        attempts_max=inner.integer("attempts_max", least=1),
        spacing=inner.duration("spacing"),
        lapse_within=inner.duration("lapse_within"),
        rounds_max=inner.integer("rounds_max", least=1),
    )
    last = rules.delay.rough_seconds + (rules.attempts_max - 1) * rules.spacing.rough_seconds
    if last >= rules.lapse_within.rough_seconds:
        inner.error("it would lapse before the last attempt", "lapse_within")
    inner.optional_text("source")
    inner.finish()
    return rules
