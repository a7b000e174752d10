"""Times in English: yesterday, last night, since Monday, at 3am, on March 5, two days ago."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from services.intake.decide.times.moments import (
    DAY,
    TIMES_MAX,
    Said,
    Span,
    a_day,
    a_month,
    a_weekday,
    days,
    month_before,
    part_of,
    written,
)

if TYPE_CHECKING:
    from datetime import datetime

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_COUNT_WORDS = ("a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNTS = {name: value for value, name in enumerate(_COUNT_WORDS, 1)} | {"one": 1}

_COUNT = "|".join(_COUNT_WORDS)
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?)"
)
_CLOCK = (
    r"(?:(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-5][0-9]))?\s?(?P<half>[ap])\.?m\b\.?"
    r"|(?P<hour24>[0-2]?[0-9]):(?P<minute24>[0-5][0-9])(?![0-9:]))"
)
_DAY = (
    r"(?P<relative>yesterday|today|tomorrow|tonight|last night|this (?:morning|afternoon|evening))"
    rf"|(?P<month>{_MONTH}) (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?(?![0-9])(?:,? (?P<year>(?:19"
    rf"|20)[0-9]{{2}}))?"
    rf"|(?P<day2>[0-9]{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month2>{_MONTH})(?: (?P<year2>(?:19"
    rf"|20)[0-9]{{2}}))?"
    r"|(?P<iyear>(?:19|20)[0-9]{2})-(?P<imonth>[0-9]{2})-(?P<iday>[0-9]{2})"
    r"|(?P<umonth>[0-9]{1,2})/(?P<uday>[0-9]{1,2})/(?P<uyear>(?:19|20)[0-9]{2})"
    rf"|(?P<last>last |this )?(?P<weekday>{'|'.join(_WEEKDAYS)})(?!s)"
    rf"|(?P<ago>[0-9]{{1,2}}|one|{_COUNT}) (?P<unit>hour|day|week)s? ago"
    r"|(?P<long>last (?:week|month))"
)
_RECENT = (
    rf"for (?:the )?(?:past |last )?(?P<count>[0-9]{{1,2}}|one|{_COUNT}) (?P<runit>hour|day"
    rf"|week|month)s?"
    rf"|(?:past|last) (?P<count2>[0-9]{{1,2}}|{_COUNT}) (?P<runit2>hour|day|week|month)s"
)
_EVERY = (
    rf"(?:every|each) (?P<every>day|night|morning|{'|'.join(_WEEKDAYS)})(?: at"
    rf"| around)? {_CLOCK.replace('(?P<', '(?P<e_')}"
)
_FIND = re.compile(
    rf"(?:{_EVERY}|{_RECENT}|(?:(?P<since>since) |on )?(?:{_DAY})(?:,? (?:at |around )?{_CLOCK})?"
    rf"|(?:(?P<bsince>since)|at|around) {_CLOCK.replace('(?P<', '(?P<b_')})",
    re.IGNORECASE,
)
_WORD = re.compile("[A-Za-z0-9]+")
#: Words that a time may begin with, asked first because the pattern above is long.
_STARTER_WORDS = """
    yesterday today tomorrow tonight last this since on at around for past every each sept
    january february march april june july august september october november december
