"""Whether a complaint's first dispatch stood: was it neither returned nor given to another?

The share that stood is the first-dispatch accuracy (派单准确率). Only the first dispatch of a
complaint counts, and it falls once at the most: what became of the second says nothing about
the rule that was asked first. A return may be wrong itself: where a person then names the same
agency, the first dispatch is upheld. It still fell, but not by the rule's fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Literal

from services.events import ComplaintRouted

if TYPE_CHECKING:
    from datetime import datetime

    from services.router.decide.record import Decided, Route

#: How a first dispatch fell: its lead returned it (退单), or it was given to another without.
How = Literal["returned", "reassigned"]

#: Normal quantile of a two-sided interval of 95 %.
_Z95 = 1.96


@dataclass(frozen=True, slots=True)
class Fall:
    """The first dispatch didn't stand."""

    how: How
    at: datetime
    number: int  #: Of the decision that took its place.


@dataclass(frozen=True, slots=True)
class Standing:
    """What a change of a complaint says about its first dispatch."""

    first: Decided | None  #: Its very first decision, where it is new and no dispatch.
    #: Its first dispatch, where this change may hold it; what is stored as such comes first.
    dispatch: Decided | None
    fall: Fall | None  #: That it fell, where this change holds that.
    is_upheld: bool  #: That a person gave it back to `dispatch` after it fell, all in this change.
    settled_on: str | None  #: The lead that a person named last, where this change holds that.


def standing(before: Route | None, after: Route) -> Standing:
    """Read off a change what it says about the first dispatch.

    Args:
        before: As stored; None where the complaint is new.
        after: With the decisions that are new in `unstored`.
    """
    was_dispatched = before is not None and (before.lead is not None or before.attempt > 1)
    dispatch = None if was_dispatched else _first_dispatch(after.unstored)
    is_new = before is None and bool(after.unstored)
    first = after.unstored[0] if is_new and after.unstored[0] is not dispatch else None
    moves = _moves(before, after.unstored)
    fall = next((move for move in moves if move.is_fall), None)
    settled = [move for move in moves if move.is_settled]
    return Standing(
        first,
        dispatch,
        _fall_of(fall) if fall is not None else None,
        is_upheld=_is_upheld(dispatch, fall, settled),
        settled_on=settled[-1].lead if settled else None,
    )


@dataclass(frozen=True, slots=True)
class _Move:
    """A decision that gave a complaint to another, took it away, or followed a return."""

    decided: Decided
    lead: str | None
    is_fall: bool  #: Somebody had it before.
    is_returned: bool

    @property
    def is_settled(self) -> bool:
        fact = self.decided.fact
        return isinstance(fact, ComplaintRouted) and fact.decided_by == "operator"


def _first_dispatch(decisions: tuple[Decided, ...]) -> Decided | None:
    routed = (one for one in decisions if isinstance(one.fact, ComplaintRouted))
    return next(routed, None)


def _moves(before: Route | None, decisions: tuple[Decided, ...]) -> list[_Move]:
    lead = before.lead if before is not None else None
    attempt = before.attempt if before is not None else 1
    moves = []
    for one in decisions:
        follows = one.fact.lead if isinstance(one.fact, ComplaintRouted) else None
        is_returned = one.attempt > attempt or lead in getattr(one.fact, "excluded", ())
        if follows != lead or is_returned:
            moves.append(_Move(one, follows, lead is not None, is_returned))
        lead, attempt = follows, one.attempt
    return moves


def _is_upheld(dispatch: Decided | None, fall: _Move | None, settled: list[_Move]) -> bool:
    if dispatch is None or fall is None or not isinstance(dispatch.fact, ComplaintRouted):
        return False
    since = [move.lead for move in settled if move.decided.number >= fall.decided.number]
    return bool(since) and since[-1] == dispatch.fact.lead


def _fall_of(move: _Move) -> Fall:
    how: How = "returned" if move.is_returned else "reassigned"
    return Fall(how, move.decided.decided_at, move.decided.number)


def share_at_least(part: int, whole: int) -> float:
    """Give the lower end of Wilson's interval (95 %) of a share.

    Orders shares so that 1 of 1 doesn't come before 30 of 60: of so few hardly anything is
    known. 0 of none is 0.

    Args:
        part: How many of them.
        whole: Of how many.

    Returns:
        Between 0 and `part / whole`.
    """
    if whole == 0:
        return 0.0
    share, square = part / whole, _Z95 * _Z95
    middle = share + square / (2 * whole)
    spread = _Z95 * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    return max(0.0, (middle - spread) / (1 + square / whole))
