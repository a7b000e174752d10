"""What the clerk writes about one order: its promise, and what its agency asked for.

The clerk knows the machine's policy by heart: sign in 2 h, contact in 24 h, handle in 7 days,
warn a day before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

SIGN = timedelta(hours=2)
CONTACT = timedelta(hours=24)
HANDLE = timedelta(days=7)
WARN = timedelta(hours=24)


@dataclass
class Pause:
    """From when until when a clock stands still; the end is the latest one while it lasts."""

    since: datetime
    until: datetime


@dataclass
class Promise:
    """Made to the citizen; it passes on from one agency to the next."""

    began_at: datetime
    pauses: list[Pause] = field(default_factory=list)
    #: When each was granted, and until when.
    extensions: list[tuple[datetime, datetime]] = field(default_factory=list)

    @property
    def due_at(self) -> datetime:
        """The time of the standard, or the latest extension, whatever is later."""
        ends = [self._after(at, until - at) for at, until in self.extensions]
        return max([self._after(self.began_at, HANDLE), *ends])

    def _after(self, at: datetime, length: timedelta) -> datetime:
        """So long after an instant, not counting the pauses that come before that is over."""
        end = at + length
        for pause in sorted(self.pauses, key=lambda one: one.since):
            since = max(at, pause.since)
            if since < min(end, pause.until):
                end += pause.until - since
        return end


@dataclass(frozen=True)
class Request:
    """What an agency asked for, and nobody has decided yet."""

    number: UUID
    kind: str
    asked_at: datetime
    reason: str | None
    until: datetime | None


@dataclass
class Job:
    """A lead's order."""

    agency: str
    given_at: datetime
    promise: Promise
    number: int  #: Of the case's orders.
    state: str = "dispatched"
    signs_late: bool = False
    contacts_late: bool = False
    is_late: bool = False
    is_contacted: bool = False
    is_on_time: bool | None = None
    requests: dict[str, Request] = field(default_factory=dict)
    pauses: list[tuple[str, Pause]] = field(default_factory=list)  #: Its own, with the reason.
    extended: int = 0

    @property
    def is_open(self) -> bool:
        """Whether its agency still has to do something."""
        return self.state in ("dispatched", "signed", "paused", "deferred")

    @property
    def is_still(self) -> bool:
        """Whether its clock stands still."""
        return self.state in ("paused", "deferred")

    @property
    def due_at(self) -> datetime:
        """Until when it must be done; while it stands still, if that lasts as long as it may."""
        return self.promise.due_at

    def goes_on(self, at: datetime) -> None:
        """End the pause that lasts, if one does, but not after its own end."""
        if self.is_still:
            pause = self.pauses[-1][1]
            pause.until = max(pause.since, min(at, pause.until))
            self.state = "signed"
