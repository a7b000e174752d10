"""Somebody above sees to a case from now on (督办), until it is done or an officer lets it be.

A supervision is of an order, or, where no agency has the case, of the case. It ends with what
it was opened for: the order is signed, resolved, returned or taken back, the case is routed or
closed. One that a second bad verdict opens comes after all that, so only an officer ends it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid5

from services.events import SupervisionClosed, SupervisionOpened
from services.tracker.decide.case import Supervision

if TYPE_CHECKING:
    from services.tracker.decide.case import Order
    from services.tracker.decide.turn import Turn


def open_supervision(
    turn: Turn, because: str, level: int, raised_to: str, order: Order | None = None
) -> bool:
    """Open a supervision, unless the same one is open already.

    Args:
        turn: The decision under way.
        because: As in `SupervisionOpened`.
        level: Of the ladder; 0 where it has nothing to do with it.
        raised_to: The agency that must see to it.
        order: The order it is about; None: the case, which no agency has.

    Returns:
        Whether it is new. One that was closed may be opened again, under another id.
    """
    case, order_id = turn.case, order.order_id if order else None
    same = [
        held
        for held in case.supervisions
        if (held.because, held.level, held.order_id) == (because, level, order_id)
    ]
    if any(held.is_open for held in same):
        return False
    name = f"supervision:{because}:{level}:{order_id}:{len(same)}"
    opened = Supervision(
        supervision_id=uuid5(case.complaint_id, name),
        because=because,
        level=level,
        raised_to=raised_to,
        opened_at=turn.now,
        order_id=order_id,
        agency=order.agency if order else None,
    )
    turn.case = replace(case, supervisions=(*case.supervisions, opened))
    turn.say(
        SupervisionOpened(
            supervision_id=opened.supervision_id,
            because=because,
            level=level,
            raised_to=raised_to,
            order_id=order_id,
            agency=opened.agency,
        )
    )
    return True


def close_supervisions(
    turn: Turn, because: str, order: Order | None = None, *, opened_for: str | None = None
) -> None:
    """Close the supervisions that what has just happened has settled.

    Args:
        turn: The decision under way.
        because: As in `SupervisionClosed`.
        order: Only those of this order; None: of the whole case.
        opened_for: Only those that were opened because of this.
    """
    for held in turn.case.supervisions:
        is_of_order = order is None or held.order_id == order.order_id
        if held.is_open and is_of_order and opened_for in (None, held.because):
            close_supervision(turn, held, because)


def close_supervision(turn: Turn, supervision: Supervision, because: str) -> None:
    """Close one supervision that is open."""
    closed = replace(supervision, closed_at=turn.now, closed_because=because)
    turn.case = replace(
        turn.case,
        supervisions=tuple(
            closed if held.supervision_id == closed.supervision_id else held
            for held in turn.case.supervisions
        ),
    )
    turn.say(
        SupervisionClosed(
            supervision_id=closed.supervision_id,
            raised_to=closed.raised_to,
            agency=closed.agency,
            because=because,
        )
    )
