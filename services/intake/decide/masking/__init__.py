"""Takes identities out of a person's words before anybody but the vault sees them.

What is found: telephone numbers, resident's numbers, passports, bank cards, accounts of QQ and
WeChat, e-mail addresses, number plates (GA 36-2018), names beside a word that says so, and
the reporter's own name; of somebody who asked for secrecy also the exact door. Better one
order number too many than one telephone number too few: whoever reads an event must not be
able to call the person. `docs/normalisation.md` lists what stays.

Rule of this package: the text is first copied character by character into plain digits and
signs, so that full-width digits are found too; spans found there are replaced in the original.
Then spelled digits (一三八…) are read as digits in what is left, in this order because a
numeral beside a number mostly belongs to a word: after a card's number, 一直 is no 1.
"""

from __future__ import annotations

import re

from services.intake.decide.masking.digits import is_bank_card, is_id_card, is_old_id_card
from services.intake.decide.masking.doors import doors_in
from services.intake.decide.masking.numbers import PLATE_PLACES, numbers_in
from services.intake.decide.masking.persons import own_name_in, persons_in
from services.intake.decide.masking.signs import (
    MASKS,
    Span,
    cut,
    narrow,
    outside_masks,
    plain,
    take,
)

__all__ = ["MASKS", "is_bank_card", "is_id_card", "is_old_id_card", "mask", "outside_masks"]

_NUMERALS = "零〇一二两三四五六七八九幺"
_DIGITS = f"0-9０-９٠-٩{_NUMERALS}"
#: What a text without any number of a person lacks: most texts are through after one look.
_SOME_DIGITS = re.compile(f"[{_DIGITS}](?:[^{_DIGITS}]{{0,3}}[{_DIGITS}]){{4,}}")
_NUMERAL = re.compile(f"[{_NUMERALS}]")
_LETTER = re.compile("[A-Za-zＡ-Ｚａ-ｚ@＠]")
#: Signs of a plate, an address or an account, which need letters besides.
_LETTERED = re.compile(
    f"[@＠微威{PLATE_PLACES}]|[PpＰｐ][LlＬｌAaＡａ]|[VvＶｖ][XxＸｘ]|[WwＷｗ][XxＸｘEeＥｅ]"
)
#: A mask changes what stands around the next number, so a masked text is looked at again
#: until nothing is found; no text has been seen to need a third look.
_LOOKS_MAX = 8


def mask(text: str, name: str | None = None, *, is_secret: bool = False) -> str:
    """Replace every identity in a text by what kind it was.

    Args:
        text: A person's or an operator's words.
        name: The reporter's, if known.
        is_secret: The reporter asked for secrecy: mask exact doors too.

    Returns:
        The text, safe to put into an event; masking it again changes nothing.
    """
    for _ in range(_LOOKS_MAX):
        spans = _find(text, name, is_secret=is_secret)
        if not spans:
            break
        text = cut(text, spans)
    return text


def _find(text: str, name: str | None, *, is_secret: bool) -> list[Span]:
    words = outside_masks(text)
    found = own_name_in(words, name) if name else []
    if is_secret or _may_hold_numbers(text):
        found += _numbers(take(narrow(words), found), is_secret=is_secret)
    # Names are looked for in the words as written: 李一 is no 李1.
    return found + persons_in(take(words, found))


def _may_hold_numbers(text: str) -> bool:
    return _SOME_DIGITS.search(text) is not None or _is_lettered(text)


def _is_lettered(text: str) -> bool:
    return _LETTER.search(text) is not None and _LETTERED.search(text) is not None


def _numbers(copy: str, *, is_secret: bool) -> list[Span]:
    found = numbers_in(copy)
    copy = take(copy, found)
    is_spelled = any(_NUMERAL.search(digits[0]) for digits in _SOME_DIGITS.finditer(copy))
    spelled = plain(copy) if is_spelled or is_secret or _is_lettered(copy) else copy
    if spelled != copy:
        found += (more := numbers_in(spelled))
        spelled = take(spelled, more)
    return found + doors_in(spelled) if is_secret else found
