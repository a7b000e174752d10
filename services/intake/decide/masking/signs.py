"""What a mask looks like, and the plain copy of a text in which identities are looked for."""

from __future__ import annotations

import re
from typing import NamedTuple

PHONE = "[电话]"
ID_CARD = "[身份证]"
BANK_CARD = "[银行卡]"
EMAIL = "[邮箱]"
PLATE = "[车牌]"
NAME = "[姓名]"
PASSPORT = "[护照]"
ACCOUNT = "[账号]"
DOOR = "[门牌]"

MASKS = (PHONE, ID_CARD, BANK_CARD, EMAIL, PLATE, NAME, PASSPORT, ACCOUNT, DOOR)

#: What is in the place of a finding while others are looked for: no digit, letter or space.
TAKEN = "\x00"

#: One character to one character, so that positions stay.
_NARROW = (
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # Full-width forms.
    | {ord("\u3000"): " ", ord("\u00a0"): " "}
    | {ord(dash): "-" for dash in "‐‑‒–—―−－"}
    | {ord(digit): str(index) for index, digit in enumerate("٠١٢٣٤٥٦٧٨٩")}
)
_SPELLED = {char: str(digit) for digit, char in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "幺": "1",
    "两": "2",
}
_NUMERAL = re.compile(f"[{''.join(_SPELLED)}]")

_MASK = re.compile("|".join(map(re.escape, MASKS)))


class Span(NamedTuple):
    """An identity in a text."""

    start: int
    end: int
    mask: str


def narrow(text: str) -> str:
    """Write full-width and Arabic digits and signs as ASCII; every position stays."""
    return text if text.isascii() else text.translate(_NARROW)


def plain(narrowed: str) -> str:
    """Write spelled digits (一三八) as 0-9 too; every position stays."""
    return _NUMERAL.sub(lambda found: _SPELLED[found[0]], narrowed)


def outside_masks(text: str) -> str:
    """Blank out what is masked already: the words inside a mask are no markers."""
    if "[" not in text:
        return text
    return take(text, [Span(found.start(), found.end(), "") for found in _MASK.finditer(text)])


def take(copy: str, spans: list[Span]) -> str:
    """Blank out what is found, so that no later rule finds a part of it again."""
    if not spans:
        return copy
    parts, last = [], 0
    for start, end, _ in sorted(spans):
        if end > last:
            parts += [copy[last:start], TAKEN * (end - max(start, last))]
            last = end
    return "".join((*parts, copy[last:]))


def cut(text: str, spans: list[Span]) -> str:
    """Put the masks into a text; of two that overlap, the earlier."""
    parts, last = [], 0
    for start, end, mask in sorted(spans):
        if start >= last:
            parts += [text[last:start], mask]
            last = end
    return "".join((*parts, text[last:]))
