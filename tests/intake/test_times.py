"""Times: what a caller's `last night` means, as an instant or an interval."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.decide.times import times_in

#: Tuesday, noon in Beijing.
RECEIVED = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
BEIJING, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
_VALUE = re.compile(
    r"(?:R/)?\d{4}-\d\d-\d\dT\d\d:\d\d[+-]\d\d:\d\d(?:/(?:P[17]D|\d{4}-\d\d-\d\dT\d\d:\d\d[+-]\d\d:\d\d))?"
)


@pytest.mark.parametrize(
    ("said", "words", "value"),
    [
        ("昨晚十点半还在吵", "昨晚十点半", "2026-11-23T22:30+08:00"),
        ("昨晚吵了一夜", "昨晚", "2026-11-23T18:00+08:00/2026-11-24T06:00+08:00"),
        ("前天停水", "前天", "2026-11-22T00:00+08:00/2026-11-23T00:00+08:00"),
        ("今天早上8点停电", "今天早上8点", "2026-11-24T08:00+08:00"),
        ("昨天下午三点一刻", "昨天下午三点一刻", "2026-11-23T15:15+08:00"),
        ("3月5日报过修", "3月5日", "2026-03-05T00:00+08:00/2026-03-06T00:00+08:00"),
        ("12月1日要停水", "12月1日", "2026-12-01T00:00+08:00/2026-12-02T00:00+08:00"),
        ("12月30日报过", "12月30日", "2025-12-30T00:00+08:00/2025-12-31T00:00+08:00"),
        ("于2018年1月1日03:32打车", "2018年1月1日03:32", "2018-01-01T03:32+08:00"),
        ("2026-11-03 15:30来电", "2026-11-03 15:30", "2026-11-03T15:30+08:00"),
        ("上周三没人来", "上周三", "2026-11-18T00:00+08:00/2026-11-19T00:00+08:00"),
        ("最近三天没水", "最近三天", "2026-11-21T12:00+08:00/2026-11-24T12:00+08:00"),
        ("从周一到现在没电", "从周一到现在", "2026-11-23T00:00+08:00/2026-11-24T12:00+08:00"),
        ("每天凌晨2点施工", "每天凌晨2点", "R/2026-11-24T02:00+08:00/P1D"),
        ("每周三下午三点停水", "每周三下午三点", "R/2026-11-18T15:00+08:00/P7D"),
        (
            "昨晚10点至次日2点施工",
            "昨晚10点至次日2点",
            "2026-11-23T22:00+08:00/2026-11-24T02:00+08:00",
        ),
        ("去年3月开工", "去年3月", "2025-03-01T00:00+08:00/2025-04-01T00:00+08:00"),
    ],
)
def test_a_chinese_time_is_read_as_seen_from_the_call(said: str, words: str, value: str) -> None:
    """An agency must know which night it was, also when it reads the order a week later."""
    (found,) = times_in(said, RECEIVED, BEIJING)
    assert (said[found.start : found.end], found.value) == (words, value)


@pytest.mark.parametrize(
    ("said", "words", "value"),
    [
        ("Noise last night", "last night", "2026-11-22T18:00-05:00/2026-11-23T06:00-05:00"),
        ("No heat since Monday.", "since Monday", "2026-11-23T00:00-05:00/2026-11-23T23:00-05:00"),
        ("loud at 3am", "at 3am", "2026-11-23T03:00-05:00"),
        ("it fell on March 5", "on March 5", "2026-03-05T00:00-05:00/2026-03-06T00:00-05:00"),
        (
            "[姓名] called on March 5, 2025 at 3:30 pm",
            "on March 5, 2025 at 3:30 pm",
            "2025-03-05T15:30-05:00",
        ),
        ("two days ago", "two days ago", "2026-11-21T00:00-05:00/2026-11-22T00:00-05:00"),
        ("every night at 11 pm", "every night at 11 pm", "R/2026-11-23T23:00-05:00/P1D"),
        ("3/5/2025", "3/5/2025", "2025-03-05T00:00-05:00/2025-03-06T00:00-05:00"),
    ],
)
def test_an_english_time_is_read_as_seen_from_the_call(said: str, words: str, value: str) -> None:
    """The call came at 23:00 on Monday in New York, on Tuesday in Greenwich."""
    (found,) = times_in(said, RECEIVED, NEW_YORK)
    assert (said[found.start : found.end], found.value) == (words, value)


@pytest.mark.parametrize(
    "text",
    [
        "我有三点建议",
        "5号楼和13号线",
        "3点",
        "2月30日",
        "1.5元、3.5公里、3/4的居民",
        "3-2-502",
        "2-3天",
        "周一到周五都堵车",
        "晚上10点到凌晨2点施工",
        "坐标110.31,20.0",
        "march on the street, may it be",
        "at 25:00",
    ],
)
def test_what_is_no_time_or_could_be_any_gives_none(text: str) -> None:
    """A wrong hour in an order is worse than none."""
    assert times_in(text, RECEIVED, BEIJING) == []


def test_a_vague_time_is_less_sure_than_an_exact_one() -> None:
    """Whoever reads a finding must see how far to trust it."""
    exact, day, bare = (
        times_in(said, RECEIVED, BEIJING)[0].confidence
        for said in ("昨晚10点", "周三", "晚上10点还在施工")
    )
    assert exact > day > bare


@given(
    text=st.lists(
        st.sampled_from(
            [
                *"0123456789一二十点月日号年周天时分半:：-/前昨今晚从到每最近,，",
                "last ",
                "at ",
                "pm",
            ]
        )
    ).map("".join),
    at=st.integers(700_000_000, 3_700_000_000),
)
def test_whatever_is_said_gives_well_formed_values_in_order(text: str, at: int) -> None:
    """Readers parse these values; a broken one would stop them."""
    found = times_in(text, datetime.fromtimestamp(at, UTC), BEIJING)
    for said in found:
        assert _VALUE.fullmatch(said.value), said
        assert 0 <= said.start < said.end <= len(text)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    assert len(found) <= 8
