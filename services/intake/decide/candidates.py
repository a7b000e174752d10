"""Who speaks for which division, and how sure: from witnesses to an event's findings."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING, Literal, NamedTuple

from services.events import Finding
from services.intake.decide.place import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from services.intake.decide.landmarks import Shares
    from services.intake.decide.place import Gazetteer, Level, Mention, Where

_CONFIDENCE_POINT = 0.95
_CONFIDENCE_FULL_NAME = 0.9
_CONFIDENCE_BARE_NAME = 0.75
#: What is left of a witness that an earlier one contradicts.
_CONTRADICTED = 0.3

#: Candidates a level; more would be no help to a dispatcher.
FINDINGS_MAX = 3
_CONFIDENCE_MIN = 0.1

Source = Literal["field", "point", "address", "title", "text"]


class Words(NamedTuple):
    """One text that may name places."""

    source: Source
    text: str
    mentions: Sequence[Mention]


class Candidate(NamedTuple):
    """One division that one witness speaks for."""

    code: str
    level: Level
    source: Source
    confidence: float
    start: int | None = None
    end: int | None = None


def by_field(told: Where) -> Iterator[Candidate]:
    """Give what the request's fields say."""
    for level in LEVELS:
        if code := getattr(told, level):
            yield Candidate(code, level, "field", 1.0)


def by_point(pinned: Where, told: Where) -> Iterator[Candidate]:
    """Give what the position says, with less confidence where a field denies it."""
    for level in LEVELS:
        if code := getattr(pinned, level):
            is_denied = getattr(told, level) not in (None, code)
            confidence = _CONTRADICTED if is_denied else _CONFIDENCE_POINT
            yield Candidate(code, level, "point", confidence)


def by_names(
    gazetteer: Gazetteer, heard: Iterable[Words], shares: Shares | None
) -> Iterator[Candidate]:
    """Give every division that a name may mean, and those it lies in."""
    for words in heard:
        is_shown = words.source != "address"
        for mention in words.mentions:
            sure = _CONFIDENCE_BARE_NAME if mention.is_bare else _CONFIDENCE_FULL_NAME
            implied = [gazetteer.where(code) for code in sorted(mention.codes)]
            for level in LEVELS:
                codes = dict.fromkeys(filter(None, (getattr(one, level) for one in implied)))
                for code in codes:
                    confidence = sure / len(codes)
                    if shares is not None:
                        confidence = _share(gazetteer, code, level, sure, shares)
                    yield Candidate(
                        code,
                        level,
                        words.source,
                        confidence,
                        mention.start if is_shown else None,
                        mention.end if is_shown else None,
                    )


def _share(gazetteer: Gazetteer, code: str, level: Level, sure: float, shares: Shares) -> float:
    if level == "district":
        return shares.districts[code]
    if level == "street":
        return shares.streets.get(code, 0.0)
    return sure * shares.streets.get(gazetteer.where(code).street or "", 0.0)


def by_landmarks(heard: Sequence[Words], shares: Shares | None) -> Iterator[Candidate]:
    """Give the likeliest divisions that any landmark speaks for."""
    if shares is None:
        return
    levels: list[tuple[Level, Mapping[str, float]]] = [
        ("district", shares.districts),
        ("street", shares.streets),
    ]
    for level, by_code in levels:
        for code in nlargest(FINDINGS_MAX, by_code, key=by_code.__getitem__):
            voice = shares.voices.get(code)
            if voice is None:
                continue
            source, offset = _origin(heard, voice[0])
            start, end = voice[0] - offset, voice[1] - offset
            if source == "address":
                yield Candidate(code, level, source, by_code[code])
            else:
                yield Candidate(code, level, source, by_code[code], start, end)


def _origin(heard: Sequence[Words], start: int) -> tuple[Source, int]:
    """Find the text that a position in all of them, joined by line breaks, belongs to."""
    offset = 0
    for words in heard:
        if start < offset + len(words.text):
            return words.source, offset
        offset += len(words.text) + 1
    raise ValueError(start)


def in_order(
    gazetteer: Gazetteer, candidates: Iterable[Candidate], firm: Where, where: Where
) -> Iterator[Finding]:
    """Keep the best candidates of every level, each division once."""
    best: dict[str, Candidate] = {}
    for one in candidates:
        if one.source not in {"field", "point"} and not _fits(gazetteer.where(one.code), firm):
            one = one._replace(confidence=one.confidence * _CONTRADICTED)  # noqa: PLW2901
        other = best.get(one.code)
        if other is None or one.confidence > other.confidence:
            best[one.code] = one
    if not best:
        return
    for level in LEVELS:
        settled = getattr(where, level)
        found = [
            one
            for one in best.values()
            if one.level == level and (one.confidence >= _CONFIDENCE_MIN or one.code == settled)
        ]
        found.sort(key=lambda one: (one.code != settled, -one.confidence))
        for one in found[:FINDINGS_MAX]:
            yield Finding(
                kind=level,
                value=one.code,
                source=one.source,
                start=one.start,
                end=one.end,
                confidence=round(one.confidence, 3),
            )


def _fits(one: Where, other: Where) -> bool:
    """Tell whether two places don't contradict each other at any level both name."""
    return (
        (one.district is None or other.district is None or one.district == other.district)
        and (one.street is None or other.street is None or one.street == other.street)
        and (one.community is None or other.community is None or one.community == other.community)
    )
