"""Who calls: a telephone number in one spelling, and the token that stands for it in events."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

#: Letters of a token's hash: 120 bits, so that two people never share one.
_TOKEN_HEX = 30
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LETTER = re.compile(r"[A-Za-z@]")
_NOT_DIGIT = re.compile(r"[^0-9]")
_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NUMBER_MIN, _NUMBER_MAX = 7, 15  # ITU-T E.164 allows fifteen digits.


def calling_code(time_zone: str) -> str:
    """Name the country code that local numbers of a city get: +1 in America, else +86."""
    return "1" if time_zone.startswith(("America/", "US/")) else "86"


def normal_phone(said: str | None, country: str = "86") -> str | None:
    """Write a telephone number in one way, so that the same caller is the same caller.

    Args:
        said: As somebody typed it: `138-1234 5678`, `+86 138…`, `010 6512 3456`.
        country: Country code that numbers without one get.

    Returns:
        Such as `+8613812345678`; a local number without area code as its digits; None if it
        is no telephone number: an e-mail address and a chat name may hold as many digits.
    """
    if not said:
        return None
    said = said.translate(_PLAIN).strip()
    digits = _NOT_DIGIT.sub("", said)
    if _LETTER.search(said) or not _NUMBER_MIN <= len(digits) <= _NUMBER_MAX:
        return None
    if said.startswith("+"):
        return "+" + digits
    if digits.startswith("00"):
        return "+" + digits[2:]
    if country == "86":
        return _chinese(digits)
    return f"+1{digits[-10:]}" if len(digits) in (10, 11) else digits


def _chinese(digits: str) -> str:
    without = digits.removeprefix("86")
    if _MOBILE.fullmatch(without):
        return "+86" + without
    if _MOBILE.fullmatch(digits.removeprefix("0")):
        return "+86" + digits.removeprefix("0")
    if digits.startswith("0"):
        return "+86" + digits[1:]
    return digits


def person_token(token_key: bytes, phone: str | None) -> str | None:
    """Give the token of the person behind a number: always the same, never to be turned back.

    Args:
        token_key: This installation's key; without it a token tells nothing (RFC 2104).
        phone: As from `normal_phone`.

    Returns:
        Such as `p-4f0c…`; None for an anonymous person.
    """
    if phone is None:
        return None
    return "p-" + hmac.digest(token_key, b"person" + phone.encode(), "sha256").hex()[:_TOKEN_HEX]


def complaint_token(token_key: bytes, complaint_id: UUID) -> str:
    """Give the token under which the reporter of one secret complaint (保密) is known outside.

    It stands for the complaint, not for the person: nobody who sees several can tell that they
    come from one. It looks like a person's, so that nobody can tell by it who asked for secrecy.
    """
    said = b"complaint" + complaint_id.bytes
    return "p-" + hmac.digest(token_key, said, "sha256").hex()[:_TOKEN_HEX]
