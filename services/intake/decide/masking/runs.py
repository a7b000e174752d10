"""Cards and mobile numbers in rows of digits, in one or in groups; other digits may adjoin."""

from __future__ import annotations

import re

from services.intake.decide.masking import digits
from services.intake.decide.masking.signs import BANK_CARD, ID_CARD, PHONE, Span

#: What may stand between two digits of a telephone number.
SEPARATOR = r"[\s\-.·_,/()\u200b\u200c\u200d\u2060\ufeff]{0,3}"
_COUNTRY_BEFORE = re.compile(rf"(?<![0-9])(?:\+|00)?86{SEPARATOR}\Z")
_RUN = re.compile(r"[0-9]{11,}[Xx]?")
_GROUPED = re.compile(
    r"(?<![0-9])[0-9]{1,8}(?:[ \-][0-9]{1,8}){1,40}(?:[ \-]?[Xx](?![A-Za-z]))?(?![0-9])"
)
_PIECE = re.compile(r"[0-9]+[Xx]?|[Xx]")
#: A card has so many groups at most: a resident's number in sixes, a bank card in fours.
_GROUPS_MAX = 5

_LABEL_REACH = 14
_NUMBERED = re.compile(
    r"(?:订单|工单|单号|编号|户号|表号|运单|快递|案号|票号|发票|流水|合同|受理|回执|条码|序列"
    r"|信访|许可证|执照|产权证"
    r"|信用代码|order|ticket|case|invoice|tracking|meter|request|reference|permit|account|docket)"
    r"[^0-9]{0,6}\Z",
    re.IGNORECASE,
)
#: Nearer to the number than the word for an order, it counts more.
_CALLED = re.compile(
    r"(?:电话|座机|固话|手机|回电|拨打|致电|联系方式)(?:号码|号)?[是为请:\s(]{0,3}\Z"
)
_RESIDENT_LABEL = re.compile(r"(?:身份证|证件)[^0-9]{0,5}\Z")
_CARD_LABEL = re.compile(r"(?:银行卡|卡号|银行账[号户]|储蓄卡|信用卡)[^0-9]{0,5}\Z")


def runs_in(plain: str, start: int, end: int) -> list[Span]:
    """Look at digits in one: cards first, then mobile numbers in what is left of a run.

    Args:
        plain: A text as `signs.narrow` or `signs.plain` writes it.
        start: Where to begin; what stands before is still seen.
        end: Where to end.
    """
    found = []
    for match in _RUN.finditer(plain, start, end):
        run, first = match.group(), match.start()
        before = plain[max(0, first - _LABEL_REACH) : first]
        is_numbered = has_order_label(plain, first)
        kind = _card(run, before, is_numbered=is_numbered) or _card(
            run.rstrip("Xx"), before, is_numbered=is_numbered
        )
        if kind:
            last = first + len(run if kind != BANK_CARD else run.rstrip("Xx"))
            found.append(Span(first, last, kind))
        else:
            inside = _in_run(run, first, is_numbered=is_numbered)
            found += [_with_country(span, plain) for span in inside]
    return found


def _card(number: str, before: str, *, is_numbered: bool) -> str | None:
    if digits.is_id_card(number) or _is_labelled_resident(number, before):
        return ID_CARD
    if digits.is_bank_card(number):
        return BANK_CARD
    if is_numbered:
        return None
    if digits.is_old_id_card(number) and not digits.is_dated(number):
        return ID_CARD
    return BANK_CARD if len(number) <= 19 and _CARD_LABEL.search(before) else None  # noqa: PLR2004


def _is_labelled_resident(number: str, before: str) -> bool:
    """Take a number with a slip in it too, where a word says what it is."""
    lengths = (digits.OLD_ID_CARD_LENGTH, digits.ID_CARD_LENGTH)
    return len(number) in lengths and _RESIDENT_LABEL.search(before) is not None


def _in_run(run: str, offset: int, *, is_numbered: bool) -> list[Span]:
    found, first, place = [], 0, 0
    ends = len(run) - digits.ID_CARD_LENGTH
    while place <= ends:
        if digits.is_id_card(run[place : place + digits.ID_CARD_LENGTH]):
            found.append(Span(offset + place, offset + place + digits.ID_CARD_LENGTH, ID_CARD))
            found += _mobiles(run[first:place], offset + first, is_numbered=is_numbered)
            place = first = place + digits.ID_CARD_LENGTH
        else:
            place += 1
    return found + _mobiles(run[first:].rstrip("Xx"), offset + first, is_numbered=is_numbered)


def _mobiles(run: str, offset: int, *, is_numbered: bool) -> list[Span]:
    if not run:
        return []
    spans = digits.mobiles_in(run, is_numbered=is_numbered)
    return [Span(offset + start, offset + end, PHONE) for start, end in spans]


def _with_country(span: Span, plain: str) -> Span:
    """Take the country code before a mobile number with it."""
    country = _COUNTRY_BEFORE.search(plain, max(0, span.start - _LABEL_REACH), span.start)
    return span._replace(start=country.start()) if country and span.mask == PHONE else span


def grouped_cards_in(plain: str, start: int, end: int) -> list[Span]:
    """Look at digits in groups, as cards are printed; other numbers may stand beside them.

    Args:
        plain: A text as `signs.narrow` or `signs.plain` writes it.
        start: Where to begin; what stands before is still seen.
        end: Where to end.
    """
    found: list[Span] = []
    for match in _GROUPED.finditer(plain, start, end):
        pieces = [(m.start(), m.end(), m.group()) for m in _PIECE.finditer(match.group())]
        first = 0
        while first < len(pieces):
            count, kind = _card_from(pieces, first)
            if kind:
                begin, last = pieces[first][0], pieces[first + count - 1][1]
                found.append(Span(match.start() + begin, match.start() + last, kind))
            first += count
    return found


def _card_from(pieces: list[tuple[int, int, str]], first: int) -> tuple[int, str | None]:
    for count in range(2, _GROUPS_MAX + 2):
        number = "".join(text for _, _, text in pieces[first : first + count])
        if first + count > len(pieces) or len(number) > 19:  # noqa: PLR2004
            break
        if digits.is_id_card(number):
            return count, ID_CARD
        if digits.is_bank_card(number) and len(pieces[first][2]) >= 4:  # noqa: PLR2004
            return count, BANK_CARD
    return 1, None


def has_order_label(plain: str, start: int) -> bool:
    """Tell whether a word before a number says that it is an order's, a meter's or such."""
    before = plain[max(0, start - _LABEL_REACH) : start]
    return _NUMBERED.search(before) is not None and _CALLED.search(before) is None
