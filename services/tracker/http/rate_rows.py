"""From what was counted to the rows that are answered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

from services.tracker.decide import rate_bands, rates
from services.tracker.http.figure_views import (
    BonusView,
    Exclusions,
    IntervalView,
    OfficersExclusion,
    OnTimeView,
    RatesRow,
    RateView,
    StandingView,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from services.policy import Policy
    from services.tracker.adapters.figures import Row
    from services.tracker.http.figure_questions import FigureQuestion

_COUNTS = tuple(field.name for field in fields(rates.Verdicts))
_PLEASING = ("valid", "contacted", "solved", "satisfied", "basically")
_KEPT = ("dispatched", "resolved_on_time", "resolved_late", "taken_back", "open", "breached")


class Counted(NamedTuple):
    """What the tables say, by group; see `adapters.figures`."""

    verdicts: list[Row]
    excluded: list[Row]
    kept: list[Row]
    overdue: list[Row]
    bonuses: list[Row]  #: Of agencies; see `adapters.proactive`.


class _Part(NamedTuple):
    """What one row is made of."""

    verdicts: rates.Verdicts
    excluded: list[Row]
    orders: Mapping[str, int]


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

    def group(row: Row) -> str | None:
        return question.group_of(row["key"], policy)

    verdicts: dict[str | None, rates.Verdicts] = defaultdict(rates.Verdicts)
    for row in counted.verdicts:
        verdicts[group(row)] += rates.Verdicts(*(row[name] for name in _COUNTS))
    excluded: dict[str | None, list[Row]] = defaultdict(list)
    for row in counted.excluded:
        excluded[group(row)].append(row)
    orders: dict[str | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in (*counted.kept, *counted.overdue):
        for name in (*_KEPT, "open_overdue"):
            orders[group(row)][name] += row.get(name, 0)
    bonuses = {row["key"]: _bonus(row, policy) for row in counted.bonuses}
    keys = sorted(
        {*verdicts, *excluded, *orders, *bonuses}, key=lambda key: (key is None, key or "")
    )
    parts = {key: _Part(verdicts[key], excluded[key], orders[key]) for key in keys}
    standings = _standings(keys, parts, counted.verdicts, question, policy)
    rows = [
        _row(part, policy, shows_officers=shows_officers).model_copy(
            update={
                "key": key,
                "name": _name(question.by, key, policy),
                "standing": standings.get(key),
                "bonus": bonuses.get(key, _no_bonus(question)),
            }
        )
        for key, part in parts.items()
    ]
    total = _row(_sum(parts.values()), policy, shows_officers=shows_officers)
    return total.model_copy(update={"bonus": _all(bonuses.values(), question)}), rows


def _bonus(row: Row, policy: Policy) -> BonusView:
    rules = policy.causes.bonus
    points = min(row["granted"], rules.points_max) if rules else 0
    return BonusView(points=points, granted=row["granted"], cases=row["cases"])


def _no_bonus(question: FigureQuestion) -> BonusView | None:
    return BonusView(points=0, granted=0, cases=0) if question.by == "agency" else None


def _all(bonuses: Collection[BonusView], question: FigureQuestion) -> BonusView | None:
    """Add up; places and kinds have none."""
    if question.by != "agency":
        return None
    return BonusView(
        points=sum(one.points for one in bonuses),
        granted=sum(one.granted for one in bonuses),
        cases=sum(one.cases for one in bonuses),
    )


def _sum(parts: Iterable[_Part]) -> _Part:
    held = list(parts)
    names = (*_KEPT, "open_overdue")
    return _Part(
        sum((part.verdicts for part in held), rates.Verdicts()),
        [row for part in held for row in part.excluded],
        {name: sum(part.orders[name] for part in held) for name in names},
    )


def _standings(
    keys: list[str | None],
    parts: Mapping[str | None, _Part],
    counted: list[Row],
    question: FigureQuestion,
    policy: Policy,
) -> dict[str | None, StandingView]:
    """Compare agencies and places; a kind of matter is neither good nor bad at anything."""
    if question.by == "category":
        return {}
    expected = {row["key"]: _expected(row) for row in counted}
    groups = [
        rate_bands.Group(
            key, _list_of(question.by, key, policy), parts[key].verdicts, expected.get(key)
        )
        for key in keys
    ]
    names = (f"city_{name}" for name in _COUNTS)
    city = rates.Verdicts(*(counted[0][name] for name in names)) if counted else rates.Verdicts()
    found = rate_bands.place(groups, city, policy.scoring)
    return {group.key: _standing(group, one) for group, one in zip(groups, found, strict=True)}


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
    """Say everything about a part but what it is called and how it compares."""
    verdicts, orders = part.verdicts, part.orders
    found = rates.rate(verdicts, policy.scoring)
    left_out = (rates.Verdicts(*(row[name] for name in _PLEASING)) for row in part.excluded)
    before = rates.rate(sum(left_out, verdicts), policy.scoring)
    overdue = orders["open_overdue"]
    return RatesRow(
        key=None,
        name=None,
        response=_view(found.response),
        resolution=_view(found.resolution),
        satisfaction=_view(found.satisfaction),
        score=found.score,
        score_interval=_interval(found.score_interval),
        score_before_exclusions=before.score,
        exclusions=Exclusions(
            no_contact=verdicts.no_contact,
            no_answer=verdicts.no_answer,
            not_asked=verdicts.not_asked,
            withdrawn=verdicts.withdrawn,
            officers=_officers(part.excluded, policy, shows_officers=shows_officers),
        ),
        standing=None,
        on_time=_view(
            rates.punctuality(orders["resolved_on_time"], orders["resolved_late"], overdue)
        ),
        orders=OnTimeView(
            dispatched=orders["dispatched"],
            resolved_on_time=orders["resolved_on_time"],
            resolved_late=orders["resolved_late"],
            taken_back=orders["taken_back"],
            open_in_time=max(0, orders["open"] - overdue),
            open_overdue=overdue,
            breached=orders["breached"],
        ),
        bonus=None,
    )


def _officers(
    excluded: list[Row], policy: Policy, *, shows_officers: bool
) -> list[OfficersExclusion]:
    """Count by reason, and for those who may know it by approver."""
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
    return StandingView(
        unranked=found.unranked,
        listed=group.listed,
        rank=found.rank,
        ranked=found.ranked,
        expected=found.expected,
        above=found.above,
        adjusted=found.adjusted,
        adjusted_interval=_interval(found.adjusted_interval),
        band=found.band,
        is_band_sure=found.is_band_sure,
    )


def _view(found: rates.Rate) -> RateView:
    return RateView(
        numerator=found.numerator,
        denominator=found.denominator,
        value=found.value,
        interval=_interval(found.interval),
    )


def _interval(found: rates.Interval | None) -> IntervalView | None:
    return IntervalView(low=found.low, high=found.high) if found else None
