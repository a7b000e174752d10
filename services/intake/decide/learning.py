"""Learns the table of landmarks from a city's settled records; see landmarks.py.

What is known of a record's place: its own fields, the divisions that its words name for
sure, and the unit that answered. Words and units are weak witnesses, but there are many of
them: most records name no street in a field, and many say 「某区某路」, which tells in which
district the road lies.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.intake.decide.landmarks import names_in
from services.intake.decide.place import UnknownCode, Where, settle_fields, settle_text
from services.policy.landmarks import ALL, ROWS_MAX, Landmark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.intake.decide.place import Gazetteer, Level

#: A name that fewer records hold is left out: it says little, and it may be a person's home.
RECORDS_MIN = 3

#: A name whose shares are this near to everybody's says nothing (G statistic).
_TELLING_MIN = 7.0

#: How sure each witness is, in records.
_FIELD_WEIGHT = 3
_WORDS_WEIGHT = 1
_UNIT_STREET_WEIGHT = 2
_UNIT_DISTRICT_WEIGHT = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One settled record; what isn't known is empty."""

    title: str
    text: str  #: Without identity.
    place: Mapping[Level, str] = field(default_factory=dict)  #: Names or codes, by level.
    area: str = ""  #: A district's name that is less sure than `place`.
    unit: str = ""  #: Who answered.


class Learner:
    """Counts names by division over records, in bounded memory per name."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        """Start with nothing."""
        self._gazetteer = gazetteer
        self._witnessed: list[tuple[frozenset[str], tuple[tuple[str, int], ...]]] = []
        self._records: Counter[str] = Counter()

    def add(self, record: Record) -> None:
        """Learn from a record; one whose place nothing tells is passed over."""
        self.add_learned(self.learn(record))

    def learn(self, record: Record) -> Learned | None:
        """Work out what a record teaches, to be added to one learner or more."""
        witnesses = tuple(self._witnesses(record))
        if not witnesses:
            return None
        names = frozenset(name for name, _, _ in names_in(f"{record.title}\n{record.text}"))
        return names, witnesses

    def add_learned(self, learned: Learned | None) -> None:
        """Add what `learn` gave."""
        if learned is not None:
            self._witnessed.append(learned)
            self._records.update(learned[0])

    @property
    def records(self) -> int:
        """Records learned from so far."""
        return len(self._witnessed)

    def _witnesses(self, record: Record) -> Iterable[tuple[str, int]]:
        told = settle_fields(self._gazetteer, record.place)
        known = Where() if isinstance(told, UnknownCode) else told
        words = settle_text(self._gazetteer, Where(), record.title)
        words = settle_text(self._gazetteer, words, record.text)
        unit = settle_text(self._gazetteer, Where(), record.unit)
        area = settle_text(self._gazetteer, Where(), record.area)
        if known.district:
            yield known.street or known.district, _FIELD_WEIGHT
        if words.district:
            yield words.street or words.district, _WORDS_WEIGHT
        if unit.street:
            yield unit.street, _UNIT_STREET_WEIGHT
        elif unit.district and not words.district:
            yield unit.district, _UNIT_DISTRICT_WEIGHT
        elif area.district and not words.district:
            yield area.district, _UNIT_DISTRICT_WEIGHT

    def rows(self, rows_max: int = ROWS_MAX) -> list[Landmark]:
        """Give the table: those names that say most, and how many records there were.

        Args:
            rows_max: Names are left out, the least telling first, until the rows fit.

        Returns:
            Rows by name and division; the rows of `*` come first.
        """
        counts: dict[str, Counter[str]] = {}
        whole: Counter[str] = Counter()
        for names, witnesses in self._witnessed:
            for code, weight in witnesses:
                whole[code] += weight
                for name in names:
                    if self._records[name] >= RECORDS_MIN:
                        counts.setdefault(name, Counter())[code] += weight
        telling = {name: _telling(by_code, whole) for name, by_code in counts.items()}
        left = rows_max - len(whole)
        chosen: list[str] = []
        for name in sorted(counts, key=lambda name: (-telling[name], name)):
            left -= len(counts[name])
            if left < 0 or telling[name] < _TELLING_MIN:
                break
            chosen.append(name)
        counts[ALL] = whole
        return [
            Landmark(name, code, counts[name][code])
            for name in [ALL, *sorted(chosen)]
            for code in sorted(counts[name])
        ]


def _telling(counts: Counter[str], whole: Counter[str]) -> float:
    """Measure how far a name's shares are from everybody's."""
    total, records = counts.total(), whole.total()
    return sum(
        count * math.log(count * records / (total * whole[code])) for code, count in counts.items()
    )


#: The names a record holds, and what is known of its place with how many records it counts.
Learned = tuple[frozenset[str], tuple[tuple[str, int], ...]]
