"""From what was counted to the rows that are answered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from services.tracker.decide import rate_bands, rates
from services.tracker.http.figure_views import (
    BonusView,
    IntervalView,
    OfficersExclusion,
    OnTimeView,
    RatesRow,
    RateView,
    StandingView,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.policy import Policy
    from services.tracker.adapters.figures import Row
    from services.tracker.http.figure_questions import FigureQuestion

_COUNTS = tuple(field.name for field in fields(rates.Verdicts))
_ORDERS = ("dispatched", "resolved_on_time", "resolved_late", "taken_back", "open", "breached")
_counts = itemgetter(*_COUNTS)
_city = itemgetter(*(f"city_{name}" for name in _COUNTS))
_pleasing = itemgetter("valid", "contacted", "solved", "satisfied", "basically")
_orders = itemgetter(*_ORDERS)
_NO_ORDERS = (0,) * len(_ORDERS)


class Counted(NamedTuple):
    """What the tables say, by group; see `adapters.figures`."""

    verdicts: list[Row]
    excluded: list[Row]
    kept: list[Row]
    overdue: list[Row]
    bonuses: list[Row]  #: Of agencies; see `adapters.proactive`.


class _Part(NamedTuple):
    """What one row is made of."""

    key: str | None
    counted: Counted
    verdicts: rates.Verdicts
    rates: rates.Rates


def rate_rows(
    counted: Counted, question: FigureQuestion, policy: Policy, *, shows_officers: bool
) -> tuple[RatesRow, list[RatesRow]]:
    """Make the total and the rows.

    Args:
        counted: By stored keys.
        question: Sums categories up to its level.
        policy: In force: its weights, bands and names.
        shows_officers: Whether the caller may see who excluded a verdict.
    """
    parts = _parts(counted, question, policy)
    whole = _part(None, counted, policy)
    rows = [_row(part, policy, shows_officers=shows_officers) for part in parts]
    total = _row(whole, policy, shows_officers=shows_officers)
    for part, row in zip(parts, rows, strict=True):
        row["name"] = _name(question.by, part.key, policy)
    # A kind of matter is neither good nor bad at anything.
    if question.by != "category":
        for row, standing in zip(
            rows, _standings(parts, counted, question.by, policy), strict=True
        ):
            row["standing"] = standing
    # Places and kinds have no bonus.
    if question.by == "agency":
        for part, row in zip((whole, *parts), (total, *rows), strict=True):
            row["bonus"] = _bonus(part.counted.bonuses, policy)
    return total, rows


def _parts(counted: Counted, question: FigureQuestion, policy: Policy) -> list[_Part]:
    """Put together what makes up each row, in the rows' order."""
    groups: dict[str | None, Counted] = defaultdict(lambda: Counted([], [], [], [], []))
    for kind, rows in enumerate(counted):
        for row in rows:
            groups[question.group_of(row["key"], policy)][kind].append(row)
    keys = sorted(groups, key=lambda key: (key is None, key or ""))
    return [_part(key, groups[key], policy) for key in keys]


def _part(key: str | None, counted: Counted, policy: Policy) -> _Part:
    verdicts = rates.Verdicts(*_sums(_counts, counted.verdicts))
    return _Part(key, counted, verdicts, rates.rate(verdicts, policy.scoring))


def _sums(numbers: Callable[[Row], tuple[int, ...]], rows: list[Row]) -> tuple[int, ...]:
    """Add up some numbers of rows; nothing where there is no row."""
    if len(rows) == 1:  # Mostly.
        return numbers(rows[0])
    return tuple(map(sum, zip(*map(numbers, rows), strict=True)))


def _bonus(rows: list[Row], policy: Policy) -> BonusView:
    rules = policy.causes.bonus
    points_max = rules.points_max if rules else 0
    return BonusView(
        points=sum(min(row["granted"], points_max) for row in rows),
        granted=sum(row["granted"] for row in rows),
        cases=sum(row["cases"] for row in rows),
    )


def _standings(parts: list[_Part], counted: Counted, by: str, policy: Policy) -> list[StandingView]:
    """Compare agencies or places."""
    groups = [
        rate_bands.Group(
            part.key,
            _list_of(by, part.key, policy),
            part.verdicts,
            _expected(part.counted.verdicts[0]) if part.counted.verdicts else None,
        )
        for part in parts
    ]
    city = rates.Verdicts(*_city(counted.verdicts[0])) if counted.verdicts else rates.Verdicts()
    found = rate_bands.place(groups, [part.rates for part in parts], city, policy.scoring)
    return [_standing(group, one) for group, one in zip(groups, found, strict=True)]


