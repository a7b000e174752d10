"""Notices: which facts a person is told, once each, and what follows from trying.

Legal ground: 接诉即办工作条例 art. 15 has the person told why a time is extended, and why a
matter can't be solved yet; art. 8 lets them know how it stands. Who gets an order isn't told by
itself: every return would make another message, and the complaint's public view says it.

Rules of this file:
Rule 1. An event is told at most once. What is told is named by complaint, notice and occurrence,
counted from the events: a second reopening is the second occurrence, an event seen again none.
Rule 2. A person is told by one channel at a time: only when its attempts are used up does the next
one begin, because a gateway that didn't answer may have sent the message all the same.
Rule 3. Nobody is told with whom their matter was joined.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid5

from services.events import (
    CaseClosed,
    CaseMerged,
    CaseOpened,
    CaseReopened,
    CaseResumed,
    ClockPaused,
    DeadlineExtended,
    NoticeFailed,
    NoticeSent,
    OrderDeferred,
)
from services.notifier.decide.callback import POSTPONE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from services.events import Event, Fact
    from services.notifier.decide.watch import Watch
    from services.policy import Policy
    from services.runtime.step import Step

#: Before the second, third, … attempt by one channel.
DELAYS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))

#: Ends of a case that the person isn't told: they ended it, or were told by `_reply`.
_UNTOLD = frozenset({"withdrawn", "diverted", "answered"})


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one person.

    Attributes:
        complaint_id: What it is about.
        notice: Its name in the policy's `notices.toml`.
        occurrence: Which telling of it, from 1.
        cause_id: The event that is told.
        reporter: The person's token in the vault.
        language: Of the person; None: the city's.
        number: What the person quotes.
        said: What the event said, by the template's variable; an instant in ISO 8601.
        planned_at: When the event was seen.
        due_at: Not to be told before.
        attempts: How many were made by `channel`.
        channel: The last that was tried.
        sequence: The event's place in the complaint's history: what is told first.
    """

    complaint_id: UUID
    notice: str
    occurrence: int
    cause_id: UUID
    reporter: str
    language: str | None
    number: str
    said: Mapping[str, str]
    planned_at: datetime
    due_at: datetime
    attempts: int = 0
    channel: str | None = None
    sequence: int = 0

    @property
    def notice_id(self) -> UUID:
        """Its identity: planning it again repeats it."""
        return uuid5(self.complaint_id, f"notice/{self.notice}/{self.occurrence}")


@dataclass(frozen=True, slots=True)
class Telling:
    """What came of an attempt.

    Attributes:
        outcome: `sent`; `failed` by the channel; `no-contact` if no channel reaches the person;
            `do-not-call` if they asked to be let alone; `unavailable` if the vault didn't answer;
            `busy` if the channel fails and has enough under way; `too-late` if it wasn't tried
            any more.
        channel: By which it was tried.
        following: Channels that reach the person and come after it.
    """

    outcome: Literal[
        "sent", "failed", "no-contact", "do-not-call", "unavailable", "busy", "too-late"
    ]
    channel: str | None = None
    following: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What an attempt makes of a notice.

    Attributes:
        state: From now on.
        due_at: Of the next attempt, while it is pending.
        attempts: Made by `channel`.
        channel: Tried last, or to be tried next.
        reason: Why it failed.
    """

    state: Literal["pending", "sent", "failed"]
    due_at: datetime
    attempts: int
    channel: str | None
    reason: Literal["no-contact", "do-not-call", "failed", "too-late"] | None = None


def tell(event: Event, step: Step[Watch], policy: Policy, now: datetime) -> Step[Watch]:
    """Plan what a person is told of an event.

    Args:
        event: What became true.
        step: What is decided of it otherwise.
        policy: Only notices that it has a text for are sent.
        now: The instant of the decision.
    """
    state = step.state
    about = state.about
    name, said = _words(event.data)
    if (name, policy.city.language) not in policy.notices:
        return step
    if about.reporter is None or about.number is None:
        return step  # Anonymous: there is nobody to tell.
    occurrence = state.told.get(name, 0) + 1
    planned = Notice(
        complaint_id=event.complaintid,
        notice=name,
        occurrence=occurrence,
        cause_id=event.id,
        reporter=about.reporter,
        language=about.language,
        number=about.number,
        said=said,
        planned_at=now,
        due_at=_due(name, policy, now),
        sequence=event.sequence,
    )
    after = replace(state, told={**state.told, name: occurrence}, notices=(*state.notices, planned))
    return replace(step, state=after)


def _due(name: str, policy: Policy, now: datetime) -> datetime:
    """A digest waits for what else there is to tell; what is urgent enough for a night doesn't."""
    rules = policy.channels
    if rules.digest is None or rules.digest.elapsed is None:
        return now
    is_exempt = rules.quiet is not None and name in rules.quiet.exempt
    return now if is_exempt else now + rules.digest.elapsed


