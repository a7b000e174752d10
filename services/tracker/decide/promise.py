"""The promise of an order as instants: made at dispatch, and moved by what was granted since.

A promise is the citizen's. It begins with the lead's first dispatch in a round and passes on to
the next agency when an order is returned, so what was granted before passes on with it. A clock
knows its beginning by the first step of its timeline.

The standard's time is counted from the beginning and stands still in each pause; an extension
names an instant, which later pauses put off (`sla.extended`). So nothing that is granted makes
an order due earlier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.tracker.decide import relief_words, sla
from services.tracker.decide.case import Clock

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from services.policy import Policy
    from services.policy.calendar import Calendar
    from services.policy.standards import Standard
    from services.tracker.decide.case import Case, Extension, Order, Pause


@dataclass(frozen=True, slots=True)
class Terms:
    """What a clock goes by."""

    standard: Standard
    calendar: Calendar
    zone: tzinfo
    language: str

    @classmethod
    def of(cls, policy: Policy, standard: Standard) -> Terms:
        """Give the terms of a standard."""
        zone, calendar = ZoneInfo(policy.city.time_zone), policy.calendar_of(standard.calendar)
        return cls(standard, calendar, zone, policy.city.language)

    def due(
        self,
        starts_at: datetime,
        ledger: tuple[Pause, ...] = (),
        extensions: tuple[Extension, ...] = (),
    ) -> sla.Due:
        """Say when an order is due, by all that was granted."""
        within = self.standard.handle_within
        due = sla.due(within, self.calendar, starts_at, self.zone, self.language, ledger)
        return sla.extended(due, extensions, ledger, self.language)

    def at_risk_at(self, due_at: datetime, now: datetime) -> datetime:
        """Say when to warn: never before now, and not after it is due."""
        warned = sla.before(self.standard.at_risk_before, self.calendar, due_at, self.zone)
        return min(due_at, max(now, warned))


def fresh(policy: Policy, standard: Standard, now: datetime) -> Clock:
    """Make a promise that starts now (from dispatch, not from signing)."""
    terms = Terms.of(policy, standard)
    due = terms.due(now)
    sign_due_at, contact_due_at = (
        sla.due(within, terms.calendar, now, terms.zone).at if within is not None else None
        for within in (standard.sign_within, standard.contact_within)
    )
    return Clock(
        sign_due_at=sign_due_at,
        at_risk_at=terms.at_risk_at(due.at, now),
        due_at=due.at,
        is_provisional=due.is_provisional,
        timeline=due.timeline,
        contact_due_at=contact_due_at,
    )


def moved(policy: Policy, case: Case, order: Order, now: datetime) -> Clock:
    """Say what an order's promise has become by all that was granted.

    A pause that still lasts is counted up to the instant at which it ends at the latest.

    Args:
        policy: The case's.
        case: With all its orders, for what was granted before this one.
        order: As it is now; it may differ from the one in the case.
        now: No warning is due before.

    Returns:
        The order's clock with another due instant, warning and timeline; the same clock where
        the case's bundle is lost and another one, without its standard, stands in for it.
    """
    if not is_known(policy, case, order):
        return order.clock
    starts_at = _begins(order)
    terms = Terms.of(policy, policy.standards[_standard(case, order)])
    chain = [*(o for o in case.orders if _passed_on(o, order)), order]
    ledger = tuple(_told(policy, pause) for o in chain for pause in o.ledger)
    due = terms.due(starts_at, ledger, tuple(e for o in chain for e in o.extensions))
    return replace(
        order.clock,
        at_risk_at=terms.at_risk_at(due.at, now),
        due_at=due.at,
        is_provisional=due.is_provisional,
        timeline=due.timeline,
    )


def is_known(policy: Policy, case: Case, order: Order) -> bool:
    """Tell whether a bundle has the standard that an order's promise was made by."""
    return _standard(case, order) in policy.standards


def _standard(case: Case, order: Order) -> str:
    """Name the standard of the first dispatch, by which the promise was made."""
    first = next((o for o in case.orders if o.dispatched_at == _begins(order)), order)
    return first.standard


def closed(order: Order, at: datetime) -> Order:
    """End the pause that lasts, if one does: at an instant, but not after its own end."""
    if not order.ledger or order.ledger[-1].until is not None:
        return order
    last = order.ledger[-1]
    until = at if last.ends_by is None else min(at, last.ends_by)
    ended = replace(last, until=max(last.since, until))
    return replace(order, ledger=(*order.ledger[:-1], ended))


def _begins(order: Order) -> datetime:
    timeline = order.clock.timeline
    return timeline[0].starts_at if timeline else order.dispatched_at


def _passed_on(earlier: Order, order: Order) -> bool:
    """Tell whether an order is that of a lead whose promise another one has taken over."""
    is_before = earlier.dispatched_at < order.dispatched_at
    return earlier.role == "lead" and is_before and _begins(earlier) == _begins(order)


def _told(policy: Policy, pause: Pause) -> Pause:
    """Give a pause its end, and the words for its reason."""
    listed = policy.relief.pauses.get(pause.reason)
    name = listed.name if listed else relief_words.pause(pause.reason, policy.city.language)
    until = pause.until or max(pause.since, pause.ends_by or pause.since)
    return replace(pause, until=until, reason=name)
