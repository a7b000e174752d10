"""One spelling for the same words: width, spaces, invisible signs, traditional characters.

The event's text is this form, with identity masked. Rules of this file:

1. Letters, digits and width are brought into Unicode's NFKC (ＡＢ１２ becomes AB12), but
   Chinese punctuation stays Chinese and numbered signs (①) stay what they are: NFKC would
   make `①路灯` a bus line.
2. Control and invisible characters go, among them NUL and lone surrogates, which no
   database takes. Whitespace is collapsed; of line breaks at most two in a row are left.
3. Traditional characters become simplified ones, one for one, so that the policy's words and
   names are found. Not in a text with kana: Japanese has its own characters. Characters of
   rule 3's table are those of OpenCC's t2s without context, so what only context tells
   (乾 in 乾燥 and 乾隆, 著 in 看著) stays as it is.
4. A text in its normal form is left alone: doing it twice changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

#: Full-width punctuation that Chinese writes; NFKC would make it ASCII.
_CHINESE_SIGNS = "，：；！？（）［］｛｝～＂＇…‥㎡㎥℃№"
#: Circled and bracketed numbers, which begin the parts of a list.
_NUMBERED_SIGNS = "①-⒛⓪-⓿❶-➓㉑-㉟㊱-㊿"
_KEPT = re.compile(f"[{_CHINESE_SIGNS}{_NUMBERED_SIGNS}]")
_BETWEEN_KEPT = re.compile(f"[^{_CHINESE_SIGNS}{_NUMBERED_SIGNS}]+")

_LINE_BREAK = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_BREAK = re.compile(r" ?\n ?")
_BREAKS = re.compile(r"\n{3,}")
_UNTIDY = re.compile(r"^\s|\s\s|[^\S\n ]|\s\Z|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")

_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d]")
_IDEOGRAPHS = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000))
#: Also in use in simplified texts, for another word or a name: 乾隆, 哪吒, 蒜薹.
_BOTH = frozenset("乾吒薹袷醣麴榘拚")


def normal_form(text: str) -> str:
    """Bring a person's words into the form in which they are kept, compared and told.

    Args:
        text: As somebody typed or a system sent it; any string, even a broken one.

    Returns:
        The same words; empty if there were none.
    """
    if text.isascii():
        text = _without_invisible(text) if _ASCII_CONTROL.search(text) else text
        return _tidy(text) if _UNTIDY.search(text) else text
    # One look instead of four: most Chinese texts hold nothing that any rule changes.
    if not _odd_sign().search(text):
        return text
    text = _plain_width(_without_invisible(text))
    if _UNTIDY.search(text):
        text = _tidy(text)
    if _traditional_sign().search(text) and not _KANA.search(text):
        text = text.translate(_simplified())
    return text


def _without_invisible(text: str) -> str:
    return _INVISIBLE.sub("", text) if _INVISIBLE.search(text) else text


def _plain_width(text: str) -> str:
    if not _COMPATIBLE.search(text):
        return text
    if not _KEPT.search(text):
        return unicodedata.normalize("NFKC", text)
    return _BETWEEN_KEPT.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)


def _tidy(text: str) -> str:
    text = _SPACES.sub(" ", _LINE_BREAK.sub("\n", text))
    return _BREAKS.sub("\n\n", _AROUND_BREAK.sub("\n", text)).strip()


def _ranges(codes: list[int]) -> str:
    """Write characters as what stands between the brackets of a pattern."""
    parts: list[str] = []
    start = last = codes[0]
    for code in [*codes[1:], 0x110000]:
        if code != last + 1:
            first, end = f"\\U{start:08x}", f"\\U{last:08x}"
            parts.append(first if start == last else f"{first}-{end}")
            start = code
        last = code
    return "".join(parts)


def _is_compatible(char: str) -> bool:
    """Tell whether NFKC may change a character, alone or together with the one before it."""
    changes = not unicodedata.is_normalized("NFKC", char)
    return changes or unicodedata.category(char).startswith("M")


def _compatible_ranges() -> str:
    #: Beyond these only ancient scripts have such characters; Hangul's parts are joined.
    searched = (*range(0x80, 0xD800), *range(0xF900, 0x10000), *range(0x1D400, 0x1D800))
    searched += (*range(0x1F100, 0x1F300), *range(0x2F800, 0x2FA20))
    found = [
        code
        for code in searched
        if not _KEPT.match(chr(code)) and (_is_compatible(chr(code)) or 0x1100 <= code < 0x1200)  # noqa: PLR2004
    ]
    return _ranges(found)


_COMPATIBLE_RANGES = _compatible_ranges()
_COMPATIBLE = re.compile(f"[{_COMPATIBLE_RANGES}]")
_ASCII_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f]")
#: Controls, format characters, surrogates, and the blanks that aren't spaces.
_INVISIBLE_RANGES = (
    r"\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u115f\u1160"
    r"\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff"
    r"\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{_INVISIBLE_RANGES}]")


@cache
def _simplified() -> dict[int, int]:
    """Give the simplified character for each traditional one: some 3,700."""
    from opencc import OpenCC  # noqa: PLC0415  its tables take 20 ms, which not every user needs

    chars = [chr(code) for codes in _IDEOGRAPHS for code in codes]
    converted = dict(zip(chars, OpenCC("t2s").convert("\n".join(chars)).split("\n"), strict=True))
    table = {}
    for char in chars:
        simple = converted[char]
        simple = converted.get(simple, simple)  # 薴 is 苧, which is 苎.
        if simple != char and len(simple) == 1 and char not in _BOTH:
            table[ord(char)] = ord(simple)
    return table


@cache
def _traditional_sign() -> re.Pattern[str]:
    return re.compile(f"[{_ranges(sorted(_simplified()))}]")


@cache
def _odd_sign() -> re.Pattern[str]:
    """Give the pattern of all that normal form may change."""
    traditional = _ranges(sorted(_simplified()))
    return re.compile(rf"[\s{_INVISIBLE_RANGES}{_COMPATIBLE_RANGES}{traditional}]")


def comparable(text: str) -> str:
    """Fold letter case without moving any character, so that spans stay true."""
    folded = text.casefold()
    if len(folded) == len(text):
        return folded
    return "".join(char if len(char.casefold()) != 1 else char.casefold() for char in text)
