"""Numbers that lead to a person: cards, telephones, accounts, plates; and what looks alike.

A number after a word for an order, a meter or a contract stays, unless it is exactly a
mobile number. Numbers of services (12345, 110, 95xxx, 400-…) are nobody's and stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from services.intake.decide.masking import digits
from services.intake.decide.masking.runs import (
    SEPARATOR,
    grouped_cards_in,
    has_order_label,
    runs_in,
)
from services.intake.decide.masking.signs import (
    ACCOUNT,
    EMAIL,
    ID_CARD,
    PASSPORT,
    PHONE,
    PLATE,
    Span,
    take,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,4}")

_COUNTRY = rf"(?:(?:\+|00)?86{SEPARATOR})?"
_MOBILE = re.compile(
    rf"(?<![0-9]){_COUNTRY}(?P<number>1{SEPARATOR}[3-9](?:{SEPARATOR}[0-9]){{9}})(?![0-9])"
)
#: Said in pieces: 190，然后是0000，后面1234.
_FILLER = (
    r"(?:[\s\-.·_,，、。;；:：/()~…]|然后|接着|再加|再|后面|后边|中间|最后|后4位|前3位|尾号|的"
    r"|是|呃|嗯|啊|哦|and|then)"
)
_SAID = re.compile(
    rf"(?<![0-9])1[3-9][0-9]{_FILLER}{{1,6}}[0-9]{{4}}{_FILLER}{{1,6}}[0-9]{{4}}(?![0-9])"
)
_LANDLINE = re.compile(
    r"(?<![0-9.])(?:(?:\+|00)?86[\s\-]{0,2})?\(?0(?:10|2[0-9]|[3-9][0-9]{2})\)?[\s\-]{0,2}"
    r"[2-9][0-9]{2,3}[\s\-]?[0-9]{4}(?:(?:\s?(?:转|分机|ext\.?)\s?|-)[0-9]{1,6})?(?![0-9])"
)
#: As in North America; 800 and its like, and our 400, are companies' service numbers.
_AMERICAN = re.compile(
    r"(?<![0-9])(?:\+?1[\s.\-]?)?\(?(?!400|8(?:00|33|44|55|66|77|88))[2-9][0-9]{2}\)?[\s.\-]{1,2}"
    r"[2-9][0-9]{2}[\s.\-][0-9]{4}(?![0-9])"
)
_FOREIGN = re.compile(r"(?<![0-9A-Za-z])\+[1-9](?:[ \-]?[0-9]){7,14}(?![0-9])")
_PHONE_WORD = re.compile(
    r"话|座机|固话|手机|联系方式|联系|拨打|致电|tel|phone|call|cell|mobile|number|text",
    re.IGNORECASE,
)
_LABELLED_PHONE = re.compile(
    r"(?:电话|座机|固话|手机|联系方式|联系|拨打|致电|(?<![a-z])(?:tele|cell)?phone"
    r"|(?<![a-z])(?:tel|call|cell|mobile|text|number))"
    r"\s?(?:号码|号|number|me|us)?(?:是|为|is|at|on|[:\s#.]){0,4}"
    r"(?P<number>\(?(?!400|9[56]|8(?:00|33|44|55|66|77|88)|(?:19|20)[0-9]{2}(?:0[1-9]"
    r"|1[0-2])[0-3][0-9](?![0-9]))"
    r"[2-9][0-9]{2}\)?(?:[ \-.]?[0-9]{3}[ \-.]?[0-9]{4}|[0-9]?[ \-]?[0-9]{4}))(?![0-9])",
    re.IGNORECASE,
)
#: Short names of provinces, with which a plate begins; 使 and 领 of embassies.
PLATE_PLACES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_PLATE = re.compile(
    rf"[{PLATE_PLACES}]\s?[·•.\-]?\s?"
    r"[A-HJ-NP-Za-hj-np-z](?=[·•.\- ]{0,3}(?:[A-Za-z]{0,2}[0-9]){3})[·•.\- ]{0,3}"
    # Five signs; six for new energy, with its letter first or last (GA 36-2018).
    r"(?:[A-HJ-NP-Za-hj-np-z0-9]{4}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳领使]"
    r"|[A-HJKa-hjk][A-HJ-NP-Za-hj-np-z0-9][0-9]{4}|[0-9]{5}[A-HJKa-hjk])(?![A-Za-z0-9])"
)
_US_PLATE = re.compile(
    r"(?<![a-z])plates?(?: (?:number|no\.?|is|was))*[ :#]{1,3}"
    r"(?P<number>(?=[a-z0-9\-]{0,7}[0-9])[a-z0-9]{1,4}[ \-]?[a-z0-9]{2,5})(?![a-z0-9])",
    re.IGNORECASE,
)
_PASSPORT = re.compile(
    r"(?:护照|通行证|回乡证|passport)(?:号码|号|编号|(?: number| no\.?))?[是为:\sis#]{0,4}"
    r"(?P<number>[A-Za-z]{1,2}[0-9]{7,10})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_SOCIAL = re.compile(r"(?<![0-9\-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![0-9\-])")
_QQ = re.compile(
    r"(?:QQ|扣扣)(?:号码|号)?[是为:\s]{0,3}(?P<number>[1-9][0-9]{4,11})(?![0-9])", re.IGNORECASE
)
_WECHAT = re.compile(
    r"(?:微信|威信|wechat|weixin|(?<![a-z])[vw]x)(?P<label>号码|号| id|[是为:]| is){0,3}\s?"
    r"(?P<number>(?(label)[a-z]|(?=[a-z_\-]{0,19}[0-9])[a-z])[a-z0-9_\-]{5,19})(?![a-z0-9_\-])",
    re.IGNORECASE,
)


def numbers_in(plain: str) -> list[Span]:
    """Find every number that leads to a person.

    Args:
        plain: A text as `signs.narrow` or `signs.plain` writes it.

    Returns:
        Spans that don't overlap, in no order.
    """
    found: list[Span] = []
    spots = _spots(plain)
    for sign, rule in _RULES:
        where = spots
        if sign is not None:
            where = [(0, len(plain))] if sign.search(plain) else []
        for start, end in where:
            spans = rule(plain, start, end)
            found += spans
            plain = take(plain, spans)
    return found


def _spots(plain: str) -> list[tuple[int, int]]:
    """Find the stretches where enough digits for a telephone number stand near each other."""
    spots: list[tuple[int, int]] = []
    for match in _MANY.finditer(plain):
        start, end = max(0, match.start() - _AROUND), min(len(plain), match.end() + _AROUND)
        if spots and start <= spots[-1][1]:
            start = spots.pop()[0]
        spots.append((start, end))
    return spots


def _emails(plain: str, start: int, end: int) -> list[Span]:
    return _spans(_EMAIL, EMAIL, plain, start, end)


def _grouped_mobiles(plain: str, start: int, end: int) -> list[Span]:
    mobiles = [
        Span(match.start(), match.end(), PHONE)
        for match in _MOBILE.finditer(plain, start, end)
        if _is_said_so(match["number"])
    ]
    return mobiles + _spans(_SAID, PHONE, plain, start, end)


def _is_said_so(number: str) -> bool:
    """Tell a number in groups from a row of dates, rooms or sums that adds up to eleven digits."""
    groups = re.findall("[0-9]+", number)
    if len(groups) in (1, 2, digits.MOBILE_LENGTH):
        return True
    is_sum = "," in number and all(len(group) == 3 for group in groups[1:])  # noqa: PLR2004
    return len(groups) < 6 and len(groups[0]) >= 3 and not is_sum  # noqa: PLR2004


def _phones(plain: str, start: int, end: int) -> list[Span]:
    found = []
    if _AREA.search(plain, start, end):
        found = [
            Span(match.start(), match.end(), PHONE)
            for match in _LANDLINE.finditer(plain, start, end)
            if not has_order_label(plain, match.start())
        ]
    if _IN_PIECES.search(plain, start, end):
        found += _spans(_AMERICAN, PHONE, plain, start, end)
    if "+" in plain:
        found += _spans(_FOREIGN, PHONE, plain, start, end)
    if _PHONE_WORD.search(plain, start, end):
        found += _spans(_LABELLED_PHONE, PHONE, plain, start, end)
    return _apart(found)


def _apart(spans: list[Span]) -> list[Span]:
    """Keep of spans that overlap the earlier, or the longer where both begin together."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _papers(plain: str, start: int, end: int) -> list[Span]:
    return [
        *_spans(_PASSPORT, PASSPORT, plain, start, end),
        *_spans(_SOCIAL, ID_CARD, plain, start, end),
        *_spans(_US_PLATE, PLATE, plain, start, end),
    ]


