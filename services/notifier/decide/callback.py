"""A call-back (回访) and what is learned while asking; its rules are in `callback_steps`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from services.notifier.decide.callback_table import CallbackState

if TYPE_CHECKING:
    from uuid import UUID

#: Kinds of deadline. `attempt` is also the end of the hours of a call that waits for an operator.
ATTEMPT = "attempt"
LAPSE = "lapse"

#: How soon a vault that didn't answer is asked again, for call-backs and notices; costs no
#: attempt, it isn't the person's doing.
POSTPONE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Callback:
    """One call-back.

    Attributes:
        complaint_id: What it is about.
        callback_id: Its identity, given by the tracker.
        cause_id: The event that asked for it; its facts' ids derive from it.
        number: What the person quotes.
        agency: Who handled it, and so must not be the one who asks.
        answer: What the agency says it did.
        reporter: The person's token in the vault.
        language: Of the person.
        lapses_at: After this, no answer counts as none.
        state: Where it stands.
        attempts: How many have been made.
        place: Of the next attempt in the policy's plan.
        extra: How many more calls a supervisor has ordered.
        is_aside: The next attempt is a call outside the plan: ordered, or agreed with the person.
        is_number_wrong: The number that the vault knows is another's.
        open_until: Until when an operator may take the call on.
        claimed_by: The key of the operator who has.
        claimed_until: When that claim runs out.
    """

    complaint_id: UUID
    callback_id: UUID
    cause_id: UUID
    number: str
    agency: str
    answer: str
    reporter: str | None
    language: str
    lapses_at: datetime
    state: CallbackState = CallbackState.WAITING
    attempts: int = 0
    place: int = 0
    extra: int = 0
    is_aside: bool = False
    is_number_wrong: bool = False
    open_until: datetime | None = None
    claimed_by: UUID | None = None
    claimed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """What the vault knows of a person; lives as long as one request, and never in a log.

    Attributes:
        phone: Their number.
        email: Their address.
        push: What an app's push service knows them by.
        is_left_alone: They asked not to be told or asked anything (do not call).
    """

    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    push: str | None = field(default=None, repr=False)
    is_left_alone: bool = False


@dataclass(frozen=True, slots=True)
class Sending:
    """What came of an attempt to send, or of the look whom to call.

    Attributes:
        outcome: `sent`; `failed` by the channel; `callable` if a call is due and the vault knows
            a number that may be called; `no-contact` if it knows no address for the channel, or
            the person asked to be let alone; `unavailable` if the vault itself didn't answer;
            `closed` if it was too late in the day, so that nothing was tried.
        channel: Through which it was tried.
        reachable: Channels by which this person can be reached, if the vault answered.
    """

    outcome: Literal["sent", "failed", "callable", "no-contact", "unavailable", "closed"]
    channel: str
    reachable: frozenset[str] = frozenset()


def unclaimed(callback: Callback) -> Callback:
    """Take a call away from whoever had it."""
    return replace(callback, open_until=None, claimed_by=None, claimed_until=None)
