"""Time as a dependency. In production the database's clock decides; tests turn their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Something that says what time it is."""

    #: True where a transaction asks the database instead of this clock.
    is_database: bool

    def now(self) -> datetime:
        """Tell the instant, aware, in UTC."""


class SystemClock:
    """The machine's clock for reads; transactions take the database's, one clock for all."""

    is_database = True

    def now(self) -> datetime:
        """Tell the machine's instant."""
        return datetime.now(UTC)  # noqa: TID251 - this is the clock


class ManualClock:
    """A clock that moves only when told: no test has to sleep."""

    is_database = False

    def __init__(self, at: datetime) -> None:
        """Start at an aware instant."""
        if at.tzinfo is None:
            raise ValueError("the instant must be aware")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Tell the instant it was last moved to."""
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self._at += by
