"""Takes identities out of a person's words before anybody but the vault sees them.

What is found: mobile and landline numbers, identity cards (checksum of GB 11643-1999), bank
cards (Luhn check of ISO/IEC 7812-1), e-mail addresses, number plates (GA 36-2018), and the
reporter's own name where the request says it. Better one order number too many than one
telephone number too few: whoever reads an event must not be able to call the person.

Rule of this file: the text is first copied character by character into plain digits and
signs, so that full-width and spelled digits (一三八…) are found too; spans found there are
replaced in the original.
"""

from __future__ import annotations

import re

PHONE = "[电话]"
ID_CARD = "[身份证]"
BANK_CARD = "[银行卡]"
EMAIL = "[邮箱]"
PLATE = "[车牌]"
NAME = "[姓名]"

_MOBILE_LENGTH = 11
_ID_CARD_LENGTH = 18

#: One character to one character, so that positions stay.
_PLAIN = (
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # Full-width forms.
    | {ord(char): str(digit) for digit, char in enumerate("零一二三四五六七八九")}
    | {ord("〇"): "0", ord("幺"): "1", ord("两"): "2", ord("\u3000"): " ", ord("\u00a0"): " "}
    | {ord(dash): "-" for dash in "‐‑‒–—―−－"}
    | {ord(digit): str(index) for index, digit in enumerate("٠١٢٣٤٥٦٧٨٩")}
)

_SEPARATOR = r"[\s\-.·_,/()\u200b\u200c\u200d\u2060\ufeff]{0,3}"
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,4}")
_CARD = re.compile(r"(?<![0-9])[0-9](?:[ \-]?[0-9]){14,18}(?:[ \-]?[Xx])?(?![0-9])")
_MOBILE = re.compile(
    rf"(?<![0-9])(?:(?:\+|00)?86{_SEPARATOR})?1{_SEPARATOR}[3-9](?:{_SEPARATOR}[0-9]){{9}}(?![0-9])"
)
#: Digits in one that hold a mobile number: several of them, or with a digit or two too many.
_RUN = re.compile(
    r"(?<![0-9])(?:(?:1[3-9][0-9]{9}){2,}|[0-9]{0,2}1[3-9][0-9]{9}|1[3-9][0-9]{9,11})(?![0-9])"
)
#: A landline of this country with its area code and perhaps an extension; one written as in
#: North America; or eight digits after a word for telephone.
_LANDLINE = re.compile(
    r"(?<![0-9])(?:(?:\+|00)?86[\s\-]{0,2})?\(?0(?:10|2[0-9]|[3-9][0-9]{2})\)?[\s\-]{0,2}"
    r"[2-9][0-9]{6,7}(?:[\s\-转]{1,3}[0-9]{1,6})?(?![0-9])"
    r"|(?<![0-9])(?:\+1[\s.\-]?)?\(?[2-9][0-9]{2}\)?[\s.\-][2-9][0-9]{2}[\s.\-][0-9]{4}(?![0-9])"
    r"|(?<=[话机号系码])[是为:\s]{0,3}[2-9][0-9]{6,7}(?![0-9])"
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领]"
    r"[A-HJ-NP-Za-hj-np-z][·•.\- ]?"
    r"[A-HJ-NP-Za-hj-np-z0-9]{4,5}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳领使](?![A-Za-z0-9])"
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"

#: What a text without any identity lacks: most texts are through after one look.
_DIGIT = "[0-9０-９零〇一二两三四五六七八九幺٠-٩]"
_SUSPECT = re.compile(
    rf"{_DIGIT}(?:[^0-9]{{0,3}}{_DIGIT}){{4}}|[@＠]|[\u4e00-\u9fff][A-Za-zＡ-Ｚａ-ｚ]"
)


def mask(text: str, name: str | None = None) -> str:
    """Replace every identity in a text by what kind it was.

    Args:
        text: A person's or an operator's words.
        name: The reporter's, if known; of one character it would hit everywhere.

    Returns:
        The text, safe to put into an event.
    """
    if name and len(name.strip()) > 1:
        text = _mask_name(text, name.strip())
    if not _SUSPECT.search(text):
        return text
    plain = text.translate(_PLAIN)
    if "@" in plain:
        text, plain = _replace(text, plain, _EMAIL, EMAIL)
    text, plain = _mask_cards(text, plain)
    for pattern in (_MOBILE, _RUN, _LANDLINE):
        text, plain = _replace(text, plain, pattern, PHONE)
    text, _ = _replace(text, plain, _PLATE, PLATE)
    return text


def is_id_card(digits: str) -> bool:
    """Check an identity card number by its last character (ISO 7064 MOD 11-2)."""
    if len(digits) != _ID_CARD_LENGTH or not digits[:17].isdecimal():
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits[:17], _ID_WEIGHTS, strict=True))
    return _ID_CHECKS[total % 11] == digits[17].upper()


def is_bank_card(digits: str) -> bool:
    """Check a card number by its last digit (Luhn)."""
    if not digits.isdecimal():
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004


def _mask_cards(text: str, plain: str) -> tuple[str, str]:
    def what(found: str) -> str | None:
        digits = re.sub(r"[ \-]", "", found)
        if is_id_card(digits):
            return ID_CARD
        # 16 digits and more: below that, order numbers pass Luhn one time in ten.
        return BANK_CARD if len(digits) >= 16 and is_bank_card(digits) else None  # noqa: PLR2004

    spans = [(m.start(), m.end(), what(m.group())) for m in _CARD.finditer(plain)]
    return _cut(text, plain, [(start, end, kind) for start, end, kind in spans if kind])


def _replace(text: str, plain: str, pattern: re.Pattern[str], by: str) -> tuple[str, str]:
    spans = [(match.start(), match.end(), by) for match in pattern.finditer(plain)]
    return _cut(text, plain, spans)


def _cut(text: str, plain: str, spans: list[tuple[int, int, str]]) -> tuple[str, str]:
    """Put the masks into the text and its plain copy alike."""
    for start, end, by in reversed(spans):
        text = text[:start] + by + text[end:]
        plain = plain[:start] + by + plain[end:]
    return text, plain


def _mask_name(text: str, name: str) -> str:
    if name.isascii():
        return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", NAME, text, flags=re.IGNORECASE)
    return text.replace(name, NAME)
