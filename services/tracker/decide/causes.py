"""Root causes (根因) of what was resolved: said by the agency, set right by a supervisor.

The cause stands on the order, and on the call-back that asked about it, from which the figures
are counted. 北京市接诉即办工作条例 art. 24: frequent matters are analysed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import CauseRecorded
from services.runtime.step import Ignored
from services.tracker.decide.case import OrderState

if TYPE_CHECKING:
    from services.events import CaseActionReported
    from services.policy import Policy
    from services.tracker.decide.turn import Turn


def is_known(policy: Policy, cause: str) -> bool:
    """Tell whether a cause can be recorded.

    The door checks it against the policy in force. A case whose own bundle is older, and lists
    none, takes the door's word.
    """
    known = policy.causes.causes
    return not known or cause in known


def record(turn: Turn, fact: CaseActionReported) -> Ignored | None:
    """Set the cause of a resolved order, or correct it; the latest word counts."""
    order = turn.case.order(fact.order_id) if fact.order_id else None
    if order is None:
        return Ignored("order-unknown")
    if order.state is not OrderState.RESOLVED:
        return Ignored(f"order-{order.state}-without-cause")
    cause = fact.reason
    if cause is None or not is_known(turn.policy, cause):
        return Ignored("cause-unknown")
    if cause == order.cause:
        return Ignored("cause-recorded-before")
    turn.put(replace(order, cause=cause))
    callbacks = tuple(
        replace(one, cause=cause) if one.order_id == order.order_id else one
        for one in turn.case.callbacks
    )
    turn.case = replace(turn.case, callbacks=callbacks)
    turn.say(
        CauseRecorded(
            order_id=order.order_id,
            agency=order.agency,
            cause=cause,
            recorded_by=fact.officer,
            was=order.cause,
        )
    )
    return None
