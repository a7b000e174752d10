"""How well likeness tells a call about an old matter from a call about another one.

Pairs: an order and an order that it cites, both in the file. Non-pairs: ten for each pair,
half of them at random, half hard (same category or department, 30 days at the most apart, of
another group). The file names no person, so who called isn't used; the door compares only
calls of one person, where a false alarm is rarer. What an order cites is taken out of the
words before they are compared: it would give the answer away. `recall_with_citations` counts a
quoted number as found; at the door it is evidence, and sure only in like words.
"""

from __future__ import annotations

import random
import re
import statistics
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from zlib import crc32

from services.intake.decide.likeness import Sketch, likeness, sketch
from services.intake.decide.repeats import LIKENESS_MIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SEED = 12_345
_FOLDS = 5
_PER_PAIR = 10
_HARD_DAYS = 30
_NUMBER = re.compile(r"[0-9]{8,}")
_ID = re.compile(r"[^\s,;，；、|]+")


@dataclass(frozen=True, slots=True)
class Scored:
    """Two orders, and how alike they are."""

    fold: int
    score: float
    is_pair: bool
    is_cited: bool = False  #: The words of one hold the number of the other.


def evaluate_repeats(rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Measure precision and recall of `likeness` on cited pairs and sampled non-pairs.

    The threshold for a fifth of the groups is the one that does best on the other four.

    Args:
        rows: Orders with `order_id`, `group`, `date`, `text` or `text_stripped`, `dept`,
            `l3` and `refs`.

    Returns:
        Figures for a report; `precision` and `recall` are None where the file has no pair.
    """
    chance = random.Random(_SEED)  # noqa: S311 - a sample that can be drawn again
    sketches = {row["order_id"]: sketch(_NUMBER.sub("", _words(row))) for row in rows}
    pairs = list(_cited_pairs(rows))
    scored = [_score(new, old, sketches, is_pair=True) for new, old in pairs]
    others = _Others(rows, chance)
    for new, _ in pairs:
        scored += [_score(new, row, sketches, is_pair=False) for row in others.than(new)]
    if not pairs or len(scored) == len(pairs):
        return {"precision": None, "recall": None, "n_pairs": len(pairs), "n_nonpairs": 0}
    thresholds = [_best(one for one in scored if one.fold != fold) for fold in range(_FOLDS)]
    typical = statistics.median(thresholds)
    figures = _figures(scored, thresholds)
    known = [one for one in scored if one.is_pair]
    with_citation = sum(one.is_cited or one.score >= thresholds[one.fold] for one in known)
    return {
        **figures,
        "recall_with_citations": round(with_citation / len(known), 4),
        "threshold": round(typical, 3),
        "auc": round(_auc(scored), 4),
        "n_pairs": len(known),
        "n_nonpairs": len(scored) - len(known),
        "false_per_1000": _false_per_1000(others, sketches, typical),
        "as_deployed": {"threshold": LIKENESS_MIN, **_figures(scored, [LIKENESS_MIN] * _FOLDS)},
        "operating_points": [
            {"threshold": least, **_figures(scored, [least] * _FOLDS)}
            for least in (0.3, 0.4, 0.6, 0.7, 0.8, 0.9)
        ],
    }


def _words(row: Mapping[str, str]) -> str:
    return row.get("text_stripped") or row.get("text") or ""


def _cited_pairs(
    rows: Iterable[Mapping[str, str]],
) -> Iterable[tuple[Mapping[str, str], Mapping[str, str]]]:
    rows = list(rows)
    by_id = {row["order_id"]: row for row in rows}
    seen = set()
    for row in rows:
        for cited in _ID.findall(row.get("refs") or ""):
            both = frozenset((row["order_id"], cited))
            if cited in by_id and len(both) > 1 and both not in seen:
                seen.add(both)
                yield row, by_id[cited]


def _score(
    new: Mapping[str, str],
    old: Mapping[str, str],
    sketches: Mapping[str, Sketch],
    *,
    is_pair: bool,
) -> Scored:
    return Scored(
        fold=crc32((new.get("group") or new["order_id"]).encode()) % _FOLDS,
        score=likeness(sketches[new["order_id"]], sketches[old["order_id"]]),
        is_pair=is_pair,
        is_cited=old["order_id"] in (new.get("text") or _words(new)),
    )


class _Others:
    """Draws orders that are about another matter."""

    def __init__(self, rows: Sequence[Mapping[str, str]], chance: random.Random) -> None:
        self.rows = rows
        self.chance = chance
        self.alike: dict[str, list[Mapping[str, str]]] = defaultdict(list)
        for row in rows:
            for kind in ("l3", "dept"):
                if row.get(kind):
                    self.alike[f"{kind}:{row[kind]}"].append(row)

    def than(self, new: Mapping[str, str]) -> list[Mapping[str, str]]:
        """Draw for one order: half at random, half hard, as far as there are any."""
        easy = [row for row in self._sample(self.rows, _PER_PAIR) if _differ(new, row)]
        near = [
            row
            for kind in ("l3", "dept")
            for row in self._sample(self.alike.get(f"{kind}:{new.get(kind)}", ()), 50)
            if _differ(new, row) and _days_between(new, row) <= _HARD_DAYS
        ]
        self.chance.shuffle(near)
        unlike = {row["order_id"]: row for row in near[: _PER_PAIR // 2]}
        return [*easy[: _PER_PAIR // 2], *unlike.values()]

    def same_department(self, wanted: int) -> list[tuple[Mapping[str, str], Mapping[str, str]]]:
        """Draw pairs of one department and different matters."""
        found = []
        for _ in range(20 * wanted):
            one = self.chance.choice(self.rows)
            other = self.chance.choice(self.alike.get(f"dept:{one.get('dept')}", [one]))
            if _differ(one, other):
                found.append((one, other))
            if len(found) == wanted:
                break
        return found

    def _sample(self, rows: Sequence[Mapping[str, str]], size: int) -> list[Mapping[str, str]]:
        return self.chance.sample(rows, min(size, len(rows)))


def _differ(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    if one["order_id"] == other["order_id"]:
        return False
    return not one.get("group") or one["group"] != other.get("group")


def _days_between(one: Mapping[str, str], other: Mapping[str, str]) -> int:
    try:
        days = [date.fromisoformat((row.get("date") or "")[:10]) for row in (one, other)]
    except ValueError:
        return 0
    return abs((days[0] - days[1]).days)


def _figures(scored: Iterable[Scored], thresholds: Sequence[float]) -> dict[str, Any]:
    called = [(one.is_pair, one.score >= thresholds[one.fold]) for one in scored]
    right = sum(is_pair and is_found for is_pair, is_found in called)
    found = sum(is_found for _, is_found in called)
    pairs = sum(is_pair for is_pair, _ in called)
    return {
        "precision": round(right / found, 4) if found else None,
        "recall": round(right / pairs, 4) if pairs else None,
    }


def _best(scored: Iterable[Scored]) -> float:
    """Find the threshold of the best F1; the middle between two scores, not one of them."""
    ordered = sorted(scored, key=lambda one: -one.score)
    pairs = sum(one.is_pair for one in ordered)
    best, threshold, right = 0.0, LIKENESS_MIN, 0
    for count, one in enumerate(ordered, start=1):
        right += one.is_pair
        below = ordered[count].score if count < len(ordered) else 0.0
        quality = 2 * right / (count + pairs)
        if below < one.score and quality > best:
            best, threshold = quality, (one.score + below) / 2
    return threshold


def _auc(scored: Sequence[Scored]) -> float:
    others = sorted(one.score for one in scored if not one.is_pair)
    pairs = [one.score for one in scored if one.is_pair]
    wins = sum((bisect_left(others, s) + bisect_right(others, s)) / 2 for s in pairs)
    return wins / (len(pairs) * len(others))


def _false_per_1000(
    others: _Others, sketches: Mapping[str, Sketch], threshold: float
) -> float | None:
    drawn = others.same_department(1000)
    if not drawn:
        return None
    alike = sum(
        likeness(sketches[one["order_id"]], sketches[other["order_id"]]) >= threshold
        for one, other in drawn
    )
    return round(1000 * alike / len(drawn), 1)
