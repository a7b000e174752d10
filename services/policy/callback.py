"""`sla.toml`, call-back (回访): when, how often and how long the citizen is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from services.policy.callback_steps import ALWAYS, AT_ONCE, Hours, Slot, read_steps

if TYPE_CHECKING:
    from services.policy.durations import Duration
    from services.policy.toml_tables import Table

AskAfter = Literal["reply", "expiry"]
_ASK_AFTER: Final[tuple[AskAfter, ...]] = get_args(AskAfter)


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """How a citizen is asked whether it is solved."""

    delay: Duration  #: From the agency's answer, or from the expiry, to the first attempt.
    attempts_max: int
    spacing: Duration  #: Between two attempts.
    lapse_within: Duration  #: Counted as `delay` is; after this, no answer counts as none.
    rounds_max: int  #: Rounds of handling: 2 allows one reopening.
    #: `expiry`: never before the order's due instant, however early the agency answered (art. 23
    #: of 接诉即办工作条例: the call-back follows the limit's expiry).
    ask_after: AskAfter = "reply"
    #: From when the citizen was first asked; a bad verdict later than this closes the case, and
    #: somebody above sees to it. None: a round that is left is always taken.
    reopen_within: Duration | None = None
    #: `[[callback.steps]]`, attempt by attempt; empty: messages, `spacing` apart.
    steps: tuple[Slot, ...] = ()
    #: Share of first answers that are asked about; a keyed hash of the call-back draws them.
    sample: float = 1.0
    #: How many more calls a supervisor may order for one call-back (再次回访).
    again_max: int = 0

    @property
    def plan(self) -> tuple[Slot, ...]:
        """Every attempt in order."""
        if self.steps:
            return self.steps
        rest = (Slot("sms", self.spacing, ALWAYS) for _ in range(self.attempts_max - 1))
        return (Slot("sms", AT_ONCE, ALWAYS), *rest)

    @property
    def call_hours(self) -> Hours:
        """When somebody may be called outside the plan: the hours of its calls, or of its start."""
        return next(
            (slot.hours for slot in self.steps if slot.channel == "phone"), self.plan[0].hours
        )


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
        ask_after=_ask_after(inner),
        reopen_within=inner.optional_duration("reopen_within"),
        steps=read_steps(inner),
        sample=inner.share("sample") if "sample" in inner.values else 1.0,
        again_max=inner.integer("again_max", least=0, default=0),
    )
    last = rules.delay.rough_seconds + sum(slot.gap.rough_seconds for slot in rules.plan)
    if last >= rules.lapse_within.rough_seconds:
        inner.error("it would lapse before the last attempt", "lapse_within")
    if len(rules.plan) > rules.attempts_max:
        inner.error(
            f"the steps have {len(rules.plan)} attempts, more than `attempts_max`", "attempts_max"
        )
    inner.optional_text("source")
    inner.finish()
    return rules


def _ask_after(table: Table) -> AskAfter:
    text = table.optional_text("ask_after") or _ASK_AFTER[0]
    for known in _ASK_AFTER:
        if text == known:
            return known
    table.error(f"`ask_after` must be one of {', '.join(_ASK_AFTER)}", "ask_after")
    return _ASK_AFTER[0]