def _words(fact: Fact) -> tuple[str, dict[str, str]]:
    """Name the notice of a fact, and what it says; an empty name if nobody is told of it."""
    match fact:
        case CaseOpened(outcome="routed" | "held"):
            return "accepted", {}
        case CaseMerged():
            return "merged", {}
        case CaseReopened() | CaseResumed():
            return "reopened", {}
        case CaseClosed():
            return _end(fact)
    return _relief(fact)


def _relief(fact: Fact) -> tuple[str, dict[str, str]]:
    """An assisting agency's time is no promise to the person; only the lead's is."""
    match fact:
        case DeadlineExtended(role="lead"):
            date = fact.due_at.isoformat()
            return "extended", {"agency": fact.agency, "date": date, "reason": fact.reason}
        case ClockPaused(role="lead"):
            return "paused", {"agency": fact.agency, "reason": fact.reason}
        case OrderDeferred(role="lead"):
            date = fact.planned_at.isoformat()
            return "deferred", {"agency": fact.agency, "date": date, "plan": fact.plan}
    return "", {}


def _end(fact: CaseClosed) -> tuple[str, dict[str, str]]:
    if fact.reply and fact.reason in {"answered", "diverted"}:
        return fact.reason, {"reply": fact.reply}
    return ("", {}) if fact.reason in _UNTOLD else ("closed", {})


def is_too_late(notice: Notice, too_late: timedelta, now: datetime) -> bool:
    """Tell whether a notice has become so old that it would only confuse."""
    return now - notice.planned_at >= too_late


def after_telling(notice: Notice, telling: Telling, now: datetime) -> Told:
    """Decide what follows from an attempt.

    Args:
        notice: As it was when the attempt was made.
        telling: What came of it.
        now: The instant of the decision.
    """
    attempts = notice.attempts + 1 if telling.channel == notice.channel else 1
    match telling.outcome:
        case "sent":
            return Told("sent", now, attempts, telling.channel)
        case "unavailable":
            return Told("pending", now + POSTPONE, notice.attempts, notice.channel)
        case "busy":
            return Told("pending", now + POSTPONE, attempts - 1, telling.channel)
        case "failed":
            return _again(telling, attempts, now)
    return Told("failed", now, notice.attempts, notice.channel, telling.outcome)


def _again(telling: Telling, attempts: int, now: datetime) -> Told:
    if attempts <= len(DELAYS):
        return Told("pending", now + DELAYS[attempts - 1], attempts, telling.channel)
    if telling.following:
        return Told("pending", now, 0, telling.following[0])
    return Told("failed", now, attempts, telling.channel, "failed")


def fact_of(notice: Notice, told: Told) -> NoticeSent | NoticeFailed | None:
    """Say what became of a notice; None while it is to be tried again."""
    if told.state == "sent" and told.channel is not None:
        return NoticeSent(
            notice_id=notice.notice_id,
            notice=notice.notice,
            occurrence=notice.occurrence,
            channel=told.channel,
        )
    if told.reason is not None:
        return NoticeFailed(
            notice_id=notice.notice_id,
            notice=notice.notice,
            occurrence=notice.occurrence,
            channel=told.channel,
            reason=told.reason,
        )
    return None
