"""The escalation ladder: who above must see to what is late, unsigned, unassigned or badly done.

A breach takes the next level at once. While the order stays open, the levels that have `after`
follow, each counted from the due instant, not from the level before: an outage of ours gives
nobody more time. A matter that was put off meanwhile isn't late meanwhile. Only time and the end
of the order count: a comment, an urge or a note on the way sets no deadline, so nothing that is
merely said puts off a level.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from services.events import CaseEscalated
from services.runtime.step import Deadline, Ignored
from services.tracker.decide import sla
from services.tracker.decide.case import CaseState
from services.tracker.decide.supervision import close_supervisions, open_supervision

if TYPE_CHECKING:
    from datetime import datetime

    from services.tracker.decide.case import Order
    from services.tracker.decide.turn import Turn

#: Kinds of deadline, as `Deadline.kind`.
LADDER: Final = "ladder"
UNSIGNED: Final = "unsigned"
UNASSIGNED: Final = "unassigned"


def raise_level(turn: Turn, order: Order, because: str) -> None:
    """Raise the case to the next level; at the top of the ladder, tell the top again.

    An assist's breach is its own agency's: told to level 1, it doesn't raise the case.

    Args:
        turn: The decision under way.
        order: The order that was late or badly done.
        because: As in `CaseEscalated`.
    """
    ladder = turn.policy.escalation
    if not ladder:
        return
    level = 1
    if order.role == "lead":
        level = min(turn.case.level + 1, len(ladder))
        turn.case = replace(turn.case, level=level)
    turn.say(
        CaseEscalated(
            order_id=order.order_id,
            agency=order.agency,
            level=level,
            raised_to=turn.policy.raised_to(ladder[level - 1], order.agency, _division(turn)),
            because=because,
        )
    )


def supervise_level(turn: Turn, order: Order, because: str) -> None:
    """Open the supervision that the level just reached asks for, if it does."""
    ladder, level = turn.policy.escalation, turn.case.level
    if order.role == "lead" and 0 < level <= len(ladder) and ladder[level - 1].opens_supervision:
        raised_to = turn.policy.raised_to(ladder[level - 1], order.agency, _division(turn))
        open_supervision(turn, because, level, raised_to, order)


def late(turn: Turn, order: Order) -> None:
    """See to an order that has just become late: supervise it, and set the next level's clock."""
    supervise_level(turn, order, "breached")
    watch_overdue(turn, order)


def watch_overdue(turn: Turn, order: Order) -> None:
    """Set the clock of the next level for an order that is late and still open."""
    at = _next_level_at(turn, order)
    if at is not None:
        turn.starting.append(Deadline(turn.case.complaint_id, order.order_id, LADDER, at))


def overdue(turn: Turn, order: Order, deadline: Deadline) -> Ignored | None:
    """Take the next level, whose instant has passed with the order still open."""
    at = _next_level_at(turn, order)
    if order.breached_at is None or at is None or at > deadline.due_at:
        return Ignored("deadline-ladder-told-already")
    raise_level(turn, order, "overdue")
    late(turn, order)
    return None


def _next_level_at(turn: Turn, order: Order) -> datetime | None:
    above = turn.policy.escalation[turn.case.level :]
    if order.role != "lead" or not above or above[0].after is None:
        return None
    calendar, due_at = turn.policy.calendar, order.clock.due_at
    return sla.due(above[0].after, calendar, due_at, turn.zone, ledger=order.ledger).at


def watch_unsigned(turn: Turn, order: Order) -> None:
    """Set the clock of an order whose time to sign has passed."""
    rule, due_at = turn.policy.supervision.unsigned, order.clock.sign_due_at
    if rule is not None and due_at is not None:
        at = sla.due(rule.after, turn.policy.calendar, due_at, turn.zone).at
        turn.starting.append(Deadline(turn.case.complaint_id, order.order_id, UNSIGNED, at))


def unsigned(turn: Turn, order: Order) -> Ignored | None:
    """Have somebody above see to an order that nobody has signed."""
    rule = turn.policy.supervision.unsigned
    if rule is None or order.sign_breached_at is None:
        return Ignored("deadline-unsigned-unknown")
    raised_to = turn.policy.raised_to(rule, order.agency, _division(turn))
    if not open_supervision(turn, "unsigned", turn.case.level, raised_to, order):
        return Ignored("deadline-unsigned-told-already")
    return None


def watch_unassigned(turn: Turn) -> None:
    """Set the clock of a case that no agency has any more, or none yet."""
    rule, key = turn.policy.supervision.unassigned, turn.case.complaint_id
    at = sla.due(rule.after, turn.policy.calendar, turn.now, turn.zone).at
    turn.starting.append(Deadline(key, key, UNASSIGNED, at))


def unassigned(turn: Turn) -> Ignored | None:
    """Have the hotline body, or whom the policy names, see to a case that nobody has."""
    rule = turn.policy.supervision.unassigned
    raised_to = turn.policy.raised_to(rule, None, _division(turn))
    if not open_supervision(turn, "unassigned", turn.case.level, raised_to):
        return Ignored("deadline-unassigned-told-already")
    return None


def assigned(turn: Turn, because: str) -> None:
    """Stop watching a case that waited for somebody to name an agency."""
    turn.stopping.append((turn.case.complaint_id, UNASSIGNED))
    for why in ("unassigned", "urged"):
        close_supervisions(turn, because, opened_for=why)


def dissatisfied(turn: Turn, order: Order | None) -> None:
    """Have the top of the ladder see to a matter that no round is left for.

    The case is closed: only an officer's release ends this.
    """
    ladder, agency = turn.policy.escalation, order.agency if order else None
    raised_to = turn.policy.city.hotline
    if ladder:
        raised_to = turn.policy.raised_to(ladder[-1], agency, _division(turn))
    open_supervision(turn, "dissatisfied", len(ladder), raised_to, order)


def urged(turn: Turn) -> None:
    """Have somebody above see to it that a citizen need not go on asking (催办)."""
    rule, case = turn.policy.supervision.urged, turn.case
    if rule is None or case.urges % rule.urges or case.state not in _WAITED_FOR:
        return
    lead = case.latest_lead()
    order = lead if lead is not None and lead.is_open else None
    agency = order.agency if order else None
    raised_to = turn.policy.raised_to(rule, agency, _division(turn))
    open_supervision(turn, "urged", case.level, raised_to, order)


#: Where the citizen waits for the city, not the city for the citizen.
_WAITED_FOR: Final = frozenset({CaseState.HELD, CaseState.HANDLING})


def _division(turn: Turn) -> str | None:
    return turn.policy.place_code(turn.case.matter.place)
