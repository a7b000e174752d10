"""How a division is called: official name, usual short forms, and what is too common to trust.

Rules of this file:
1. A *full* form ends with its kind (朝阳区, 望京街道, 望花路社区) and can be trusted in a text.
2. A *bare* form lacks it (朝阳, 望京). It is a name in a text only if nothing after it makes
   it part of another name: 朝阳路, 人民医院 and 双井桥 name a road, a hospital and a bridge.
3. Communities have no bare form: too many of them are everyday words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.policy import Division

#: A name of one character (a bare 东) would be found everywhere.
BARE_LENGTH_MIN = 2
_COMMUNITY_LENGTH_MIN = 3

_DISTRICT_KIND = re.compile(r"(?:自治县|新区|[区县市])$")
_STREET_KIND = re.compile(
    r"(?:街道办事处|地区办事处|办事处|街道办|街道|地区|(?:[回满苗彝藏壮]|蒙古)族[乡镇]|[乡镇])$"
)
_COMMITTEE = re.compile(r"(?:居民委员会|居委会)$")
_VILLAGE_COMMITTEE = re.compile(r"村?(?:村民委员会|村委会)$")

#: Bare names that are roads and gates first, and so say little about the street office.
_LANDMARK_ENDS = ("路", "街", "门", "桥", "巷", "道", "场")

#: Everyday words that are also names of streets and townships somewhere: in a text they
#: count only with their kind (人民街道). Collected from the gazetteers of cities in use.
_EVERYDAY_WORDS = """
    人民 和平 建设 建国 团结 幸福 解放 胜利 东风 光明 新华 友谊 民主 自由 文化 工人
    平安 长安 大同 博爱 蓝天 红旗 平房 温泉 东升 永定 永兴 滨海 滨江 东方 中山 开发
    城区 城关 城南 城北 城东 城西 新城 大学 车站 国兴 三江 云龙 凤翔 向阳 前进 劳动
    青年 民生 南口 方庄 西站 机场
"""
_EVERYDAY = frozenset(_EVERYDAY_WORDS.split())

#: What turns a bare name before it into the name of something else.
_CONTINUED = re.compile(
    r"[东西南北中]?(?:[一二三四五六七八九十0-9]+|[里外内])?[东西南北中横支]?"
    r"(?:路(?![灯面口边段上人况])|街(?!道)|大街|大道|道(?!路)|桥|站(?!点)|门|巷|胡同|医院|大学|学院"
    r"|中学|小学|幼儿园|公园|广场|大厦|银行|公司|集团|酒店|宾馆|商场|市场|超市|花园|小区|公寓|家园"
    r"|法院|机场|汽车站|火车站|新城|新村|村|苑|岛|河|湖|山|港|线|方向|土木|人(?![民行])|派出所|分局|支行|分店|大队)"
)


@dataclass(frozen=True, slots=True)
class Name:
    """One way to call a division."""

    text: str  #: Folded as by `fold`.
    code: str
    is_bare: bool  #: Without its kind; see rule 2.


def fold(text: str) -> str:
    """Make two spellings of a name equal: letter case and full-width letters don't matter."""
    # Asked first, because most texts hold none and translating costs twenty times as much.
    if _WIDE.search(text):
        text = text.translate(_NARROW)
    return text.casefold()


def fold_in_place(text: str) -> str:
    """Fold so that positions stay: what would grow (ß, İ) is left as it is."""
    folded = fold(text)
    if len(folded) == len(text):
        return folded
    return "".join(small if len(small := fold(sign)) == 1 else sign for sign in text)


_WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ]")
_NARROW = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B)}


def stem(name: str, level: str) -> str:
    """Drop the usual endings of a division's name; the name itself if too little is left.

    Args:
        name: Such as `望京街道办事处`.
        level: `district`, `street` or `community`.

    Returns:
        Such as `望京`; for a community its name up to 社区 or 村: `望花路社区`.
    """
    name = fold(name)
    if level == "community":
        village = _VILLAGE_COMMITTEE.sub("村", name)
        return village if village != name else _COMMITTEE.sub("", name)
    kind = {"district": _DISTRICT_KIND, "street": _STREET_KIND}.get(level)
    short = kind.sub("", name) if kind else name
    return short if len(short) >= BARE_LENGTH_MIN else name


def names_of(division: Division) -> tuple[Name, ...]:
    """List every way a division is called in a text, the trusted ones first."""
    said = [division.name, *division.aliases]
    full = {fold(name) for name in said}
    bare: set[str] = set()
    for name in said:
        short = stem(name, division.level)
        if division.level == "community":
            full |= _community_forms(short)
        elif short != fold(name):
            bare.add(short)
            if division.level == "street":
                full |= _street_forms(fold(name), short)
    bare = {name for name in bare - full if not _is_weak(name, division.level)}
    return (
        *(Name(name, division.code, is_bare=False) for name in sorted(full)),
        *(Name(name, division.code, is_bare=True) for name in sorted(bare)),
    )


def _street_forms(name: str, short: str) -> set[str]:
    if "街道" in name or "办事处" in name:
        return {short + "街道", short + "街道办", short + "街道办事处", short + "街办"}
    return set()


def _community_forms(short: str) -> set[str]:
    if len(short) < _COMMUNITY_LENGTH_MIN:
        return set()  # 新村 is the end of many a name.
    if short.endswith(("社区", "村")):
        return {short}
    return {short + "社区", short + "居委会"}


def _is_weak(bare: str, level: str) -> bool:
    if bare in _EVERYDAY:
        return True
    return level == "street" and bare.endswith(_LANDMARK_ENDS)


def is_continued(text: str, end: int) -> bool:
    """Tell whether a bare name that ends at `end` is only the beginning of another name."""
    return _CONTINUED.match(text, end) is not None


#: What makes a full name part of an office's: 东区城管局 may be asked about a matter in 西区.
_OFFICE = re.compile(
    r"(?:人民)?(?:政府|法院|检察院|公安|城管|交警|税务|国税|地税|工商|住建|房管|教育|环保|环卫|卫生|民政|社保"
    r"|国土|规划|水务|物价|食药|劳动|人社|纪委|区委|信访|园林|市政|执法|消防|残联|派出所|法庭)"
)


def is_office(text: str, end: int) -> bool:
    """Tell whether a full name that ends at `end` begins the name of an office."""
    return _OFFICE.match(text, end) is not None


def is_inside_word(text: str, start: int, end: int) -> bool:
    """Tell whether a match lies inside a longer word of an alphabet (`queens` in `queensway`)."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return (_is_letter(before) and _is_letter(text[start])) or (
        _is_letter(after) and _is_letter(text[end - 1])
    )


def _is_letter(char: str) -> bool:
    return char.isalnum() and char < "\u2e80"
