"""Times in Chinese: 昨晚十点半, 3月5日, 上周三, 最近三天, 从周一到现在, 每天凌晨2点."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from services.intake.decide.times.chinese_signs import BEGINS, FIND
from services.intake.decide.times.moments import (
    DAY,
    TIMES_MAX,
    Said,
    Span,
    a_day,
    a_month,
    a_weekday,
    a_year,
    days,
    month_before,
    part_of,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_NUMERALS = {char: value for value, char in enumerate("零一二三四五六七八九十")} | {
    "〇": 0,
    "两": 2,
}
_RELATIVE = {
    "大前天": -3,
    "前天": -2,
    "前": -2,
    "昨天": -1,
    "昨日": -1,
    "昨": -1,
    "今天": 0,
    "今日": 0,
    "当天": 0,
    "今": 0,
}
_RELATIVE |= {"明天": 1, "明日": 1, "明": 1, "后天": 2}
_WHICH_YEAR = {"今年": 0, "去年": -1, "前年": -2, "明年": 1}
_WEEKS = {"上上": -2, "上": -1, "上个": -1, "这": 0, "这个": 0, "本": 0, "下": 1, "下个": 1}
#: First and last hour, counted from the day's midnight: last night ends in the morning.
_HOURS = {
    "凌晨": (0, 6),
    "清晨": (5, 8),
    "清早": (5, 8),
    "早晨": (5, 9),
    "早上": (6, 10),
    "早": (6, 10),
    "上午": (8, 12),
    "中午": (11, 14),
    "午后": (12, 18),
    "下午": (12, 18),
    "傍晚": (17, 20),
    "晚上": (18, 30),
    "晚间": (18, 24),
    "晚": (18, 30),
    "夜里": (22, 30),
    "夜间": (22, 30),
    "夜晚": (18, 30),
    "夜": (18, 30),
    "半夜": (23, 30),
    "深夜": (22, 30),
}
_NOON_PERIODS = frozenset(("下午", "午后", "傍晚"))
_NIGHT_PERIODS = frozenset(("晚上", "晚间", "晚", "夜", "夜里", "夜间", "夜晚", "深夜", "半夜"))
_NOON, _EVENING, _HOUR_MAX, _MINUTE_MAX = 12, 5, 24, 59

Groups = dict[str, str | None]


def chinese_times(text: str, now: datetime) -> list[Said]:
    """Find the times in a Chinese text.

    Args:
        text: In normal form.
        now: When it was said, in the city's zone.
    """
    found = []
    at = 0
    while sign := BEGINS.search(text, at):
        at = sign.start() + 1
        match = FIND.match(text, sign.start())
        if match is None:
            continue
        at = max(at, match.end())
        read = _read(match.groupdict(), now)
        if read:
            found.append(Said(read[0], match.start(), match.end(), read[1]))
            if len(found) == TIMES_MAX:
                break
    return found


def _read(groups: Groups, now: datetime) -> tuple[str, float] | None:
    if groups["e_hour"]:
        return _every(groups, now)
    if groups["runit"]:
        return _recent(groups, now)
    if groups["b_hour"]:
        return _bare(groups, now)
    span = _long(groups, now) or _day(groups, now)
    if span is None or groups["hour"]:
        return _at(groups, span, now) if span else None
    return _during(groups, span, now)


def _during(groups: Groups, span: Span, now: datetime) -> tuple[str, float]:
    if groups["part"]:
        span = part_of(span, *_HOURS[groups["part"]])
    if groups["since"] or groups["now"]:
        # 起 and 以来 alone count from then on; 从周一 without an end does too.
        if span.begins >= now:
            return written(span.begins), 0.6
        return Span(span.begins, now, 0.7).iso(), 0.7
    return span.iso(), span.confidence


def _at(groups: Groups, day: Span, now: datetime) -> tuple[str, float] | None:
    begins = _clock(groups, "", day)
    if begins is None:
        return None
    ends = _clock(groups, "t_", day) if groups["t_hour"] else None
    if ends is not None:
        ends += DAY if groups["next"] or ends <= begins else timedelta(0)
        return Span(begins, ends, 0).iso(), min(day.confidence, 0.85)
    if (groups["since"] or groups["now"]) and begins < now:
        return Span(begins, now, 0).iso(), 0.75
    return written(begins), min(day.confidence, 0.9 if groups["period"] or groups["colon"] else 0.8)


def _bare(groups: Groups, now: datetime) -> tuple[str, float] | None:
    """Read an hour without a day: the last one there was; a stretch of hours may be a habit."""
    if groups["b_t_hour"] or not (groups["b_period"] or groups["b_colon"]):
        return None
    today = days(now.date(), 1, now, 0.4)
    at = _clock(groups, "b_", today)
    if at is None:
        return None
    return written(at if at <= now else at - DAY), 0.4


def _every(groups: Groups, now: datetime) -> tuple[str, float] | None:
    day = days(now.date(), 1, now, 0.8)
    if groups["eday"]:
        day = a_weekday("一二三四五六日".index(groups["eday"].replace("天", "日")), None, now)
    at = _clock(groups, "e_", day)
    if at is None:
        return None
    return f"R/{written(at)}/{'P7D' if groups['eday'] else 'P1D'}", 0.75


def _recent(groups: Groups, now: datetime) -> tuple[str, float] | None:
    count = number(groups["rn"] or "")
    length = {
        "小时": timedelta(hours=1),
        "周": DAY * 7,
        "星期": DAY * 7,
        "月": DAY * 30,
        "年": DAY * 365,
    }.get(groups["runit"] or "", DAY)
    return Span(now - length * count, now, 0).iso(), 0.6


def _clock(groups: Groups, prefix: str, day: Span) -> datetime | None:
    """Put an hour onto a day; 晚上10点 is 22:00, 半夜2点 of a day is the night after it."""
    hour = number(groups[f"{prefix}hour"] or "")
    said = groups[f"{prefix}minute"] or groups[f"{prefix}colon"] or "0"
    minute = 30 if groups[f"{prefix}half"] else number(said)
    if groups[f"{prefix}quarter"]:
        minute = 15 * number(groups[f"{prefix}quarter"] or "")
    period = groups[f"{prefix}period"] or ""
    if hour > _HOUR_MAX or minute > _MINUTE_MAX:
        return None
    if period in _NIGHT_PERIODS:
        hour += 12 if _EVENING <= hour < _NOON else 24 if hour < _EVENING else 12 * (hour == _NOON)
    elif period in _NOON_PERIODS or (period == "中午" and hour < _EVENING):
        hour += 12 if hour < _NOON else 0
    return day.begins + timedelta(hours=hour, minutes=minute)


def _day(groups: Groups, now: datetime) -> Span | None:
    for name, read in _DAYS.items():
        if groups[name]:
            return read(groups, now)
    return None


def _calendar_day(groups: Groups, now: datetime) -> Span | None:
    year = _year(groups["year"]) if groups["year"] else None
    if groups["which"]:
        year = now.year + _WHICH_YEAR[groups["which"]]
    return a_day(year, number(groups["month"] or ""), number(groups["day"] or ""), now)


def _iso_day(groups: Groups, now: datetime) -> Span | None:
    year, month, day = (int(groups[name] or 0) for name in ("iyear", "imonth", "iday"))
    return a_day(year, month, day, now)


def _day_of_month(groups: Groups, now: datetime) -> Span | None:
    is_last = (groups["this"] or "").startswith("上")
    year, month = month_before(now) if is_last else (now.year, now.month)
    return a_day(year, month, number(groups["mday"] or ""), now)


def _named_day(groups: Groups, now: datetime) -> Span:
    shift = _RELATIVE[groups["relative"] or ""]
    return days(now.date() + DAY * shift, 1, now, 0.6 if groups["relative"] == "当天" else 0.9)


def _days_ago(groups: Groups, now: datetime) -> Span:
    return days(now.date() - DAY * number(groups["ago"] or ""), 1, now, 0.7)


def _weekday(groups: Groups, now: datetime) -> Span:
    weekday = "一二三四五六日".index((groups["weekday"] or "").replace("天", "日"))
    return a_weekday(weekday, _WEEKS.get(groups["week"] or "none"), now)


_DAYS: dict[str, Callable[[Groups, datetime], Span | None]] = {
    "month": _calendar_day,
    "iyear": _iso_day,
    "mday": _day_of_month,
    "relative": _named_day,
    "ago": _days_ago,
    "weekday": _weekday,
}


def _long(groups: Groups, now: datetime) -> Span | None:
    if groups["lyear"] or groups["lwhich"]:
        year = _year(groups["lyear"]) if groups["lyear"] else now.year
        year += _WHICH_YEAR.get(groups["lwhich"] or "", 0)
        month = groups["lmonth"] or groups["lwmonth"]
        return a_month(year, number(month), now, 0.85) if month else a_year(year, now, 0.7)
    if groups["amonth"]:
        month_number = number(groups["amonth"])
        return a_month(now.year - (month_number > now.month), month_number, now, 0.7)
    name = groups["period2"] or ""
    if not name:
        return None
    if "月" in name:
        year, month_number = month_before(now) if name[0] == "上" else (now.year, now.month)
        return a_month(year, month_number, now, 0.8)
    monday = now.date() - DAY * now.weekday()
    return days(monday - DAY * 7 * (name[0] == "上"), 7, now, 0.8)


def _year(said: str | None) -> int:
    return int("".join(str(_NUMERALS.get(char, char)) for char in said or ""))


def number(said: str) -> int:
    """Read a number up to 99: 3, 两, 十二, 二十三."""
    if said.isdecimal():
        return int(said)
    tens, ten, ones = said.partition("十")
    if not ten:
        return sum(_NUMERALS[char] * 10**place for place, char in enumerate(reversed(said)))
    return (number(tens) if tens else 1) * 10 + (number(ones) if ones else 0)
