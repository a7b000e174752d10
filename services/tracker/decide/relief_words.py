"""What agencies are told about relief, in Chinese and English.

A language we don't have is answered in English.
"""

from __future__ import annotations

from typing import Final

#: Reason of the pause that a deferral is (挂账).
DEFERRAL: Final = "deferral"

_PAUSES: Final = {DEFERRAL: ("暂时无法解决(挂账)", "can't be solved yet (deferred)")}

_REFUSED: Final = {
    "not-signed": ("请先签收。", "Sign the order first."),
    "paused": (
        "办理时限已暂停,请先恢复计时。",
        "The clock stands still already; have it go on first.",
    ),
    "deferred": ("该工单已挂账。", "The order is deferred already."),
    "open-request": (
        "同类申请尚未审批,请等待结果。",
        "You have asked for this before, and it isn't decided yet.",
    ),
    "incomplete": (
        "申请须写明理由,延期和挂账还须写明日期。",
        "Say why; for more time and for a deferral say until when, too.",
    ),
    "too-late": (
        "须在{limit}到期前申请。",
        "This must be asked for before the order is due, at {limit}.",
    ),
    "not-longer": ("申请的日期不晚于现有时限{limit}。", "The order is due at {limit} as it is."),
    "too-long": ("最长可至{limit}。", "It can be until {limit} at the longest."),
    "too-often": ("该工单申请次数已用完({limit}次)。", "An order can have this {limit} time(s)."),
    "past": ("申请的日期已过。", "The instant that you ask for has passed."),
    "unknown-reason": (
        "本市规则没有“{limit}”这一暂停事由。",
        "The city's rules have no reason {limit!r} for a pause.",
    ),
    "officer": ("审批未通过。", "It was not approved."),
}

#: Why an agency's request can be refused, as `ReliefRefused.refused_as`.
REFUSALS: Final = frozenset(_REFUSED)


def refused(refused_as: str, language: str, limit: object = "") -> str:
    """Say why a request isn't granted.

    Args:
        refused_as: One of `REFUSALS`.
        language: Two letters.
        limit: What the words name: an instant as the city writes it, a number, a reason.
    """
    return _REFUSED[refused_as][language != "zh"].format(limit=limit)


def pause(reason: str, language: str) -> str:
    """Name a pause's reason in a timeline; one that no rule lists stands for itself."""
    words = _PAUSES.get(reason)
    return words[language != "zh"] if words else reason
