"""When and by what a person is asked next, and whether at all: the policy applied.

Rules of this file:
Rule 1. Nobody is asked outside the policy's hours, nor once the answer would not count.
Rule 2. Never more attempts than `attempts_max`, and one more for each that a supervisor ordered.
Rule 3. Whoever is left out of a sample is left out by a keyed hash: nobody who handles a matter
can choose or foresee it, and looking again says the same. Left out is never a reopened round,
a matter that is supervised (督办) or a secret one (保密): of these the city wants to know.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.events import OrderDispatched, SupervisionOpened
from services.policy.callback_steps import AT_ONCE, Slot

if TYPE_CHECKING:
    from datetime import tzinfo
    from uuid import UUID

    from services.events import Fact
    from services.notifier.decide.callback import Callback
    from services.policy.calendar import Calendar
    from services.policy.callback import CallbackRules
    from services.policy.callback_steps import Hours
    from services.policy.durations import Duration

#: What needs the person's number.
_BY_NUMBER = frozenset({"sms", "phone"})

_DRAWS = 1 << 64


@dataclass(frozen=True, slots=True)
class Asking:
    """The policy in force, and what else decides about asking.

    Attributes:
        rules: Of `[callback]`.
        calendar: The city's own.
        zone: The city's.
        secret: Draws the sample.
    """

    rules: CallbackRules
    calendar: Calendar
    zone: tzinfo
    secret: bytes = field(repr=False)

    def is_drawn(self, callback_id: UUID) -> bool:
        """Tell whether a call-back belongs to the sample; the same whenever it is asked.

        The hash (HMAC-SHA-256, its first 64 bits) is even over all call-backs. A greater share
        draws those of a smaller one and more.
        """
        digest = hmac.digest(self.secret, b"sample" + callback_id.bytes, "sha256")
        return int.from_bytes(digest[:8], "big") < self.rules.sample * _DRAWS

    def slot(
        self, callback: Callback, reachable: frozenset[str] | None = None
    ) -> tuple[int, Slot] | None:
        """Say what the next attempt is.

        Args:
            callback: Whose.
            reachable: Channels by which the person can be reached; None: nobody has looked.

        Returns:
            Its place in the plan and the attempt; None if no attempt is left.
        """
        rules = self.rules
        if callback.attempts >= rules.attempts_max + callback.extra:
            return None
        if callback.is_aside and (reachable is None or "phone" in reachable):
            return callback.place, Slot("phone", AT_ONCE, rules.call_hours)
        for place, slot in enumerate(rules.plan[callback.place :], callback.place):
            is_wrong = callback.is_number_wrong and slot.channel in _BY_NUMBER
            if not is_wrong and (reachable is None or slot.channel in reachable):
                return place, slot
        return None

    def opens(self, hours: Hours, at: datetime) -> datetime:
        """Find the first instant, `at` or later, within these hours."""
        return hours.opens(at, self.calendar, self.zone)

    def closes(self, hours: Hours, at: datetime) -> datetime:
        """Find the end of the hours `at` lies in."""
        return hours.closes(at, self.calendar, self.zone)

    def next_at(self, callback: Callback, now: datetime) -> datetime | None:
        """Say when the next attempt is due after one that was just made; None if none is left."""
        found = self.slot(callback)
        if found is None:
            return None
        return self.in_time(callback, self.opens(found[1].hours, now + gap_of(found[1].gap)))

    def in_time(self, callback: Callback, at: datetime) -> datetime | None:
        """Give an instant back unless the answer would not count any more by then."""
        return at if at < callback.lapses_at else None

    def may_send(self, callback: Callback, now: datetime) -> bool:
        """Tell whether the attempt that is due may still be made at this instant."""
        found = self.slot(callback)
        if found is None or now >= callback.lapses_at:
            return False
        return self.opens(found[1].hours, now) == now


def gap_of(duration: Duration) -> timedelta:
    """Give a gap as elapsed time; working days are taken roughly: people answer on weekends too."""
    elapsed = duration.elapsed
    return timedelta(seconds=duration.rough_seconds) if elapsed is None else elapsed


def must_ask(fact: Fact) -> bool:
    """Tell whether a fact takes a matter out of every sample, for good."""
    match fact:
        case SupervisionOpened():
            return True
        case OrderDispatched(matter=matter):
            return matter.is_secret
    return False
