"""Which period somebody asks about: an assessment month, or a span of local dates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from fastapi import Query

from services.runtime.problems import invalid_request
from services.tracker.decide.months import midnight, month_bounds, month_of

if TYPE_CHECKING:
    from datetime import datetime

    from services.policy import Policy

Month = Annotated[
    str | None,
    Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="Assessment month: `2026-11`."),
]
First = Annotated[date | None, Query(alias="from", description="First local date.")]
Last = Annotated[date | None, Query(alias="to", description="Last local date.")]

#: Before it there is nothing to count, and soon no instant in UTC either.
_YEAR_MIN = 1970


def read_period(
    month: str | None, first: date | None, last: date | None, policy: Policy, now: datetime
) -> tuple[datetime, datetime]:
    """Give the first instant of a period, and the first one after it.

    Args:
        month: Name of an assessment month; without any argument the present one is meant.
        first: Together with `last`, instead of a month.
        last: The last local date that counts.
        policy: Says on which day a month starts, and in which zone a day ends.
        now: The present instant.

    Raises:
        Problem: 422, naming what is wrong.
    """
    zone, starts_on = ZoneInfo(policy.city.time_zone), policy.scoring.month_starts_on
    if first is None and last is None:
        year, number = month_of(now, starts_on, zone)
        if month is not None:
            year, number = int(month[:4]), int(month[5:])
        try:
            return month_bounds(year, number, starts_on, zone)
        except (ValueError, OverflowError) as error:
            raise invalid_request([("month", "out of range")]) from error
    if month is not None or first is None or last is None:
        raise invalid_request([("month", "give either a month, or both `from` and `to`")])
    if first.year < _YEAR_MIN:
        raise invalid_request([("from", f"must not be before {_YEAR_MIN}")])
    if not first <= last < date.max:
        raise invalid_request([("to", "must not be before `from`")])
    return midnight(first, zone), midnight(last + timedelta(days=1), zone)