def _plates(plain: str, start: int, end: int) -> list[Span]:
    return _spans(_PLATE, PLATE, plain, start, end)


def _accounts(plain: str, start: int, end: int) -> list[Span]:
    return [
        *_spans(_QQ, ACCOUNT, plain, start, end),
        *_spans(_WECHAT, ACCOUNT, plain, start, end),
    ]


def _spans(pattern: re.Pattern[str], mask: str, plain: str, start: int, end: int) -> list[Span]:
    group = "number" if "number" in pattern.groupindex else 0
    return [Span(*match.span(group), mask) for match in pattern.finditer(plain, start, end)]


#: What rules need, asked first, because asking is ten times as fast as the rule.
_MANY = re.compile(r"[0-9](?:[^0-9]{0,6}[0-9]){6,}")
#: Further from so many digits no rule looks for a number's beginning, end or label.
_AROUND = 48
_AREA = re.compile(r"0[1-9][0-9]")
_IN_PIECES = re.compile(r"[0-9][)\s.\-]")
_AT_SIGN = re.compile("@")
_ACCOUNT_SIGN = re.compile("[QqVvWw微威扣](?:(?<=[微威扣])|[QqXx]|[Ee][CcIi])")
_PAPER_SIGN = re.compile(r"[证照\-Pp](?:(?<=[证照\-])|[Aa][Ss][Ss]|[Ll][Aa][Tt])")
_PLATE_SIGN = re.compile(rf"[{PLATE_PLACES}][\s·•.\-]{{0,3}}[A-HJ-NP-Za-hj-np-z]")

#: In this order; without a sign a rule is asked only where many digits stand.
_RULES: tuple[
    tuple[re.Pattern[str] | None, Callable[[str, int, int], list[Span]]],
    ...,
] = (
    (_AT_SIGN, _emails),
    (_ACCOUNT_SIGN, _accounts),
    (None, runs_in),
    (None, grouped_cards_in),
    (_PAPER_SIGN, _papers),
    (_PLATE_SIGN, _plates),
    (None, _grouped_mobiles),
    (None, _phones),
)
