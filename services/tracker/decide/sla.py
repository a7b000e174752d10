"""When something is due: a duration, counted from an instant by a calendar.

The rules, and where they come from:

- Hours, minutes and seconds are elapsed time; nights and holidays count.
- A natural day (自然日) ends at the same local time, that many dates later; weekends and
  holidays count. The 7 and 15 days of the Beijing hotline are read as natural days.
- Working hours and minutes are the time that offices are open, see `sla_hours`.
- Working days (工作日) are whole dates after the day of dispatch, see `sla_days`.
- Where a count in working time enters a year whose calendar isn't published, only weekends
  are known: the result is provisional. A calendar that runs round the clock never is.

A clock stands still in each pause of its ledger (`ledger`). What that means for the due instant:

- Elapsed time and working hours: what lies in a pause isn't counted, to the second. A pause
  outside office hours moves nothing that is counted in them.
- Natural days: the due instant moves on by exactly as long as the clock stood still, so it may
  come at another time of the day.
- Working days: a date on which the clock stood still isn't counted, be it for a minute.
- A pause that begins at the due instant, or after it, comes too late to move it.

More pause is therefore never earlier, and nothing is due while its clock stands still. Every
result carries a timeline whose steps join without a gap and end at the due instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from services.events import TimelineStep
from services.policy.durations import Duration, DurationUnit
from services.tracker.decide import sla_days, sla_hours, sla_words
from services.tracker.decide.ledger import ENDLESS, Stretch, run, split, standstills

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, tzinfo

    from services.policy.calendar import Calendar
    from services.tracker.decide.case import Extension, Pause
    from services.tracker.decide.ledger import Standstill


@dataclass(frozen=True, slots=True)
class Due:
    """An instant, and why it is that one."""

    at: datetime
    timeline: tuple[TimelineStep, ...]
    is_provisional: bool = False  #: True where a year's calendar isn't published yet.


def due(  # noqa: PLR0917 - as it is read: so long, by what, from when, where, in which words
    duration: Duration,
    calendar: Calendar,
    starts_at: datetime,
    zone: tzinfo,
    language: str = "en",
    ledger: Sequence[Pause] = (),
) -> Due:
    """Count a duration from an instant.

    Args:
        duration: How long; zero is due at once.
        calendar: Holidays, make-up days and office hours.
        starts_at: An aware instant, such as the dispatch.
        zone: The city's; dates, midnights and office hours are local.
        language: Of the words in the timeline.
        ledger: Pauses in which the clock stood still; all must have ended.

    Returns:
        The due instant in UTC, its timeline, and whether it may still move.

    Raises:
        ValueError: A pause is still open, so nothing is due yet.
    """
    starts_at = starts_at.astimezone(UTC)
    still = standstills(ledger)
    if duration.amount == 0:
        return Due(starts_at, ())
    if duration.unit is DurationUnit.WORKING_DAYS:
        stretches = sla_days.count(
            duration.amount, calendar, starts_at, zone, language=language, still=still
        )
        first = starts_at.astimezone(zone).date() + timedelta(days=1)
        return _due(stretches, _is_provisional(calendar, first, stretches[-1].ends_at, zone))
    if duration.office_time is not None and not calendar.is_round_the_clock:
        hours = sla_hours.stretches(calendar, starts_at, zone, language)
        stretches = run(_apart(hours, still, language), duration.office_time)
        first = starts_at.astimezone(zone).date()
        return _due(stretches, _is_provisional(calendar, first, stretches[-1].ends_at, zone))
    why = sla_words.runs_through(duration, language)
    through = Stretch(starts_at, ENDLESS, True, why)
    return _due(run(_apart([through], still, language), _length(duration, starts_at, zone)))


def extended(
    promise: Due,
    extensions: Sequence[Extension],
    ledger: Sequence[Pause] = (),
    language: str = "en",
) -> Due:
    """Count in what was granted on top of a promise (延期).

    An extension names an instant. It holds where it is later than the promise, and a pause
    moves it on by exactly what of it lies after the grant: whoever granted it knew what had
    been before. Of several, the latest counts; they don't add up.

    Args:
        promise: As `due` gives it, with the same ledger.
        extensions: Those granted, in any order.
        ledger: Pauses in which the clock stood still; all must have ended.
        language: Of the words in the timeline.

    Returns:
        The promise itself, or a later instant, whose timeline goes on where the promise's ends.
    """
    still = standstills(ledger)
    moved = [(_moved(extension, still), extension) for extension in extensions]
    at, latest = max(moved, key=lambda one: one[0], default=(promise.at, None))
    if latest is None or at <= promise.at:
        return promise
    why = sla_words.extension(latest.reason, language)
    granted = Stretch(promise.at, at, True, why)
    more = _due(list(_apart([granted], still, language)))
    return Due(at, (*promise.timeline, *more.timeline), promise.is_provisional)


def before(duration: Duration, calendar: Calendar, due_at: datetime, zone: tzinfo) -> datetime:
    """Step back from a due instant, to warn that it is near.

    Working days go back by whole days: two working days before the end of Monday is the
    end of the Thursday before. Working hours go back through the hours offices are open.
    Pauses don't count: a warning is set when the clock goes on, and none lies after that.
    """
    if duration.amount == 0:
        return due_at
    if duration.unit is DurationUnit.WORKING_DAYS:
        return sla_days.back(duration.amount, calendar, due_at, zone)
    if duration.office_time is not None and not calendar.is_round_the_clock:
        return sla_hours.back(duration.office_time, calendar, due_at, zone)
    if duration.unit is DurationUnit.DAYS:
        return (due_at.astimezone(zone) - timedelta(days=duration.amount)).astimezone(UTC)
    return due_at - _length(duration, due_at, zone)


def _length(duration: Duration, starts_at: datetime, zone: tzinfo) -> timedelta:
    """How long a clock that stands still in pauses only must run."""
    if duration.unit is DurationUnit.DAYS:
        local = starts_at.astimezone(zone) + timedelta(days=duration.amount)  # Wall time,
        return local.astimezone(UTC) - starts_at  # then UTC: 23 or 25 h in summer time zones.
    length = duration.elapsed or duration.office_time
    assert length is not None  # noqa: S101 - only working days have neither
    return length


def _moved(extension: Extension, still: Sequence[Standstill]) -> datetime:
    """Until when an extension holds, after the pauses since it was granted."""
    granted_at, until = extension.granted_at.astimezone(UTC), extension.due_at.astimezone(UTC)
    if until <= granted_at:
        return until
    through = Stretch(granted_at, ENDLESS, True, "")
    return run(split(through, still, "", ""), until - granted_at)[-1].ends_at


def _apart(
    stretches: Iterable[Stretch], still: Sequence[Standstill], language: str
) -> Iterable[Stretch]:
    """Take the standstills out of the stretches in which the clock would run."""
    goes_on, stops = sla_words.goes_on(language), sla_words.stops("{reason}", language)
    for stretch in stretches:
        if stretch.runs:
            yield from split(stretch, still, goes_on, stops)
        else:
            yield stretch


def _due(stretches: Sequence[Stretch], is_provisional: bool = False) -> Due:
    steps = [TimelineStep(**stretch._asdict()) for stretch in stretches]
    return Due(stretches[-1].ends_at, tuple(steps), is_provisional)


def _is_provisional(calendar: Calendar, first: date, due_at: datetime, zone: tzinfo) -> bool:
    """Tell whether a count from a date on enters a year that isn't published."""
    last = (due_at - timedelta(microseconds=1)).astimezone(zone).date()
    return not all(map(calendar.is_published, range(first.year, last.year + 1)))
