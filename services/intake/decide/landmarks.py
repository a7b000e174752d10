"""What a city's roads, estates, markets and villages say about the division a text is about.

A table says how many records named a landmark and lay in a division (`landmarks.csv`). For a
text, every landmark in it speaks for divisions with the weight

    log(1 + count / expected),    expected = SMOOTHING * divisions * share of the division

so a name that all divisions share says nothing, and a name known from one record says
little. The weights add up to a score (naive Bayes), damped by `DAMPING` because the names
in a text overlap (海秀中路, 秀中路) and repeat each other. A street's score is weighed within
its district alone; which district it is, all that speaks for districts says.

The names of the gazetteer's own communities and streets are landmarks, too: 望花路社区 makes
望花路 speak for the street it lies in. What an official writes into the table may be any name;
what is learned (`Learner` in learning.py) is Chinese and ends with one of `ENDS`. The learner
gives rows of the same table, so scoring from the file is scoring from what was learned.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ahocorasick_rs import AhoCorasick, MatchKind

from services.intake.decide.names import fold_in_place, is_inside_word, stem
from services.policy.landmarks import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from services.policy import Division
    from services.policy.landmarks import Landmark

#: What names of places end with.
ENDS = frozenset("路街道巷城园区场村镇桥院校湾岛港苑庭居厦府库店站厂所局馆寺庙岗坡湖山门里栋")
#: A name has at least and at most so many characters, its end included.
LENGTH_MIN, LENGTH_MAX = 2, 6

#: Records that every division is believed to have besides those that were counted.
SMOOTHING = 0.5
#: How much of the names' weight counts. Chosen on Haikou's orders; see docs/places.md.
DAMPING: Mapping[str, float] = {"district": 0.3, "street": 0.4}
#: A district less likely than this has no streets worth weighing.
_DISTRICT_SHARE_MIN = 0.005
#: How much a name from the gazetteer counts, in records.
_GAZETTEER_COUNT = 3

_CHINESE = re.compile("[\u4e00-\u9fff]{2,}")
_COMMUNITY_KIND = re.compile(r"(?:社区|村|居委会|农场|虚拟)+$")
_COMMUNITY_SIDE = re.compile(r"(?<=..)[东西南北中一二三]$")

_Level = Literal["district", "street"]


@dataclass(frozen=True, slots=True)
class Shares:
    """How likely each division is, by what a text's landmarks say."""

    districts: Mapping[str, float]
    streets: Mapping[str, float]
    #: Where the name stands that speaks loudest for a division; those for which none speaks
    #: are missing.
    voices: Mapping[str, tuple[int, int]]


def names_in(text: str) -> Iterator[tuple[str, int, int]]:
    """Find everything in a text that may be a landmark's name: name, start, end."""
    for run in _CHINESE.finditer(text):
        first, last = run.span()
        for at in range(first + 1, last):
            if text[at] in ENDS:
                end = at + 1
                for start in range(max(first, end - LENGTH_MAX), end - LENGTH_MIN + 1):
                    yield text[start:end], start, end


