"""How good suggestions are: the figures of the card and of `whistle evaluate router`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_TARGET = 0.98
_BINS = 15
_CURVE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Judged:
    """One order: what was said, the surest first, and what is right."""

    truth: str
    said: tuple[str, ...]
    confidence: float  #: Of the first.

    @property
    def is_right(self) -> bool:
        """Tell whether the first was right."""
        return self.said[:1] == (self.truth,)


def figures(judged: Sequence[Judged]) -> dict[str, Any]:
    """Work out the figures.

    Returns:
        `n`, `top1`, `top3`, `macro_f1` (over departments that occur), `coverage_at_98`
        (largest share of the surest orders that is at least 98 % right), `ece` (expected
        calibration error, 15 bins of equal width), `curve` (share right among the surest),
        `departments` (n, precision, recall and f1 of each). Shares are None without orders.
    """
    number = len(judged)
    if not number:
        empty = dict.fromkeys(("top1", "top3", "macro_f1", "coverage_at_98", "ece"))
        return {"n": 0, **empty, "curve": [], "departments": {}}
    ranked = sorted(judged, key=lambda one: -one.confidence)
    departments = _departments(judged)
    return {
        "n": number,
        "top1": round(sum(one.is_right for one in judged) / number, 4),
        "top3": round(sum(one.truth in one.said[:3] for one in judged) / number, 4),
        "macro_f1": round(sum(one["f1"] for one in departments.values()) / len(departments), 4),
        "coverage_at_98": round(_coverage(ranked), 4),
        "ece": round(_calibration_error(judged), 4),
        "curve": [_point(ranked, share) for share in _CURVE],
        "departments": departments,
    }


def _departments(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    wanted = Counter(one.truth for one in judged)
    named = Counter(one.said[0] for one in judged if one.said)
    right = Counter(one.truth for one in judged if one.is_right)
    return {
        name: {
            "n": count,
            "precision": round(right[name] / named[name], 4) if named[name] else None,
            "recall": round(right[name] / count, 4),
            "f1": round(2 * right[name] / (count + named[name]), 4),
        }
        for name, count in wanted.most_common()
    }


def _coverage(ranked: Sequence[Judged]) -> float:
    best = right = 0
    for count, one in enumerate(ranked, start=1):
        right += one.is_right
        if right >= _TARGET * count:
            best = count
    return best / len(ranked)


def _calibration_error(judged: Sequence[Judged]) -> float:
    bins: dict[int, list[Judged]] = {}
    for one in judged:
        bins.setdefault(min(_BINS - 1, int(one.confidence * _BINS)), []).append(one)
    gaps = [abs(sum(o.is_right for o in b) - sum(o.confidence for o in b)) for b in bins.values()]
    return sum(gaps) / len(judged)


def _point(ranked: Sequence[Judged], share: float) -> dict[str, float]:
    surest = ranked[: max(1, round(share * len(ranked)))]
    right = sum(one.is_right for one in surest) / len(surest)
    least = surest[-1].confidence
    return {"coverage": share, "precision": round(right, 4), "confidence": round(least, 4)}
