"""What a row of digits is by itself: an identity card, a bank card, a mobile number, a date.

Rules of this file: a resident's number is that of GB 11643-1999 (region, day of birth,
checksum ISO 7064 MOD 11-2), before 1999 fifteen digits without a checksum; a bank card
passes the Luhn check of ISO/IEC 7812-1 and begins as a card of a bank does.
"""

from __future__ import annotations

import re

ID_CARD_LENGTH, OLD_ID_CARD_LENGTH, MOBILE_LENGTH = 18, 15, 11
#: Below sixteen digits, order numbers pass Luhn one time in ten.
_BANK_CARD_MIN, _BANK_CARD_MAX = 16, 19

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_MONTH_DAY = (
    r"(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)"
    r"|02(?:0[1-9]|[12][0-9])"
)
#: The provinces' codes (GB/T 2260).
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_RESIDENT = re.compile(
    rf"{_PROVINCE}[0-9]{{4}}(?:19|20)[0-9]{{2}}(?:{_MONTH_DAY})[0-9]{{3}}[0-9Xx]"
)
_OLD_RESIDENT = re.compile(rf"{_PROVINCE}[0-9]{{4}}[0-9]{{2}}(?:{_MONTH_DAY})[0-9]{{3}}")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_DATED = re.compile(rf"(?:19|20)[0-9]{{2}}(?:{_MONTH_DAY})")
_DATE_LENGTH = 8


def is_id_card(digits: str) -> bool:
    """Check a resident's number: region, day of birth and last character."""
    if len(digits) != ID_CARD_LENGTH or not _RESIDENT.fullmatch(digits):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits[:17], _ID_WEIGHTS, strict=True))
    return _ID_CHECKS[total % 11] == digits[17].upper()


def is_old_id_card(digits: str) -> bool:
    """Check a resident's number of fifteen digits, which has no checksum."""
    return _OLD_RESIDENT.fullmatch(digits) is not None


def is_bank_card(digits: str) -> bool:
    """Check a card number by its first and last digit (ISO/IEC 7812-1, Luhn)."""
    if not _BANK_CARD_MIN <= len(digits) <= _BANK_CARD_MAX or not re.fullmatch("[0-9]+", digits):
        return False
    if digits[0] not in "34569" or is_dated(digits):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004


def is_dated(digits: str) -> bool:
    """Tell whether digits begin with a day: most order numbers do."""
    return _DATED.match(digits) is not None


def mobiles_in(run: str, *, is_numbered: bool) -> list[tuple[int, int]]:
    """Find mobile numbers in a run of digits that stand in one.

    Args:
        run: Digits only.
        is_numbered: A word before it says that it is an order's number or such. Exactly
            a mobile number is masked all the same: one too many hurts less than one missed.

    Returns:
        Start and end of each.
    """
    count = len(run)
    chunks = [run[i : i + MOBILE_LENGTH] for i in range(0, count, MOBILE_LENGTH)]
    if all(_MOBILE.fullmatch(chunk) for chunk in chunks):
        return [(0, count)]
    if count <= MOBILE_LENGTH or is_numbered:
        return []
    if count <= MOBILE_LENGTH + 2:
        # A digit or two too many, at either end: a country code, a slip.
        has_one = _MOBILE.match(run) or _MOBILE.fullmatch(run[-MOBILE_LENGTH:])
        return [(0, count)] if has_one else []
    if is_dated(run):
        rest = run[_DATE_LENGTH:]
        return [(_DATE_LENGTH, count)] if _MOBILE.fullmatch(rest) else []
    return _at_the_ends(run)


def _at_the_ends(run: str) -> list[tuple[int, int]]:
    first, last = 0, len(run)
    while last - first >= MOBILE_LENGTH and _MOBILE.match(run, first, first + MOBILE_LENGTH):
        first += MOBILE_LENGTH
    while last - first >= MOBILE_LENGTH and _MOBILE.match(run, last - MOBILE_LENGTH, last):
        last -= MOBILE_LENGTH
    return [span for span in ((0, first), (last, len(run))) if span[0] < span[1]]
