"""`/v1/rates` (public) and `/v1/totals`: how promises were kept."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query

from services.policy import Policy, Scoring
from services.runtime.clock import Clock
from services.runtime.keys import Role, require
from services.runtime.policies import PolicyStore
from services.runtime.problems import invalid_request
from services.tracker.adapters.reading import CaseReading, GroupBy, Row
from services.tracker.decide import rates
from services.tracker.http.views import (
    Exclusions,
    OnTimeView,
    RatesPage,
    RatesRow,
    RateView,
    Totals,
)

_READERS = require(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
#: Before it there is nothing to count, and soon no instant in UTC either.
_YEAR_MIN = 1970
_COUNTS = tuple(field.name for field in fields(rates.Verdicts))
_ORDER_COUNTS = tuple(OnTimeView.model_fields)


def routes(reading: CaseReading, policies: PolicyStore, clock: Clock) -> APIRouter:
    """Make the routes over the tables; rates weigh by the policy in force."""
    router = APIRouter(prefix="/v1", tags=["figures"])

    @router.get("/rates")
    async def show_rates(
        by: GroupBy = "agency",
        month: Annotated[
            str | None,
            Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="Assessment month: `2026-11`."),
        ] = None,
        first: Annotated[date | None, Query(alias="from", description="First local date.")] = None,
        last: Annotated[date | None, Query(alias="to", description="Last local date.")] = None,
    ) -> RatesPage:
        """Give the three rates and punctuality; without dates, of the present month."""
        policy, now = policies.current, clock.now()
        begins, ends = _period(month, first, last, policy, now)
        verdicts = await reading.verdicts(begins, ends, by)
        orders = await reading.on_time(begins, ends, now, by)
        total, rows = _rows(verdicts, orders, policy.scoring)
        return RatesPage(
            begins_at=begins, ends_at=ends, by=by, policy=policy.hash, total=total, rows=rows
        )

    @router.get("/totals", dependencies=[Depends(_READERS)])
    async def show_totals() -> Totals:
        """Count cases, orders and call-backs by what became of them."""
        return Totals.model_validate(await reading.totals())

    return router


def _period(
    month: str | None, first: date | None, last: date | None, policy: Policy, now: datetime
) -> tuple[datetime, datetime]:
    zone, starts_on = ZoneInfo(policy.city.time_zone), policy.scoring.month_starts_on
    if first is None and last is None:
        year, number = rates.month_of(now, starts_on, zone)
        if month is not None:
            year, number = int(month[:4]), int(month[5:])
        try:
            return rates.month_bounds(year, number, starts_on, zone)
        except (ValueError, OverflowError) as error:
            raise invalid_request([("month", "out of range")]) from error
    if month is not None or first is None or last is None:
        raise invalid_request([("month", "give either a month, or both `from` and `to`")])
    if first.year < _YEAR_MIN:
        raise invalid_request([("from", f"must not be before {_YEAR_MIN}")])
    if not first <= last < date.max:
        raise invalid_request([("to", "must not be before `from`")])
    return rates.midnight(first, zone), rates.midnight(last + timedelta(days=1), zone)


def _rows(
    verdicts: list[Row], orders: list[Row], scoring: Scoring
) -> tuple[RatesRow, list[RatesRow]]:
    """Join both counts by key, and sum them for the total."""
    counted = {row["key"]: rates.Verdicts(*(row[name] for name in _COUNTS)) for row in verdicts}
    kept = {row["key"]: {name: row[name] for name in _ORDER_COUNTS} for row in orders}
    nothing = dict.fromkeys(_ORDER_COUNTS, 0)
    keys = sorted({*counted, *kept}, key=lambda key: (key is None, key or ""))
    rows = [
        _row(key, counted.get(key, rates.Verdicts()), kept.get(key, nothing), scoring)
        for key in keys
    ]
    everything = sum(counted.values(), rates.Verdicts())
    summed = {name: sum(one[name] for one in kept.values()) for name in _ORDER_COUNTS}
    return _row(None, everything, summed, scoring), rows


def _row(
    key: str | None, verdicts: rates.Verdicts, orders: dict[str, int], scoring: Scoring
) -> RatesRow:
    found = rates.rate(verdicts, scoring)
    return RatesRow(
        key=key,
        response=_view(found.response),
        resolution=_view(found.resolution),
        satisfaction=_view(found.satisfaction),
        score=found.score,
        exclusions=Exclusions(
            no_contact=verdicts.no_contact,
            no_answer=verdicts.no_answer,
            withdrawn=verdicts.withdrawn,
        ),
        orders=OnTimeView.model_validate(orders),
    )


def _view(found: rates.Rate) -> RateView:
    return RateView(numerator=found.numerator, denominator=found.denominator, value=found.value)