"""
_STARTERS = frozenset((*_STARTER_WORDS.split(), *_WEEKDAYS, *_MONTHS, *_COUNTS))
_PARTS = {
    "last night": (18, 30),
    "tonight": (18, 30),
    "this morning": (6, 12),
    "this afternoon": (12, 18),
    "this evening": (17, 24),
}
_SHIFTS = {"yesterday": -1, "tomorrow": 1, "last night": -1}
_LENGTHS = {"hour": timedelta(hours=1), "day": DAY, "week": DAY * 7, "month": DAY * 30}
_NOON, _HOUR_MAX, _MIDNIGHT_TILL = 12, 24, 5

Groups = dict[str, str | None]


def english_times(text: str, now: datetime) -> list[Said]:
    """Find the times in an English text.

    Args:
        text: In normal form.
        now: When it was said, in the city's zone.
    """
    found = []
    at = 0
    while word := _WORD.search(text, at):
        at = word.end()
        if not (word[0][0].isdecimal() or word[0].lower() in _STARTERS):
            continue
        match = _FIND.match(text, word.start())
        if match is None:
            continue
        at = max(at, match.end())
        groups = {name: said.lower() if said else None for name, said in match.groupdict().items()}
        read = _read(groups, now)
        if read:
            found.append(Said(read[0], match.start(), match.end(), read[1]))
            if len(found) == TIMES_MAX:
                break
    return found


def _read(groups: Groups, now: datetime) -> tuple[str, float] | None:
    if groups["every"]:
        return _every(groups["every"], groups, now)
    count = groups["count"] or groups["count2"]
    if count:
        length = _LENGTHS[groups["runit"] or groups["runit2"] or "day"]
        return Span(now - length * _count(count), now, 0).iso(), 0.6
    if groups["b_hour"] or groups["b_hour24"]:
        return _bare(groups, now)
    if groups["unit"] == "hour":
        return written(now - timedelta(hours=_count(groups["ago"] or "a"))), 0.6
    span = _day(groups, now)
    return _on(groups, span, now) if span else None


def _on(groups: Groups, span: Span, now: datetime) -> tuple[str, float] | None:
    name = groups["relative"] or ""
    if groups["hour"] or groups["hour24"]:
        at = _clock(groups, "", span)
        if at is None:
            return None
        if name in ("last night", "tonight") and at - span.begins < timedelta(hours=_MIDNIGHT_TILL):
            at += DAY
        if groups["since"] and at < now:
            return Span(at, now, 0).iso(), 0.75
        return written(at), min(span.confidence, 0.9)
    if name in _PARTS:
        span = part_of(span, *_PARTS[name])
    if groups["since"] and span.begins < now:
        return Span(span.begins, now, 0).iso(), 0.75
    return span.iso(), span.confidence


def _bare(groups: Groups, now: datetime) -> tuple[str, float] | None:
    at = _clock(groups, "b_", days(now.date(), 1, now, 0))
    if at is None:
        return None
    at = at if at <= now else at - DAY
    return (Span(at, now, 0).iso(), 0.5) if groups["bsince"] else (written(at), 0.5)


def _every(name: str, groups: Groups, now: datetime) -> tuple[str, float] | None:
    day = days(now.date(), 1, now, 0)
    if name in _WEEKDAYS:
        day = a_weekday(_WEEKDAYS.index(name), None, now)
    at = _clock(groups, "e_", day)
    if at is None:
        return None
    return f"R/{written(at)}/{'P7D' if name in _WEEKDAYS else 'P1D'}", 0.75


def _clock(groups: Groups, prefix: str, day: Span) -> datetime | None:
    if groups[f"{prefix}hour24"]:
        hour, minute = int(groups[f"{prefix}hour24"] or 0), int(groups[f"{prefix}minute24"] or 0)
        return day.begins + timedelta(hours=hour, minutes=minute) if hour < _HOUR_MAX else None
    hour, minute = int(groups[f"{prefix}hour"] or 0), int(groups[f"{prefix}minute"] or 0)
    if not 1 <= hour <= _NOON:
        return None
    hour = hour % _NOON + _NOON * (groups[f"{prefix}half"] == "p")
    return day.begins + timedelta(hours=hour, minutes=minute)


def _day(groups: Groups, now: datetime) -> Span | None:
    if groups["relative"]:
        return days(now.date() + DAY * _SHIFTS.get(groups["relative"], 0), 1, now, 0.9)
    if groups["weekday"]:
        is_last = groups["last"] == "last "
        span = a_weekday(_WEEKDAYS.index(groups["weekday"]), None, now)
        return (
            days((span.begins - DAY * 7).date(), 1, now, 0.7)
            if (is_last and span.begins.date() == now.date())
            else span
        )
    if groups["ago"]:
        length = _LENGTHS[groups["unit"] or "day"]
        return days((now - length * _count(groups["ago"])).date(), 1, now, 0.7)
    if groups["long"]:
        return _long(groups["long"], now)
    return _calendar_day(groups, now)


def _long(name: str, now: datetime) -> Span | None:
    if name.endswith("month"):
        return a_month(*month_before(now), now, 0.8)
    return days(now.date() - DAY * (now.weekday() + 7), 7, now, 0.8)


def _calendar_day(groups: Groups, now: datetime) -> Span | None:
    name = groups["month"] or groups["month2"]
    if name:
        year = groups["year"] or groups["year2"]
        day = int(groups["day"] or groups["day2"] or 0)
        return a_day(int(year) if year else None, _MONTHS.index(name[:3]) + 1, day, now)
    for prefix in ("i", "u"):
        if groups[f"{prefix}year"]:
            said_year, month, day = (
                int(groups[prefix + part] or 0) for part in ("year", "month", "day")
            )
            return a_day(said_year, month, day, now)
    return None


def _count(said: str) -> int:
    return int(said) if said.isdecimal() else _COUNTS[said]
