"""What relief an agency may ask for, how much of it, and who may grant it.

The figures are the policy's (`[relief]` of `sla.toml`); where it has none, nothing is too
often or, within ten years, too long, and an officer decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from services.policy.durations import Duration, DurationUnit
from services.tracker.decide import relief_words, sla
from services.tracker.decide.case import OrderState
from services.tracker.decide.lifecycle import ORDER_STILL

if TYPE_CHECKING:
    from datetime import datetime

    from services.policy import Policy
    from services.policy.relief import Grantor
    from services.tracker.decide.case import Order, Request
    from services.tracker.decide.turn import Turn

#: Where the policy has no limit: a date beyond it is a slip of the pen.
_SANE: Final = Duration(3650, DurationUnit.DAYS)


class Refusal(NamedTuple):
    """Why a request isn't granted, as `ReliefRefused` says it."""

    refused_as: str
    why: str


def granted_by(policy: Policy, request: Request) -> Grantor:
    """Say who may grant a request; a deferral (挂账) is a supervisor's."""
    match request.relief:
        case "extension":
            return policy.relief.extension.granted_by
        case "pause":
            reason = policy.relief.pause_reason(request.reason or "")
            return reason.granted_by if reason else "supervisor"
        case "deferral":
            return "supervisor"


def at_most(policy: Policy, request: Request) -> Duration | None:
    """Give the policy's limit for a request; None: it has none."""
    match request.relief:
        case "extension":
            return policy.relief.extension.at_most
        case "pause":
            reason = policy.relief.pause_reason(request.reason or "")
            return reason.at_most if reason else None
        case "deferral":
            return policy.relief.deferral_at_most


def longest(turn: Turn, order: Order, request: Request) -> datetime:
    """Until when a request may be granted at the most.

    An extension counts from the due instant that it moves, the others from the request.
    """
    is_extension = request.relief == "extension"
    starts_at = order.clock.due_at if is_extension else request.requested_at
    return later(turn, at_most(turn.policy, request) or _SANE, starts_at)


def later(turn: Turn, duration: Duration, starts_at: datetime) -> datetime:
    """Count a duration from an instant by the city's own calendar."""
    return sla.due(duration, turn.policy.calendar, starts_at, turn.zone).at


def refusal(turn: Turn, order: Order, request: Request) -> Refusal | None:
    """Say why a request can't be granted by anybody, or None where it can.

    Args:
        turn: The decision under way.
        order: Of the agency that asks; it hasn't ended.
        request: As it was asked.
    """
    found = _standing(order, request) or _form(turn, order, request) or _much(turn, order, request)
    if found is None:
        return None
    refused_as, limit = found
    return Refusal(refused_as, relief_words.refused(refused_as, turn.policy.city.language, limit))


#: The kind of refusal, and what its words name.
_Found = tuple[str, object]


def _standing(order: Order, request: Request) -> _Found | None:
    if order.state is OrderState.DISPATCHED:
        return "not-signed", ""
    if order.state in ORDER_STILL:
        return str(order.state), ""
    if any(held.relief == request.relief for held in order.requests):
        return "open-request", ""
    return None


def _form(turn: Turn, order: Order, request: Request) -> _Found | None:
    """Judge what the request says; the door asks for the same, but events come from anywhere."""
    is_pause = request.relief == "pause"
    if not (request.reason if is_pause else request.note and request.until):
        return "incomplete", ""
    if is_pause and turn.policy.relief.pause_reason(request.reason or "") is None:
        return "unknown-reason", request.reason
    due_at = order.clock.due_at
    if request.relief != "deferral" and request.requested_at > due_at:
        return "too-late", _written(turn, due_at)
    if request.until is None:
        return None
    if request.relief == "extension" and request.until <= due_at:
        return "not-longer", _written(turn, due_at)
    return ("past", "") if request.until <= request.requested_at else None


def _much(turn: Turn, order: Order, request: Request) -> _Found | None:
    times_max, times = _times(turn.policy, order, request)
    if times_max is not None and times >= times_max:
        return "too-often", times_max
    limit = longest(turn, order, request)
    if request.until is not None and request.until > limit:
        return "too-long", _written(turn, limit)
    return None


def _times(policy: Policy, order: Order, request: Request) -> tuple[int | None, int]:
    """Give how often an order can have it, and has had it."""
    match request.relief:
        case "extension":
            return policy.relief.extension.times_max, len(order.extensions)
        case "pause":
            reason = policy.relief.pause_reason(request.reason or "")
            times = sum(pause.reason == request.reason for pause in order.ledger)
            return (reason.times_max if reason else None), times
        case "deferral":
            return None, 0


def _written(turn: Turn, at: datetime) -> str:
    return f"{at.astimezone(turn.zone):%F %H:%M}"
