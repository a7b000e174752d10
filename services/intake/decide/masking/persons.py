"""Names of people, where a word beside them says that they are names.

Rules of this file:

1. A *strong* marker is followed by a name and nothing else (我叫, 姓名, 联系人：). A *weak*
   one often isn't (市民, 本人, 我是): what follows must look like a name and end like one.
2. Before 先生, 女士 and the like stands a surname or a name; the title itself stays, and so
   do titles of office (经理, 主任, 老师): whom a complaint is about the agency must know.
3. Without a marker no name is looked for: Chinese names are made of everyday characters,
   and a complaint full of holes helps nobody.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from services.intake.decide.masking.signs import NAME, Span
from services.intake.decide.masking.surnames import (
    COMPOUND,
    DEEDS,
    EVERYDAY,
    FUNCTION,
    GIVEN_TOO,
    LURE_LENGTHS,
    LURES,
    NOT_GIVEN,
    SURNAMES,
)

_STRONG_WORDS = """
    我叫 我名叫 名叫 名字叫 名字是 叫做 户主 户名 姓名 联系人 联络人 收件人 收货人 经办人
    法人代表 法定代表人 署名 投诉人 来电人 反映人 举报人 申请人 求助人 诉求人 来访人 信访人
    报警人 报修人 当事人 委托人 被委托人 称呼 实名
"""
_STRONG = _STRONG_WORDS.split()
_WEAK_WORDS = """
    我是 本人 业主代表 村民代表 居民代表 市民 居民 业主 村民 住户 租客 租户 患者 家长 老人 职工
    用户 网友 群众 机主 死者 伤者 儿子 女儿 丈夫 妻子 父亲 母亲
"""
_WEAK = _WEAK_WORDS.split()
_TITLES_WORDS = """
    先生 女士 小姐 太太 阿姨 大爷 大妈 老人家
"""
_TITLES = _TITLES_WORDS.split()
#: Nobody is called so; a name field or a title may say it.
_NOBODY_WORDS = """
    市民 匿名 匿名市民 先生 女士 小姐 未知 不详 无 保密 姓名 电话 来电人 投诉人 业主 居民 群众
    网友 本人 anonymous unknown none n/a na null test name caller citizen resident
"""
_NOBODY = frozenset(_NOBODY_WORDS.split())


_SURE = SURNAMES - FUNCTION


class _Marker(NamedTuple):
    kind: str
    word: str


_MARKERS = (
    *(_Marker("strong", word) for word in _STRONG),
    *(_Marker("weak", word) for word in _WEAK),
    *(_Marker("title", word) for word in _TITLES),
    _Marker("some", "某"),
    *(_Marker("hidden", word) for word in ("XX", "xx", "××", "**", "＊＊", "○○", "X先生", "X女士")),
)
_AUTOMATON = AhoCorasick([marker.word for marker in _MARKERS], matchkind=MatchKind.LeftmostLongest)

_HAN = re.compile(r"[\u4e00-\u9fff]")
_LEAD = re.compile(r"(?:(?:姓名|名字|名称)?\s?[为是叫]|[：:（(“\"\s]){0,3}")
_COLON = re.compile(r"[：:]")
_DOTTED = re.compile(
    r"[\u4e00-\u9fff]{2,6}[·•・][\u4e00-\u9fff]{2,6}(?:[·•・][\u4e00-\u9fff]{2,6})?"
)
#: What may follow a name: no further sign, or a word that goes on about the person.
_FOLLOWS = re.compile(
    r"[^\u4e00-\u9fff]|\Z|先生|女士|小姐|同志|师傅|大爷|大妈|阿姨|太太|老人|电话|手机|联系|身份"
    r"|性别|男[，,性\s]|女[，,性\s]|来电"
    r"|反映|反应|投诉|表示|称|举报|咨询|求助|建议|号码|微信|户籍|地址|家住|住|现住|今年|系|等\d"
    r"|提出|申请|要求|希望|实名|于\d"
    r"|的(?:男|女|老)?(?:人|子|士)"
)
_LOOSELY_FOLLOWS = re.compile(r"的|在|于|和|与|及|向|是|因|想|认|说|家|昨|前|今|有|要|去|到|从|被")
#: Before a full name with a title: nothing, a sign, or a word that introduces a person.
_INTRODUCED = re.compile(
    r"(?:^|[^\u4e00-\u9fff]|市民|居民|业主|村民|住户|租客|户主|用户|顾客|乘客|患者|联系|联系人"
    r"|我叫|我是|叫|的|是|找|由|与|和|跟|向|给|被|对|请|位|名|姓|人)\Z"
)
_SOME_OF = re.compile(
    r"某{1,2}(?=[些种个天日月年地处小单公工路物饭酒商超学医银房楼家站区市县镇村街段时次条款项品店局部])"
)
_TITLE_LURES = ("任何", "各位", "这位", "那位", "教书", "风水", "算命", "文明", "时尚", "礼仪")

_ENGLISH = re.compile(
    r"(?:[Mm]y (?:full )?name(?: is|'s|:)|(?<![A-Za-z])[Nn]ame ?:"
    r"|(?<![A-Za-z])[Cc]ontact(?: person| name)? ?:"
    r"|(?<![A-Za-z])[Cc]aller(?: name)? ?:|(?<![A-Za-z])[Rr]eported by:?"
    r"|(?<![A-Za-z])[Cc]omplainant ?:"
    r"|[Tt]his is(?=(?: [A-Z][a-z'\-]+){1,3} (?:calling|speaking|from))|(?<![A-Za-z])(?:Mr|Mrs"
    r"|Ms)\.?)"
    r"\s{1,2}(?P<name>[A-Z][A-Za-z'\-]*\.?(?: (?!Street|Avenue|Ave|Road|Rd|Blvd"
    r"|Calling)[A-Z][A-Za-z'\-]*\.?){0,2})"
)
_ENGLISH_CUES = ("ame", "ontact", "aller", "eported", "omplainant", "his is", "Mr", "Ms")
_NOT_ENGLISH_WORDS = """
    Softee Pacman Pac-Man Robot Frosty Bean Clean Unknown Anonymous None The This That It No
    Not N/A Management Super Superintendent Landlord Tenant Owner Manager Office Building
    Department
