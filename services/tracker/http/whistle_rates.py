"""`/v1/whistle-rates`: how often streets whistle (吹哨率), and how departments report in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.runtime.clock import Clock
from services.runtime.keys import Principal, Role, require
from services.runtime.policies import PolicyStore
from services.runtime.problems import problem_responses
from services.tracker.adapters.whistle_reading import Row, WhistleReading
from services.tracker.decide.rates import Rate
from services.tracker.decide.whistle_rates import Flag, flag, per_1000, punctual
from services.tracker.http.periods import First, Last, Month, read_period

if TYPE_CHECKING:
    from services.policy import Policy

_MAY_READ = require(Role.AGENCY, Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)


class ShareView(BaseModel):
    """A share and what it was computed from; `value` is null without a denominator."""

    numerator: int
    denominator: int
    value: float | None


class Grades(BaseModel):
    """Judgements of one side on the other, counted."""

    good: int
    acceptable: int
    poor: int


class StreetRow(BaseModel):
    """A street's whistles that were blown in the period."""

    agency: str
    whistles: int
    orders: int  #: That it led, dispatched in the period.
    per_1000_orders: float | None  #: Null where it led none.
    flag: Flag | None  #: `too-low` or `too-high`; null also where nobody can say.
    repeats: int  #: Whistles about a complaint that had been whistled before.
    no_shows: int  #: Bodies it called that should have come and never did.
    opinions: Grades  #: Of the bodies it called: was the whistle called for?


class DepartmentRow(BaseModel):
    """How a body reported in that was called in the period.

    Each share counts those whose instant is decided: kept, or passed.
    """

    agency: str
    summoned: int
    signed_on_time: ShareView
    contacted_on_time: ShareView
    arrived_on_time: ShareView
    no_shows: int  #: It should have come, and never did.
    left_early: int  #: It went before the whistle was closed.
    verdicts: Grades  #: Of the streets that called it.


class WhistleRatesPage(BaseModel):
    """Whistles that were blown in a period, whatever became of them since."""

    begins_at: datetime
    ends_at: datetime
    policy: str
    low_per_1000: int | None  #: The policy's limits; null where it has none.
    high_per_1000: int | None
    streets: list[StreetRow]
    departments: list[DepartmentRow]


def routes(reading: WhistleReading, policies: PolicyStore, clock: Clock) -> APIRouter:
    """Make the route over the tables; flags are by the policy in force."""
    router = APIRouter(prefix="/v1", tags=["whistles"], responses=problem_responses(401, 403, 422))

    @router.get("/whistle-rates")
    async def show_rates(
        caller: Annotated[Principal, Depends(_MAY_READ)],
        month: Month = None,
        first: First = None,
        last: Last = None,
    ) -> WhistleRatesPage:
        """Count a period's whistles; an agency sees its own rows. No dates: the present month."""
        policy = policies.current
        begins, ends = read_period(month, first, last, policy, clock.now())
        found = await reading.figures(begins, ends)
        limits = policy.whistles.rate if policy.whistles else None
        own = caller.agency or "" if caller.role is Role.AGENCY else None
        return WhistleRatesPage(
            begins_at=begins,
            ends_at=ends,
            policy=policy.hash,
            low_per_1000=limits.low_per_1000 if limits else None,
            high_per_1000=limits.high_per_1000 if limits else None,
            streets=[
                _street(agency, found, policy)
                for agency in _streets(found, policy)
                if own in (None, agency)
            ],
            departments=[
                _department(row)
                for agency, row in sorted(found["calls"].items())
                if own in (None, agency)
            ],
        )

    return router


def _streets(found: dict[str, dict[str, Row]], policy: Policy) -> list[str]:
    """Everybody who may whistle, also who never does, and whoever did."""
    raisers = policy.whistles.raisers if policy.whistles else frozenset()
    able = {code for code, agency in policy.agencies.items() if agency.kind in raisers}
    return sorted(able | found["streets"].keys())


def _street(agency: str, found: dict[str, dict[str, Row]], policy: Policy) -> StreetRow:
    blown = found["streets"].get(agency, {"whistles": 0, "repeats": 0})
    orders = found["led"].get(agency, {"orders": 0})["orders"]
    met = found["met"].get(agency, {})
    limits = policy.whistles.rate if policy.whistles else None
    return StreetRow(
        agency=agency,
        whistles=blown["whistles"],
        orders=orders,
        per_1000_orders=per_1000(blown["whistles"], orders),
        flag=flag(blown["whistles"], orders, limits),
        repeats=blown["repeats"],
        no_shows=met.get("arrive_undone", 0),
        opinions=_grades(met),
    )


def _department(row: Row) -> DepartmentRow:
    return DepartmentRow(
        agency=row["agency"],
        summoned=row["summoned"],
        signed_on_time=_share(row, "sign"),
        contacted_on_time=_share(row, "contact"),
        arrived_on_time=_share(row, "arrive"),
        no_shows=row["arrive_undone"],
        left_early=row["left_early"],
        verdicts=_grades(row),
    )


def _grades(row: Row) -> Grades:
    return Grades(**{name: row.get(name, 0) for name in Grades.model_fields})


def _share(row: Row, clock: str) -> ShareView:
    found: Rate = punctual(*(row[f"{clock}_{what}"] for what in ("done", "late", "undone")))
    return ShareView(
        numerator=int(found.numerator), denominator=found.denominator, value=found.value
    )
