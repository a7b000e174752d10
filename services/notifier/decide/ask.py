"""Begins call-backs: what the tracker's `CallbackDue` leads to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.notifier.decide.callback_steps import plan

if TYPE_CHECKING:
    from datetime import datetime

    from services.events import CallbackDue, Event
    from services.notifier.decide.asking import Asking
    from services.notifier.decide.watch import Watch
    from services.runtime.step import Step


def ask(
    event: Event, fact: CallbackDue, step: Step[Watch], asking: Asking, now: datetime
) -> Step[Watch]:
    """Add the call-back that an event asks for to what else follows from it; once only.

    Args:
        event: The tracker's.
        fact: What it says.
        step: What `watch` made of it.
        asking: The policy.
        now: The instant of deciding.
    """
    state = step.state
    if any(callback.callback_id == fact.callback_id for callback in state.callbacks):
        return step
    is_always_asked = state.is_always_asked
    planned = plan(fact, event.complaintid, event.id, asking, now, is_always_asked=is_always_asked)
    return replace(
        step,
        state=replace(state, callbacks=(*state.callbacks, planned.state)),
        facts=(*step.facts, *planned.facts),
        set_deadlines=(*step.set_deadlines, *planned.set_deadlines),
    )