def _expected(row: Row) -> rate_bands.Expected | None:
    if row["others"] is None:  # No valid call-back.
        return None
    return rate_bands.Expected(
        contacted=row["expected_contacted"],
        solved=row["expected_solved"],
        satisfied=row["expected_satisfied"],
        basically=row["expected_basically"],
        others=row["others"],
    )


def _list_of(by: str, key: str | None, policy: Policy) -> str | None:
    """Name the list a row is ranked in: places by their level, agencies by their kind."""
    if by != "agency" or key is None:
        return by if key is not None else None
    agency = policy.agencies.get(key)
    return agency.kind if agency else None


def _name(by: str, key: str | None, policy: Policy) -> str | None:
    """Say what people call a row."""
    named: Mapping[str, object] = policy.divisions
    if by in ("agency", "category"):
        named = policy.agencies if by == "agency" else policy.categories
    found = named.get(key or "")
    return getattr(found, "name", None)


def _row(part: _Part, policy: Policy, *, shows_officers: bool) -> RatesRow:
    """Say everything about a part but what it is called, how it compares, and its bonus."""
    verdicts, found, counted = part.verdicts, part.rates, part.counted
    before = found
    if counted.excluded:
        left_out = rates.Verdicts(*_sums(_pleasing, counted.excluded))
        before = rates.rate(verdicts + left_out, policy.scoring)
    orders = _on_time(counted)
    return {
        "key": part.key,
        "name": None,
        "response": _view(found.response),
        "resolution": _view(found.resolution),
        "satisfaction": _view(found.satisfaction),
        "score": found.score,
        "score_interval": _interval(found.score_interval),
        "score_before_exclusions": before.score,
        "exclusions": {
            "no_contact": verdicts.no_contact,
            "no_answer": verdicts.no_answer,
            "not_asked": verdicts.not_asked,
            "withdrawn": verdicts.withdrawn,
            "officers": _officers(counted.excluded, policy, shows_officers=shows_officers),
        },
        "standing": None,
        "on_time": _view(
            rates.punctuality(
                orders["resolved_on_time"], orders["resolved_late"], orders["open_overdue"]
            )
        ),
        "orders": orders,
        "bonus": None,
    }


def _on_time(counted: Counted) -> OnTimeView:
    dispatched, on_time, late, taken_back, still_open, breached = (
        _sums(_orders, counted.kept) or _NO_ORDERS
    )
    overdue = sum(row["open_overdue"] for row in counted.overdue)
    return {
        "dispatched": dispatched,
        "resolved_on_time": on_time,
        "resolved_late": late,
        "taken_back": taken_back,
        "open_in_time": max(0, still_open - overdue),
        "open_overdue": overdue,
        "breached": breached,
    }


def _officers(
    excluded: list[Row], policy: Policy, *, shows_officers: bool
) -> list[OfficersExclusion]:
    """Count by reason, and for those who may know it by approver."""
    if not excluded:
        return []
    names = {one.key: one.name for one in policy.scoring.exclusions}
    counts: dict[tuple[str, str | None], int] = defaultdict(int)
    for row in excluded:
        counts[row["reason"], row["approved_by"] if shows_officers else None] += row["valid"]
    return [
        OfficersExclusion(reason=reason, name=names.get(reason), approved_by=who, count=count)
        for (reason, who), count in sorted(
            counts.items(), key=lambda item: (item[0][0], item[0][1] or "")
        )
    ]


def _standing(group: rate_bands.Group, found: rate_bands.Standing) -> StandingView:
    return {
        "unranked": found.unranked,
        "listed": group.listed,
        "rank": found.rank,
        "ranked": found.ranked,
        "expected": found.expected,
        "above": found.above,
        "adjusted": found.adjusted,
        "adjusted_interval": _interval(found.adjusted_interval),
        "band": found.band,
        "is_band_sure": found.is_band_sure,
    }


def _view(found: rates.Rate) -> RateView:
    return {
        "numerator": float(found.numerator),
        "denominator": found.denominator,
        "value": found.value,
        "interval": _interval(found.interval),
    }


def _interval(found: rates.Interval | None) -> IntervalView | None:
    return {"low": found.low, "high": found.high} if found else None
