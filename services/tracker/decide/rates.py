"""The three rates (三率), their score, and how sure each figure is.

Source: 接诉即办工作条例 art. 32 names the rates; the formula is Huairou District's, the only
one found published (reference: domain notes, section 4). Weights and the worth of "basically
satisfied" (基本满意) are the city's to set, so they come from the policy. Where there is no
valid call-back there is no rate: neither 0 nor 100 would be true.

How fast an answer came is no part of the score: an order that is closed in time and not
solved is worth nothing to the citizen. Punctuality stands beside it, by one formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from services.policy import Scoring

#: 95 of 100 such intervals hold the true share.
_Z = 1.959964
_Z2 = _Z * _Z


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Call-backs that ended in a period, counted."""

    valid: int = 0  #: Answered and not excluded: the denominator of all three rates.
    contacted: int = 0
    solved: int = 0
    satisfied: int = 0
    basically: int = 0  #: 基本满意
    no_contact: int = 0  #: Left out: nobody could be asked.
    no_answer: int = 0  #: Left out: asked, never answered.
    not_asked: int = 0  #: Left out: the policy asks a sample, and it wasn't drawn.
    withdrawn: int = 0  #: Left out: the citizen withdrew before answering.

    def __add__(self, other: Verdicts) -> Verdicts:
        """Count two groups together."""
        return Verdicts(
            self.valid + other.valid,
            self.contacted + other.contacted,
            self.solved + other.solved,
            self.satisfied + other.satisfied,
            self.basically + other.basically,
            self.no_contact + other.no_contact,
            self.no_answer + other.no_answer,
            self.not_asked + other.not_asked,
            self.withdrawn + other.withdrawn,
        )


class Interval(NamedTuple):
    """From where to where the true figure may well lie."""

    low: float
    high: float


class Rate(NamedTuple):
    """A share, with what it was computed from."""

    numerator: float
    denominator: int

    @property
    def value(self) -> float | None:
        """The share in 0..1, four decimals; None without a denominator."""
        return round(self.numerator / self.denominator, 4) if self.denominator else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95 % interval of the share, four decimals; None without a denominator.

        Unlike the textbook's normal interval it never leaves 0..1 and never shrinks to a
        point: three pleased citizens of three are no proof of perfection.
        Source: Wilson 1927, J. Am. Stat. Assoc. 22.
        """
        n = self.denominator
        if not n:
            return None
        share, pull = self.numerator / n, _Z2 / n
        middle = share + pull / 2
        half = sqrt(pull * (share * (1 - share) + pull / 4))
        # Rounding may leave a tiny bit beyond the ends.
        # A whole number is rounded to in half the time.
        scale = 10_000 / (1 + pull)
        low, high = round(scale * (middle - half)) / 10_000, round(scale * (middle + half)) / 10_000
        return Interval(low if low > 0 else 0.0, high if high < 1 else 1.0)


class Rates(NamedTuple):
    """The three rates of a group, and their score."""

    response: Rate  #: 响应率: the agency contacted the citizen.
    resolution: Rate  #: 解决率: the matter is solved.
    satisfaction: Rate  #: 满意率, where "basically satisfied" counts less.
    score: float | None  #: 0..100, two decimals; None without a valid call-back.
    score_interval: Interval | None  #: Of the score, 0..100, two decimals.


def rate(verdicts: Verdicts, scoring: Scoring) -> Rates:
    """Compute rates and score from counts.

    One verdict is worth 0 to 100, and the score is their mean. Whatever such verdicts are,
    their variance is at most that of verdicts of 0 and 100 with the same mean, so Wilson's
    interval holds for the score too, and is rather too wide than too narrow.

    Args:
        verdicts: Of one group and period.
        scoring: Weights, and what "basically satisfied" is worth.
    """
    valid = verdicts.valid
    # A tenth of a verdict may come out as 0.30000000000000004; nobody wants to read that.
    pleased = round(verdicts.satisfied + scoring.basically_counts * verdicts.basically, 6)
    worth = Rate(weigh(verdicts.contacted, verdicts.solved, pleased, scoring), valid)
    band = worth.interval
    return Rates(
        Rate(verdicts.contacted, valid),
        Rate(verdicts.solved, valid),
        Rate(pleased, valid),
        round(100 * worth.numerator / valid, 2) if valid else None,
        Interval(round(100 * band.low, 2), round(100 * band.high, 2)) if band else None,
    )


def weigh(contacted: float, solved: float, pleased: float, scoring: Scoring) -> float:
    """Weigh three counts into one: how many perfect verdicts they are worth together."""
    return (
        scoring.weight_response * contacted
        + scoring.weight_resolution * solved
        + scoring.weight_satisfaction * pleased
    )


def punctuality(resolved_on_time: int, resolved_late: int, open_overdue: int) -> Rate:
    """Give the share of orders that were kept in time, by the only formula there is.

    Closed in time / (closed + open and overdue). Orders that are open and not yet due are in
    neither part; those that are overdue can't be hidden by leaving them open (which showed
    "100 % on time" beside a list of overdue orders in Austin's dashboard; reference: peers
    notes, section 2, 8).
    """
    return Rate(resolved_on_time, resolved_on_time + resolved_late + open_overdue)
