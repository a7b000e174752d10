"""A verdict that counts in no rate (剔除): a supervisor's word, for a reason of the policy.

The rules on which verdicts may be left out aren't published (reference: domain notes,
section 4), so the policy lists the reasons, and every exclusion names reason and approver.
It can't be taken back or said twice, and the figures show the score with and without it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import VerdictExcluded
from services.runtime.step import Ignored
from services.tracker.decide.case import CallbackState, Exclusion

if TYPE_CHECKING:
    from services.events import CaseActionReported
    from services.tracker.decide.turn import Turn


def exclude(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    """Leave a verdict out of the rates.

    Only an answered call-back has a verdict: one that lapsed or was dropped is left out
    already. Whoever handles or dispatches must not judge what counts, so only a supervisor
    may; `officers` lets nobody else come this far.

    Args:
        turn: The case, open or closed; it says `VerdictExcluded`.
        fact: Names the call-back and the reason.

    Returns:
        None, or why nothing changes.
    """
    held = turn.case.callbacks
    callback = next((one for one in held if one.callback_id == fact.callback_id), None)
    if callback is None:
        return Ignored("callback-unknown")
    if callback.state is not CallbackState.ANSWERED:
        return Ignored(f"callback-{callback.state}")
    if callback.exclusion is not None:
        return Ignored("verdict-excluded-already")
    reason = fact.reason
    if reason is None or not turn.policy.scoring.allows_exclusion(reason):
        return Ignored("unknown-exclusion")
    exclusion = Exclusion(reason, fact.officer, turn.now, fact.note)
    changed = replace(callback, exclusion=exclusion)
    callbacks = tuple(changed if one is callback else one for one in held)
    turn.case = replace(turn.case, callbacks=callbacks)
    turn.say(
        VerdictExcluded(
            callback_id=callback.callback_id,
            reason=reason,
            approved_by=fact.officer,
            note=fact.note,
        )
    )
    return None
