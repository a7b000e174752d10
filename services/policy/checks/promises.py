"""Standards, choices and limits: what they name must exist, and no two may contradict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from services.policy import city, whistles
from services.policy.durations import Duration
from services.policy.standards import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.policy.choices import Choice
    from services.policy.faults import FaultLog
    from services.policy.policy import Policy
    from services.policy.standards import Standard


def check_promises(policy: Policy, faults: FaultLog) -> None:
    """Name every unknown calendar, standard and category, and choices that contradict.

    Args:
        policy: As read, perhaps unsound.
        faults: Where faults go.
    """
    for standard in policy.standards.values():
        _check_calendar(policy, standard, faults)
    _check_elsewhere(policy, faults)
    for choice in (*policy.choices, *policy.limits):
        if choice.standard and choice.standard not in policy.standards:
            faults.error(FILE, choice.line, f"no standard is called {choice.standard!r}")
        if choice.category is not None and choice.category not in policy.categories:
            faults.error(FILE, choice.line, f"no category has the code {choice.category!r}")
    for choices in (policy.choices, policy.limits):
        _check_same(choices, faults)


def _check_calendar(policy: Policy, standard: Standard, faults: FaultLog) -> None:
    if standard.calendar is not None and standard.calendar not in policy.calendars:
        known = ", ".join(policy.calendars) or "none is named"
        message = f"no calendar is called {standard.calendar!r}: {known}"
        faults.error(FILE, standard.line, message)
        return
    calendar = policy.calendar_of(standard.calendar)
    in_hours = [length for length in standard.durations() if length.office_time is not None]
    if in_hours and calendar.hours is None and not calendar.is_round_the_clock:
        message = f"{in_hours[0]} counts office hours, and its calendar has none: add [hours]"
        faults.error(FILE, standard.line, message)


def _check_elsewhere(policy: Policy, faults: FaultLog) -> None:
    """What is no standard names no calendar, so it goes by the city's own."""
    if policy.calendar.hours is not None:
        return
    rules = (policy.callback, policy.escalation, policy.supervision, policy.relief)
    others = [(FILE, rules), (city.FILE, policy.routing), (whistles.FILE, policy.whistles)]
    for file, part in others:
        for length, line in _durations(part, 1):
            if length.office_time is not None:
                message = f"{length} counts office hours, and the city's calendar has no [hours]"
                faults.error(file, line, message)


def _durations(part: object, line: int) -> Iterator[tuple[Duration, int]]:
    """Every duration in a part of a policy, with the line of the table around it."""
    if isinstance(part, Duration):
        yield part, line
    elif is_dataclass(part):
        line = getattr(part, "line", 0) or line
        for field in fields(part):
            yield from _durations(getattr(part, field.name), line)
    elif isinstance(part, tuple | Mapping):
        for inner in part.values() if isinstance(part, Mapping) else part:
            yield from _durations(inner, line)


def _check_same(choices: tuple[Choice, ...], faults: FaultLog) -> None:
    """Equally narrow means the same conditions: which of the two counts nobody could say."""
    seen: dict[tuple[object, ...], Choice] = {}
    for choice in choices:
        other = seen.setdefault(choice.conditions, choice)
        if other is not choice:
            message = f"line {other.line} is for the same matters: {other.standard} there, "
            faults.error(FILE, choice.line, f"{message}{choice.standard} here")
