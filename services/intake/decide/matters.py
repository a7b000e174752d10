"""More than one matter in one call: where a person counts what they ask for.

Evidence only: a complaint is never split by itself, because two orders for one person's
story may tear it apart. Said are the parts of a list (一是…二是…, 1、…2、…, 1) … 2) …) and what
comes after 另外 or also. Only parts that could stand alone count, and never one alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: A part that could stand alone has so many signs: 路灯不亮 has four; in English it has words.
_PART_MIN, _ENGLISH_PART_MIN = 4, 12
_PARTS_MAX = 8

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")}
#: Where a number may begin a part: at the start, or after a sign that ends something.
_AFTER_SIGN = r"(?:^|(?<=[\s。；;，,、：:！!？?（(.]))"
_LISTS = (
    #: 一是…二是…; 第一，…第二，…
    (
        re.compile(r"(?:^|(?<=[\s。；;，,：:！!？?]))(?P<n>[一二三四五六七八])(?:是|来)[，,：:]?"),
        0.85,
    ),
    (
        re.compile(
            r"(?:^|(?<=[\s。；;，,：:！!？?]))其?第?(?P<n>[一二三四五六七八])(?:个问题|件事"
            r"|点)?(?:[，,、：:]|是)"
        ),
        0.8,
    ),
    #: 1、…2、…; (1)…(2)…; 1) … 2) …; ①…②…
    (
        re.compile(_AFTER_SIGN + r"[（(]?(?P<n>[1-8])(?:[）)]|[、．]|[.:：](?![0-9]))\s?(?![0-9])"),
        0.8,
    ),
    (re.compile(r"(?P<n>[①-⑧])"), 0.85),
)
_COUNTED = re.compile(
    r"[一1①第其](?:(?<=①)|(?<=[一1])(?:[是、．.，,:：）)来]|点[，,、：:是]|个问题)|(?<=[第其])一)"
)
_ALSO = re.compile(
    r"(?:(?<=[。；;，,！!？?\n])|(?<=\. )|(?<=; ))(?:另外|此外|还有就是|还有一个问题|同时还|另"
    r"|(?:in addition|also|another (?:issue|problem)),?(?= ))[，,：: ]?(?:还|再|也)?",
    re.IGNORECASE,
)
_ALSO_CUES = ("另", "此外", "还有", "同时还", "also", "Also", "n addition", "nother")
_END = " \n，,。；;、"


class Part(NamedTuple):
    """One of several matters."""

    number: int  #: From 1.
    start: int
    end: int
    confidence: float


def matters_in(text: str) -> list[Part]:
    """Find the matters that a text counts up.

    Args:
        text: In normal form.

    Returns:
        At least two, in order; or none.
    """
    if _COUNTED.search(text):
        for pattern, confidence in _LISTS:
            parts = _listed(text, pattern, confidence)
            if parts:
                return parts
    return _added(text) if any(cue in text for cue in _ALSO_CUES) else []


def _listed(text: str, pattern: re.Pattern[str], confidence: float) -> list[Part]:
    """Find a list that counts from one without a gap."""
    marks: list[tuple[int, int]] = []
    for match in pattern.finditer(text):
        if _value(match["n"]) == len(marks) + 1:
            marks.append(match.span())
        if len(marks) == _PARTS_MAX:
            break
    if len(marks) < 2:  # noqa: PLR2004
        return []
    ends = [start for start, _ in marks[1:]] + [len(text)]
    starts = [end for _, end in marks]
    return _standing(text, list(zip(starts, ends, strict=True)), confidence)


def _value(sign: str) -> int:
    if "①" <= sign <= "⑧":
        return ord(sign) - ord("①") + 1
    return _DIGITS.get(sign) or int(sign)


def _added(text: str) -> list[Part]:
    """Find what comes after 另外, beside what came before."""
    marks = [match.span() for match in _ALSO.finditer(text)][: _PARTS_MAX - 1]
    if not marks:
        return []
    starts = [0, *(end for _, end in marks)]
    ends = [*(start for start, _ in marks), len(text)]
    return _standing(text, list(zip(starts, ends, strict=True)), 0.6)


def _standing(text: str, spans: list[tuple[int, int]], confidence: float) -> list[Part]:
    """Number the parts, if there are several and each could stand alone."""
    parts = []
    for number, (start, end) in enumerate(spans, 1):
        said = text[start:end]
        begin = start + len(said) - len(said.lstrip(_END))
        finish = begin + len(said.strip(_END))
        least = _ENGLISH_PART_MIN if said.isascii() else _PART_MIN
        if finish - begin < least:
            return []
        parts.append(Part(number, begin, finish, confidence))
    return parts if len(parts) > 1 else []
