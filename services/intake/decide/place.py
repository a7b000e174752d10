"""Where a complaint is about, from fields and words; never a guess.

Three layers are read one after the other: the fields of the request, its address, its text.
A layer may make the place deeper, never change what an earlier one has settled. Whatever
leaves two possibilities settles nothing: a wrong street costs a return and two days, a
missing one costs a dispatcher half a minute.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from services.intake.decide.names import (
    fold,
    fold_in_place,
    is_continued,
    is_inside_word,
    is_office,
    names_of,
    stem,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.intake.decide.names import Name
    from services.policy import Division

Level = Literal["district", "street", "community"]
LEVELS: tuple[Level, ...] = ("district", "street", "community")

#: What only a code looks like; a name of digits alone doesn't exist.
_CODE = re.compile(r"[0-9]{2,20}")


@dataclass(frozen=True, slots=True)
class Where:
    """Division codes, as deep as is known; a street implies its district."""

    district: str | None = None
    street: str | None = None
    community: str | None = None


@dataclass(frozen=True, slots=True)
class UnknownCode:
    """A field holds a code that the city doesn't have, or one outside the division above it."""

    field: str  #: `district`, `street` or `community`.
    value: str
    reason: Literal["unknown", "elsewhere"]


class Mention(NamedTuple):
    """A name in a text, and every division that it may mean."""

    codes: frozenset[str]
    start: int
    end: int
    is_bare: bool  #: Without its kind (望京 for 望京街道).
    is_office: bool  #: Part of an office's name, which says where the office is.


class Gazetteer:
    """All names of a city's divisions, ready to be found in a text. Built once per policy."""

    def __init__(self, divisions: Mapping[str, Division]) -> None:
        """Build the automaton."""
        self._divisions = divisions
        self._levels = {code: division.level for code, division in divisions.items()}
        self._above = {code: _chain(code, divisions) for code in divisions}
        self._by_text: dict[str, list[Name]] = {}
        self._by_stem: dict[tuple[str, str], set[str]] = {}
        for division in divisions.values():
            if division.level not in LEVELS:
                continue
            for name in names_of(division):
                self._by_text.setdefault(name.text, []).append(name)
            for said in (division.name, *division.aliases):
                key = (division.level, stem(said, division.level))
                self._by_stem.setdefault(key, set()).add(division.code)
        self._texts = list(self._by_text)
        self._automaton = AhoCorasick(self._texts, matchkind=MatchKind.LeftmostLongest)

    def where(self, code: str) -> Where:
        """Give a division and everything above it."""
        return self._above[code]

    def level(self, code: str) -> str:
        """Give a division's level."""
        return self._levels[code]

    def named(self, level: Level, value: str) -> set[str]:
        """Find the divisions of a level that a field's name may mean."""
        exact = {
            name.code
            for name in self._by_text.get(fold(value), ())
            if not name.is_bare and self.level(name.code) == level
        }
        return exact or self._by_stem.get((level, stem(value, level)), set())

    def has(self, level: Level, code: str) -> bool:
        """Tell whether a code exists at a level."""
        return code in self._divisions and self.level(code) == level

    def mentions(self, text: str) -> list[Mention]:
        """Find the divisions that a text names, from its beginning to its end."""
        folded = fold_in_place(text)
        found = []
        for index, start, end in self._automaton.find_matches_as_indexes(folded):
            if is_inside_word(folded, start, end):
                continue
            names = self._by_text[self._texts[index]]
            if is_continued(folded, end):
                names = [name for name in names if not name.is_bare]
            if names:
                codes = frozenset(name.code for name in names)
                is_bare = all(name.is_bare for name in names)
                found.append(Mention(codes, start, end, is_bare, is_office(folded, end)))
        return found


def _chain(code: str, divisions: Mapping[str, Division]) -> Where:
    found: dict[str, str] = {}
    above: str | None = code
    while above is not None and above in divisions:
        found[divisions[above].level] = above
        above = divisions[above].parent
    return Where(found.get("district"), found.get("street"), found.get("community"))


def settle_fields(gazetteer: Gazetteer, fields: Mapping[Level, str | None]) -> Where | UnknownCode:
    """Read the fields of a request, each a code or a name.

    Args:
        gazetteer: The city's.
        fields: What the request says, by level.

    Returns:
        The place as far as the fields settle it, or the first field whose *code* can't be
        right. A name that nobody knows gives no code: a call is never refused for it.
    """
    where = Where()
    for level in LEVELS:
        value = (fields.get(level) or "").strip()
        if not value:
            continue
        if gazetteer.has(level, value):
            if not lies_in(gazetteer.where(value), where):
                return UnknownCode(level, value, "elsewhere")
            where = gazetteer.where(value)
        elif _CODE.fullmatch(value):
            return UnknownCode(level, value, "unknown")
        else:
            where = _deepen(gazetteer, where, [gazetteer.named(level, value)])
    return where


def settle_text(gazetteer: Gazetteer, known: Where, text: str | None) -> Where:
    """Make a place deeper by the names in a text, if they leave one possibility only.

    Args:
        gazetteer: The city's.
        known: What fields and earlier texts have settled; never changed, only deepened.
        text: An address, or a person's words.

    Returns:
        The place, as deep as is sure.
    """
    if not text or known.community:
        return known
    return settle_mentions(gazetteer, known, gazetteer.mentions(text))


def settle_mentions(gazetteer: Gazetteer, known: Where, mentions: Sequence[Mention]) -> Where:
    """Make a place deeper by names, as `settle_text` does."""
    where = known
    if not mentions:
        return known
    for level in LEVELS:
        if getattr(where, level) is not None:
            continue
        at_level = _at_level(gazetteer, mentions, level)
        if not at_level:
            continue
        if level == "district" and len(set().union(*at_level)) > 1:
            return where  # Two districts are named: which one it is about isn't ours to guess.
        where = _deepen(gazetteer, where, at_level)
    return where


def _at_level(gazetteer: Gazetteer, mentions: Iterable[Mention], level: Level) -> list[set[str]]:
    """Give what mentions may mean at a level; offices count only where nothing else does."""
    places: list[set[str]] = []
    offices: list[set[str]] = []
    for mention in mentions:
        if codes := _of_level(gazetteer, mention.codes, level):
            (offices if mention.is_office else places).append(codes)
    return places or offices


def _of_level(gazetteer: Gazetteer, codes: Iterable[str], level: Level) -> set[str]:
    return {code for code in codes if gazetteer.level(code) == level}


def _deepen(gazetteer: Gazetteer, where: Where, mentions: list[set[str]]) -> Where:
    """Take the one division that all is about; else at most its district."""
    inside = {
        code for mention in mentions for code in mention if lies_in(gazetteer.where(code), where)
    }
    if len(inside) == 1:
        return gazetteer.where(inside.pop())
    if where.district is None and inside and _agree(mentions, gazetteer):
        districts = {gazetteer.where(code).district for code in inside}
        if len(districts) == 1:
            return replace(where, district=districts.pop())
    return where


def _agree(mentions: list[set[str]], gazetteer: Gazetteer) -> bool:
    """Tell whether every mention by itself lies in one district."""
    return all(
        len({gazetteer.where(code).district for code in mention}) == 1 for mention in mentions
    )


def lies_in(inner: Where, outer: Where) -> bool:
    """Tell whether a place is what another says, and perhaps says more."""
    return (
        (outer.district is None or outer.district == inner.district)
        and (outer.street is None or outer.street == inner.street)
        and (outer.community is None or outer.community == inner.community)
    )
