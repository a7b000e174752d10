"""The three rates (三率), their score, and the assessment month.

Source: 接诉即办工作条例 art. 32 names the rates; the formula is Huairou District's, the only
one found published (reference: domain notes, section 4). Weights and the worth of "basically
satisfied" (基本满意) are the city's to set, so they come from the policy. Where there is no
valid call-back there is no rate: neither 0 nor 100 would be true.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

    from services.policy import Scoring


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Call-backs that ended in a period, counted."""

    valid: int = 0  #: Answered: the denominator of all three rates.
    contacted: int = 0
    solved: int = 0
    satisfied: int = 0
    basically: int = 0  #: 基本满意
    no_contact: int = 0  #: Excluded: nobody could be asked.
    no_answer: int = 0  #: Excluded: asked, never answered.
    withdrawn: int = 0  #: Excluded: the citizen withdrew before answering.

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
            self.withdrawn + other.withdrawn,
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """A share, with what it was computed from."""

    numerator: float
    denominator: int

    @property
    def value(self) -> float | None:
        """The share in 0..1, four decimals; None without a denominator."""
        return round(self.numerator / self.denominator, 4) if self.denominator else None


@dataclass(frozen=True, slots=True)
class Rates:
    """The three rates of a group, and their score."""

    response: Rate  #: 响应率: the agency contacted the citizen.
    resolution: Rate  #: 解决率: the matter is solved.
    satisfaction: Rate  #: 满意率, where "basically satisfied" counts less.
    score: float | None  #: 0..100, two decimals; None without a valid call-back.


def rate(verdicts: Verdicts, scoring: Scoring) -> Rates:
    """Compute rates and score from counts.

    Args:
        verdicts: Of one group and period.
        scoring: Weights, and what "basically satisfied" is worth.
    """
    valid = verdicts.valid
    # A tenth of a verdict may come out as 0.30000000000000004; nobody wants to read that.
    pleased = round(verdicts.satisfied + scoring.basically_counts * verdicts.basically, 6)
    score = None
    if valid:
        weighed = (
            scoring.weight_response * verdicts.contacted
            + scoring.weight_resolution * verdicts.solved
            + scoring.weight_satisfaction * pleased
        )
        score = round(100 * weighed / valid, 2)
    return Rates(
        Rate(verdicts.contacted, valid), Rate(verdicts.solved, valid), Rate(pleased, valid), score
    )


def month_of(at: datetime, starts_on: int, zone: tzinfo) -> tuple[int, int]:
    """Name the assessment month (year, month) an instant belongs to."""
    day = at.astimezone(zone).date()
    if starts_on == 1 or day.day < starts_on:
        return day.year, day.month
    return (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)  # noqa: PLR2004


def month_bounds(year: int, month: int, starts_on: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """Give the instants an assessment month begins and ends at.

    A month that starts on the 19th is named after the month it ends in: November 2026 runs
    from 19 October to 18 November. One that starts on the 1st is the calendar month.

    Args:
        year: Of the name.
        month: Of the name, 1 to 12.
        starts_on: Day of the month, 1 to 28.
        zone: The city's.

    Returns:
        The first instant of it, and the first instant after it.
    """
    following = date(year + month // 12, month % 12 + 1, 1)
    if starts_on == 1:
        return midnight(date(year, month, 1), zone), midnight(following, zone)
    before = date(year, month, 1) - timedelta(days=1)
    return (
        midnight(before.replace(day=starts_on), zone),
        midnight(date(year, month, starts_on), zone),
    )


def midnight(day: date, zone: tzinfo) -> datetime:
    """The instant a local date begins at, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
