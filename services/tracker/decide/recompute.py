"""What a rule change does to promises already made: nothing, until an officer says so.

A case keeps the bundle that it was promised under, whatever is published. `recounted` says what
another bundle would make of its open orders, counted from the same beginning with every pause
and extension that was granted; `recompute` makes it so. The same function answers both, so what
was shown is what happens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.events import DeadlineRecomputed
from services.runtime.step import Ignored
from services.tracker.decide import promise, relief
from services.tracker.decide.lifecycle import ORDER_STILL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from services.policy import Policy
    from services.tracker.decide.case import Case, Clock, Order
    from services.tracker.decide.turn import Turn


def recounted(case: Case, policy: Policy, now: datetime) -> Iterator[tuple[Order, Clock]]:
    """Say which open orders would be due at another instant, and when.

    A case with a promise by a standard that the bundle doesn't know keeps its clocks.

    Args:
        case: As it stands.
        policy: The bundle to count by.
        now: No warning is due before.
    """
    open_ones = [order for order in case.orders if order.is_open]
    known = (promise.is_known(policy, case, order) for order in open_ones)
    if case.standard not in policy.standards or not all(known):
        return  # Under that bundle neither a pause nor a reopening could be counted.
    for order in open_ones:
        clock = promise.moved(policy, case, order, now)
        was = order.clock
        if (clock.due_at, clock.is_provisional) != (was.due_at, was.is_provisional):
            yield order, clock


def recompute(turn: Turn, approved_by: str) -> Ignored | None:
    """Put a case under the turn's policy, and move what is due; pauses and extensions stay.

    Args:
        turn: The decision under way, with the bundle to count by as its policy.
        approved_by: Label of the officer's key.
    """
    moved = list(recounted(turn.case, turn.policy, turn.now))
    if not moved:
        return Ignored("nothing-moves")
    turn.case = replace(turn.case, policy=turn.policy.hash)
    for order, clock in moved:
        after = replace(order, clock=clock)
        if after.state in ORDER_STILL:
            turn.put(after)  # Its clock stands still; the pause's own end doesn't move.
        else:
            after = relief.run_on(turn, after)
        turn.say(
            DeadlineRecomputed(
                order_id=after.order_id,
                agency=after.agency,
                role=after.role,
                was_due_at=order.clock.due_at,
                due_at=after.clock.due_at,
                at_risk_at=after.clock.at_risk_at,
                is_due_provisional=after.clock.is_provisional,
                is_still=after.state in ORDER_STILL,
                approved_by=approved_by,
                timeline=after.clock.timeline,
            )
        )
    return None
