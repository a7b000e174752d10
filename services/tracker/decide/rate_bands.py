"""Fairness between groups: what was to be expected, the rank in one's own list, the band.

An agency whose matters are hard (old pipes, neighbours' noise) must not be blamed for its
matters. Its score is compared with the expected one: what the whole city scored in the same
period on the same mix of categories (indirect standardisation, as hospitals are compared:
AHRQ Quality Indicators, "risk-adjusted rate"). The adjusted score is the city's score plus
what the agency is above or below that expectation. The difference is taken, not the ratio
observed / expected: near 100 a ratio says little, and a difference can be read aloud.

Where most of the city's verdicts on its matters are its own (the one heat company), there is
nothing to compare with: the expectation would be the agency itself. Then it has no rank.

国办函〔2025〕66号: 分档分类评价, 不片面追求排名 (grade by bands and classes, don't chase ranks).
So every rank has its list, and a band stands beside it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal, NamedTuple

from services.tracker.decide.rates import Interval, Rates, rate, weigh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.policy import Scoring
    from services.tracker.decide.rates import Verdicts

#: At least this share of a comparison must be other agencies' verdicts: assumption (2026-11).
_OTHERS_MIN = 0.5

#: `none`: no valid call-back. `small`: fewer than the policy wants. `alone`: nobody to compare
#: with. `unlisted`: it belongs to no list (no place named, an agency no longer known).
Unranked = Literal["none", "small", "alone", "unlisted"]


class Expected(NamedTuple):
    """What a group's valid call-backs would have brought at the city's rates."""

    contacted: float
    solved: float
    satisfied: float
    basically: float
    others: float  #: Of its valid call-backs, how many are compared with other groups'.


class Group(NamedTuple):
    """One row that is to be placed."""

    key: str | None
    listed: str | None  #: The list it is ranked in: streets aren't ranked among departments.
    verdicts: Verdicts
    expected: Expected | None = None  #: None without a valid call-back.


class Standing(NamedTuple):
    """Where a group stands, how sure that is, or why it stands nowhere."""

    unranked: Unranked | None = None
    rank: int | None = None  #: 1 is best; two may share one.
    ranked: int = 0  #: How many have a rank in its list.
    expected: float | None = None  #: The city's score on the same mix of matters.
    above: float | None = None  #: Score minus expected: the rank goes by this.
    adjusted: float | None = None  #: The city's score plus `above`, within 0..100.
    adjusted_interval: Interval | None = None
    band: str | None = None
    is_band_sure: bool | None = None  #: Its whole interval lies in the band.


def place(
    groups: Sequence[Group], rates: Sequence[Rates], city: Verdicts, scoring: Scoring
) -> list[Standing]:
    """Compare groups fairly.

    Args:
        groups: Of one kind, such as agencies.
        rates: Of each group, in their order.
        city: All verdicts of the period, also those of groups that weren't asked for.
        scoring: Weights, bands, and how many call-backs a rank needs.

    Returns:
        A standing for each group, in their order.
    """
    whole = rate(city, scoring).score
    found = [
        _compared(group, own, whole, scoring) for group, own in zip(groups, rates, strict=True)
    ]
    lists: dict[str, list[int]] = defaultdict(list)
    for at, (group, one) in enumerate(zip(groups, found, strict=True)):
        if one.unranked is None and group.listed is not None:
            lists[group.listed].append(at)
    for members in lists.values():
        # By score, then by volume, as 怀柔 sorts; who is equal in both shares a rank.
        merits = {at: (found[at].above or 0.0, groups[at].verdicts.valid) for at in members}
        ranks: dict[tuple[float, int], int] = {}
        for rank, merit in enumerate(sorted(merits.values(), reverse=True), start=1):
            ranks.setdefault(merit, rank)
        for at, merit in merits.items():
            found[at] = found[at]._replace(rank=ranks[merit], ranked=len(members))
    return found


def band_of(score: float, scoring: Scoring) -> str | None:
    """Name the band a score falls into; None where the city gives no bands."""
    for band in scoring.bands:
        if score >= band.at_least:
            return band.key
    return None


def _compared(group: Group, found: Rates, whole: float | None, scoring: Scoring) -> Standing:
    """Adjust a group's score and grade it; ranks need the others and come later."""
    valid = group.verdicts.valid
    if not valid or found.score is None or found.score_interval is None:
        return Standing(unranked="none")
    if valid < scoring.valid_min:
        return Standing(unranked="small")
    expected = group.expected
    if whole is None or expected is None or expected.others < _OTHERS_MIN * valid:
        band = band_of(found.score, scoring)
        return Standing(
            unranked="alone", band=band, is_band_sure=_is_sure(found.score_interval, band, scoring)
        )
    return _adjusted(group, expected, found, whole, scoring)


def _adjusted(
    group: Group, expected: Expected, found: Rates, whole: float, scoring: Scoring
) -> Standing:
    assert found.score is not None and found.score_interval is not None  # noqa: S101, PT018
    pleased = expected.satisfied + scoring.basically_counts * expected.basically
    worth = weigh(expected.contacted, expected.solved, pleased, scoring)
    due = round(100 * worth / group.verdicts.valid, 2)
    shift, score = whole - due, _within(found.score + whole - due)
    low, high = found.score_interval
    interval = Interval(_within(low + shift), _within(high + shift))
    band = band_of(score, scoring)
    return Standing(
        unranked="unlisted" if group.listed is None else None,
        expected=due,
        above=round(found.score - due, 2),
        adjusted=score,
        adjusted_interval=interval,
        band=band,
        is_band_sure=_is_sure(interval, band, scoring),
    )


def _within(score: float) -> float:
    """Keep a score on the scale that officials know."""
    return round(min(100.0, max(0.0, score)), 2)


def _is_sure(interval: Interval, band: str | None, scoring: Scoring) -> bool | None:
    if band is None:
        return None
    return band_of(interval.low, scoring) == band_of(interval.high, scoring) == band
