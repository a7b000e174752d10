"""`sla.toml`, `[[callback.steps]]`: by which channel a citizen is asked, when, how many times.

A step's attempts come one after the other, then the next step's. Each waits until its hours:
the city's local time, on working days or on every day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal, get_args

from services.policy.durations import Duration, DurationUnit
from services.policy.office_hours import WHOLE_DAY, Shifts, read_shifts

if TYPE_CHECKING:
    from datetime import tzinfo

    from services.policy.calendar import Calendar
    from services.policy.toml_tables import Table

#: A message through a channel, or a call by an operator (`phone`).
AskChannel = Literal["sms", "email", "push", "phone"]
_CHANNELS: Final[tuple[AskChannel, ...]] = get_args(AskChannel)

_DAYS: Final = ("every", "working")

AT_ONCE: Final = Duration(0, DurationUnit.SECONDS)

#: The longest holiday with its weekends is far shorter.
_DAYS_AHEAD_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody may be asked."""

    shifts: Shifts = WHOLE_DAY
    is_working_days: bool = False  #: By the city's own calendar; otherwise every day.

    def opens(self, at: datetime, calendar: Calendar, zone: tzinfo) -> datetime:
        """Find the first instant, `at` or later, at which somebody may be asked.

        Args:
            at: An aware instant.
            calendar: The city's own.
            zone: The city's.
        """
        return self._next(at, calendar, zone)[0]

    def closes(self, at: datetime, calendar: Calendar, zone: tzinfo) -> datetime:
        """Find the end of the hours that `at` lies in, or of the next ones."""
        return self._next(at, calendar, zone)[1]

    def _next(self, at: datetime, calendar: Calendar, zone: tzinfo) -> tuple[datetime, datetime]:
        today = at.astimezone(zone).date()
        for ahead in range(_DAYS_AHEAD_MAX):
            day = today + timedelta(days=ahead)
            if self.is_working_days and not calendar.is_working_day(day):
                continue
            midnight = datetime.combine(day, time(), zone)
            for shift in self.shifts:
                # Wall-clock time first, so that a day of 23 or 25 hours keeps its hours.
                first, end = (
                    (midnight + timedelta(minutes=minute)).astimezone(UTC)
                    for minute in (shift.opens, shift.closes)
                )
                if at < end:
                    return max(at, first), end
        return at, at + timedelta(days=1)  # A calendar without working days: don't wait for ever.


ALWAYS: Final = Hours()


@dataclass(frozen=True, slots=True)
class Slot:
    """One attempt of the plan."""

    channel: AskChannel
    gap: Duration  #: From the attempt before; of the first one, from when asking begins.
    hours: Hours


def read_steps(table: Table) -> tuple[Slot, ...]:
    """Read `[[callback.steps]]`.

    Args:
        table: `[callback]`.

    Returns:
        Every attempt in order; none where there are no steps.
    """
    return tuple(slot for inner in table.each("steps") for slot in _step(inner))


def _step(table: Table) -> list[Slot]:
    channel = _channel(table)
    after = table.optional_duration("after") or AT_ONCE
    attempts = table.integer("attempts", least=1, default=1)
    spacing = table.optional_duration("spacing") or AT_ONCE
    if attempts > 1 and "spacing" not in table.values:
        table.error("`spacing` is missing: there is more than one attempt", "attempts")
    hours = _hours(table)
    table.optional_text("source")
    table.finish()
    gaps = (after, *(spacing for _ in range(attempts - 1)))
    return [Slot(channel, gap, hours) for gap in gaps]


def _channel(table: Table) -> AskChannel:
    text = table.text("channel")
    for known in _CHANNELS:
        if text == known:
            return known
    if text:
        table.error(f"`channel` must be one of {', '.join(_CHANNELS)}, not {text!r}", "channel")
    return "sms"


def _hours(table: Table) -> Hours:
    days = table.optional_text("days") or _DAYS[0]
    if days not in _DAYS:
        table.error(f"`days` must be one of {', '.join(_DAYS)}, not {days!r}", "days")
    shifts = read_shifts(table, "hours") if "hours" in table.values else WHOLE_DAY
    return Hours(shifts, days == "working")