"""
_NOT_ENGLISH = frozenset(_NOT_ENGLISH_WORDS.split())
_STREET_AFTER = re.compile(
    r"\s(?:[A-Z][a-z]+ )?(?:Street|St|Avenue|Ave|Road|Rd|Blvd|Boulevard|Park|School|Plaza"
    r"|Bridge|Drive)\b"
)


def persons_in(plain: str) -> list[Span]:
    """Find names beside a word that says that they are names.

    Args:
        plain: A text, with everything that is masked or found already taken out.

    Returns:
        Their spans.
    """
    found = []
    for index, start, end in _AUTOMATON.find_matches_as_indexes(plain):
        marker = _MARKERS[index]
        span = _READERS[marker.kind](plain, start, end)
        if span is not None and span[0] < span[1]:
            found.append(Span(*span, NAME))
    if any(cue in plain for cue in _ENGLISH_CUES):
        found += _english(plain)
    return found


def own_name_in(text: str, name: str) -> list[Span]:
    """Find the reporter's own name wherever it stands.

    Args:
        text: A person's words.
        name: As the request gives it; of one character it would hit everywhere.
    """
    name = name.strip()
    for title in _TITLES:
        name = name.removesuffix(title)
    if len(name) < 2 or name.casefold() in _NOBODY:  # noqa: PLR2004
        return []
    if name[0] not in text and name[0].lower() == name[0].upper():
        return []
    if name.isascii():
        pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, name.split())) + r"(?!\w)"
    elif len(name) <= 6:  # noqa: PLR2004
        pattern = r"\s?".join(re.escape(char) for char in name if not char.isspace())
    else:
        pattern = re.escape(name)
    return [
        Span(found.start(), found.end(), NAME)
        for found in re.finditer(pattern, text, re.IGNORECASE)
    ]


def _after_strong(plain: str, start: int, end: int) -> tuple[int, int] | None:
    lead = _LEAD.match(plain, end)
    begin = lead.end() if lead else end
    is_labelled = _COLON.search(plain, end, begin) is not None or plain.startswith("我", start)
    dotted = _DOTTED.match(plain, begin)
    if dotted:
        return dotted.span()
    for length in _lengths(plain, begin):
        if _FOLLOWS.match(plain, begin + length) and _is_name(
            plain, begin, length, is_strict=False
        ):
            is_sure = is_labelled or plain[begin] not in FUNCTION
            return (begin, begin + length) if is_sure else None
    if not is_labelled:
        return None
    # The sentence goes on without a sign: 我叫白小树昨天…
    for length in _lengths(plain, begin):
        if _is_name(plain, begin, length, is_strict=length != 2):  # noqa: PLR2004
            is_open = length > 2 or _LOOSELY_FOLLOWS.match(plain, begin + length)  # noqa: PLR2004
            if is_open and plain[begin] not in FUNCTION:
                return begin, begin + length
    return None


def _after_weak(plain: str, _start: int, end: int) -> tuple[int, int] | None:
    lead = _LEAD.match(plain, end)
    begin = lead.end() if lead else end
    if plain[begin : begin + 1] in FUNCTION:
        return None
    for length in _lengths(plain, begin):
        if not _FOLLOWS.match(plain, begin + length):
            continue
        if not _is_name(plain, begin, length, is_strict=True):
            continue
        # Of two characters, 高兴 or 周到 is as likely as a person.
        is_sure = length > 2 or plain[begin] not in EVERYDAY  # noqa: PLR2004
        return (begin, begin + length) if is_sure else None
    return None


def _before_title(plain: str, start: int, _end: int) -> tuple[int, int] | None:
    if plain[max(0, start - 2) : start] in _TITLE_LURES:
        return None
    for length in (4, 3, 2):
        begin = start - length
        if begin < 0 or not _is_name(plain, begin, length, is_strict=False):
            continue
        is_compound = plain[begin : begin + 2] in COMPOUND
        if length == 4 and not is_compound:  # noqa: PLR2004
            continue
        if is_compound or plain[start - 1] not in _SURE:
            return begin, start
        if _INTRODUCED.search(plain, max(0, begin - 3), begin):
            return begin, start
    last = plain[start - 1 : start]
    is_sure = last not in FUNCTION or _INTRODUCED.search(plain, max(0, start - 4), start - 1)
    return (start - 1, start) if last in SURNAMES and is_sure else None


def _before_some(plain: str, start: int, _end: int) -> tuple[int, int] | None:
    if plain[start - 1 : start] == "某":
        return None
    before = plain[start - 1 : start] if start else ""
    if before not in SURNAMES or before in FUNCTION or _SOME_OF.match(plain, start):
        return None
    end = start + 1
    if plain.startswith("某", end) or (
        _HAN.match(plain, end)
        and _FOLLOWS.match(plain, end + 1)
        and plain[end] not in NOT_GIVEN
        and not _FOLLOWS.match(plain, end)
    ):
        end += 1
    return start - 1, end


def _hidden(plain: str, start: int, end: int) -> tuple[int, int] | None:
    before = plain[start - 1 : start] if start else ""
    if before not in SURNAMES or before in FUNCTION:
        return None
    if plain[end - 2 : end] in ("先生", "女士"):
        return start - 1, end - 2
    return (start - 1, end) if _FOLLOWS.match(plain, end) else None


_READERS = {
    "strong": _after_strong,
    "weak": _after_weak,
    "title": _before_title,
    "some": _before_some,
    "hidden": _hidden,
}


def _lengths(plain: str, begin: int) -> tuple[int, ...]:
    return (4, 3) if plain[begin : begin + 2] in COMPOUND else (3, 2)


def _is_name(plain: str, begin: int, length: int, *, is_strict: bool) -> bool:
    """Tell whether characters can be a name: surname, given name, and no everyday word."""
    name = plain[begin : begin + length]
    if len(name) < length or not all(map(_HAN.match, name)):
        return False
    surname = 2 if name[:2] in COMPOUND else 1
    if name[0] not in SURNAMES and surname == 1:
        return False
    if name[surname:] in DEEDS or any(name[:size] in LURES for size in LURE_LENGTHS):
        return False
    refused = NOT_GIVEN if is_strict else NOT_GIVEN - GIVEN_TOO
    return not any(char in refused for char in name[surname:])


def _english(plain: str) -> list[Span]:
    found = []
    for match in _ENGLISH.finditer(plain):
        first = match["name"].split()[0].rstrip(".")
        if first in _NOT_ENGLISH or _STREET_AFTER.match(plain, match.end()):
            continue
        found.append(
            Span(match.start("name"), match.start("name") + len(match["name"].rstrip(".")), NAME)
        )
    return found