class Landmarks:
    """A table of landmarks, ready to be asked. Built once per policy."""

    def __init__(self, divisions: Mapping[str, Division], rows: Iterable[Landmark]) -> None:
        """Work out the weight of every name for every division.

        Args:
            divisions: The city's.
            rows: The table's; without any, nothing speaks.
        """
        self._street_of = {code: _above(code, "street", divisions) for code in divisions}
        self._district_of = {code: _above(code, "district", divisions) for code in divisions}
        self._codes: dict[_Level, list[str]] = {
            level: [code for code, one in divisions.items() if one.level == level]
            for level in ("district", "street")
        }
        self._inside: dict[str, list[str]] = defaultdict(list)  #: Streets by district.
        for code in self._codes["street"]:
            if (district := self._district_of[code]) is not None:
                self._inside[district].append(code)
        counts: dict[_Level, dict[str, dict[str, float]]] = {
            "district": defaultdict(lambda: defaultdict(float)),
            "street": defaultdict(lambda: defaultdict(float)),
        }
        self.is_empty = not self._count(rows, counts)
        #: Whether its shares are measured on records, and not only what somebody knows.
        self.is_measured = ALL in counts["district"]
        if not self.is_empty:
            for name, code in _gazetteer_names(divisions, self._street_of):
                counts["street"][name][code] += _GAZETTEER_COUNT
        self._bias: dict[_Level, dict[str, float]] = {}
        weights: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for level, by_name in counts.items():
            self._weigh(level, by_name, weights)
        #: For every name of the automaton: what it says for which division.
        self._weights = list(weights.values())
        self._automaton = AhoCorasick(list(weights), matchkind=MatchKind.Standard)

    def _count(
        self,
        rows: Iterable[Landmark],
        counts: Mapping[_Level, dict[str, dict[str, float]]],
    ) -> int:
        number = 0
        for number, row in enumerate(rows, 1):  # noqa: B007 - the last number is the answer
            name = fold_in_place(row.name)
            district, street = self._district_of[row.division], self._street_of[row.division]
            if district is not None:
                counts["district"][name][district] += row.count
            if street is not None:
                counts["street"][name][street] += row.count
        return number

    def _weigh(
        self,
        level: _Level,
        counts: dict[str, dict[str, float]],
        weights: dict[str, list[tuple[str, float]]],
    ) -> None:
        codes = self._codes[level]
        totals = counts.pop(ALL, {})
        whole = sum(totals.values()) or 1.0
        # A division without any record isn't impossible, only not seen yet.
        shares = {
            code: max(totals.get(code, 0.0), SMOOTHING) / whole if totals else 1 / len(codes)
            for code in codes
        }
        self._bias[level] = {code: math.log(share) for code, share in shares.items()}
        damping = DAMPING[level]
        for name, by_code in counts.items():
            weights[name] += [
                (code, damping * math.log1p(count / (SMOOTHING * len(codes) * shares[code])))
                for code, count in by_code.items()
            ]

    def weigh(self, text: str) -> Shares:
        """Ask every landmark in a text, each once.

        Args:
            text: A title and a text, or an address.

        Returns:
            Shares of districts, adding up to one; of streets, without those of districts that
            are out of the question; and the names that speak.
        """
        scores = self._bias["district"] | self._bias["street"]
        voices: dict[str, tuple[int, int]] = {}
        loudest: dict[str, float] = {}
        folded = fold_in_place(text)
        last = {
            index: (start, end)
            for index, start, end in self._automaton.find_matches_as_indexes(
                folded, overlapping=True
            )
            if not is_inside_word(folded, start, end)
        }
        for index, span in last.items():
            for code, weight in self._weights[index]:
                scores[code] += weight
                if weight >= loudest.get(code, 0.0):
                    loudest[code] = weight
                    voices[code] = span
        districts = _shares({code: scores[code] for code in self._codes["district"]})
        return Shares(districts, self._streets(scores, districts), voices)

    def _streets(
        self, scores: Mapping[str, float], districts: Mapping[str, float]
    ) -> dict[str, float]:
        return {
            code: share * districts[district]
            for district, codes in self._inside.items()
            if districts[district] >= _DISTRICT_SHARE_MIN
            for code, share in _shares({code: scores[code] for code in codes}).items()
        }


def _shares(scores: Mapping[str, float]) -> dict[str, float]:
    top = max(scores.values(), default=0.0)
    odds = {code: math.exp(score - top) for code, score in scores.items()}
    whole = sum(odds.values())
    return {code: one / whole for code, one in odds.items()}


def _above(code: str, level: str, divisions: Mapping[str, Division]) -> str | None:
    above: str | None = code
    while above is not None and above in divisions:
        if divisions[above].level == level:
            return above
        above = divisions[above].parent
    return None


def _gazetteer_names(
    divisions: Mapping[str, Division], street_of: Mapping[str, str | None]
) -> Iterator[tuple[str, str]]:
    """Give the names that streets and communities lend to what lies in them."""
    for code, division in divisions.items():
        street = street_of[code]
        if street is None:
            continue
        names = {name for name, _, _ in names_in(division.name)}
        short = _COMMUNITY_KIND.sub("", stem(division.name, division.level))
        short = _COMMUNITY_SIDE.sub("", short)
        if len(short) >= LENGTH_MIN:
            names.add(short)
        for name in names:
            yield name, street
