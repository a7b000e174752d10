"""The words of a clock's timeline, in the languages we can say them in.

They go to dispatchers, agencies and citizens, so they name dates, not offsets. A language
we don't have is answered in English: a timeline must never be empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.policy.durations import Duration, DurationUnit

if TYPE_CHECKING:
    from datetime import date

_ZH_UNITS = {
    DurationUnit.SECONDS: "秒",
    DurationUnit.MINUTES: "分钟",
    DurationUnit.HOURS: "小时",
    DurationUnit.DAYS: "个自然日",
    DurationUnit.WORKING_MINUTES: "个工作分钟",
    DurationUnit.WORKING_HOURS: "个工作小时",
}
_EN_UNITS = {
    DurationUnit.SECONDS: "second",
    DurationUnit.MINUTES: "minute",
    DurationUnit.HOURS: "hour",
    DurationUnit.DAYS: "natural day",
    DurationUnit.WORKING_MINUTES: "working minute",
    DurationUnit.WORKING_HOURS: "working hour",
}


def runs_through(duration: Duration, language: str) -> str:
    """Say that a clock runs without a break."""
    if language == "zh":
        return f"{duration.amount}{_ZH_UNITS[duration.unit]}连续计算,含夜间、周末和节假日"
    plural = "" if duration.amount == 1 else "s"
    return (
        f"{duration.amount} {_EN_UNITS[duration.unit]}{plural} without a break: "
        "nights, weekends and holidays count"
    )


def day_of_dispatch(day: date, language: str) -> str:
    """Say that the day of dispatch isn't counted."""
    if language == "zh":
        return f"派单当日({day})不计入"
    return f"the day of dispatch ({day}) is not counted"


def working_days(first: int, last: int, begins: date, ends: date, language: str) -> str:
    """Say which working days a stretch is."""
    if language == "zh":
        numbers = f"第{first}个" if first == last else f"第{first}至{last}个"
        return f"{numbers}工作日({_span(begins, ends, '至')})"
    numbers = f"working day {first}" if first == last else f"working days {first} to {last}"
    return f"{numbers} ({_span(begins, ends, ' to ')})"


def make_up(language: str) -> str:
    """Say that a weekend is worked to make up for a holiday."""
    return ",调休上班" if language == "zh" else ", worked to make up for a holiday"


def rest(name: str, begins: date, ends: date, language: str) -> str:
    """Say what the clock stands still for; `weekend`, or a holiday's own name."""
    if language == "zh":
        called = "周末" if name == "weekend" else name
        return f"{called}({_span(begins, ends, '至')})停计"
    return f"the clock stands still: {name} ({_span(begins, ends, ' to ')})"


def open_hours(day: date, opens: str, closes: str, language: str) -> str:
    """Say that offices are open; the times are of the whole shift."""
    if language == "zh":
        return f"办公时间({day} {opens}至{closes})"
    return f"office hours ({day}, {opens} to {closes})"


def half_day(name: str, language: str) -> str:
    """Say that a day has hours of its own."""
    return f",{name}" if language == "zh" else f", {name}"


def closed_hours(language: str) -> str:
    """Say that offices are closed on a working day: at night, at lunch."""
    return "非办公时间停计" if language == "zh" else "the clock stands still: offices are closed"


def stops(reason: str, language: str) -> str:
    """Say that a clock was paused."""
    return f"暂停计时:{reason}" if language == "zh" else f"the clock stands still: {reason}"


def goes_on(language: str) -> str:
    """Say that a clock runs again after a pause."""
    return "继续计时" if language == "zh" else "the clock goes on"


def paused_days(reason: str, begins: date, ends: date, language: str) -> str:
    """Say that days aren't counted because the clock stood still on them."""
    if language == "zh":
        return f"暂停计时:{reason}({_span(begins, ends, '至')})不计入"
    return f"not counted, the clock stood still: {reason} ({_span(begins, ends, ' to ')})"


def extension(reason: str, language: str) -> str:
    """Say that more time was granted."""
    return f"延期:{reason}" if language == "zh" else f"more time was granted: {reason}"


def unpublished(year: int, language: str) -> str:
    """Say that a year's holidays aren't known yet."""
    if language == "zh":
        return f",{year}年放假安排尚未公布"
    return f"; the calendar of {year} is not published yet"


def _span(begins: date, ends: date, joint: str) -> str:
    return f"{begins}" if begins == ends else f"{begins}{joint}{ends}"
