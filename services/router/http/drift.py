"""`/v1/drift`: does the model still fit the city?"""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.router.adapters import count_bands
from services.router.http.accuracy import First, Last, day_after
from services.runtime.keys import Role, require
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.problems import invalid_request

_MAY_READ = require(Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
#: Decisions are read one by one, unlike the counts of accuracy.
_DAYS_MAX = 31
#: Lower ends of the bands of confidence.
BANDS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)


class Band(BaseModel):
    """Complaints that a model dispatched, or was asked about and a person got, by confidence."""

    at_least: float
    held: int  #: A person decided, since the model wasn't sure enough.
    dispatched: int  #: The model decided.
    returned: int  #: Of these, given back (退单).
    return_rate: Annotated[float, Field(ge=0, le=1)] | None  #: None of none.


class Drift(BaseModel):
    """A span of days.

    A sure band whose returns rise above one minus its confidence says that the city has
    changed; a growing share held, that what people call about has.
    """

    asked: int
    held_share: Annotated[float, Field(ge=0, le=1)] | None  #: None where nothing was asked.
    bands: list[Band]


def routes(db: Database, policies: PolicyStore) -> APIRouter:
    """Make the route; days are the city's."""
    api = APIRouter(tags=["accuracy"], dependencies=[Depends(_MAY_READ)])

    @api.get("/v1/drift")
    async def show_drift(start: First, end: Last) -> Drift:
        """Give the share held and the return rate by confidence."""
        after = day_after(start, end)
        if (after - start).days > _DAYS_MAX:
            raise invalid_request([("to", f"a span has {_DAYS_MAX} days at the most")])
        zone = ZoneInfo(policies.current.city.time_zone)
        begins, ends = (datetime.combine(day, time(), zone) for day in (start, after))
        rows = {row["band"]: row for row in await count_bands(db, begins, ends, BANDS)}
        bands = []
        for number, least in enumerate(BANDS, 1):
            row = rows.get(number)
            held, dispatched, returned = row[1:] if row else (0, 0, 0)
            rate = returned / dispatched if dispatched else None
            bands.append(
                Band(
                    at_least=least,
                    held=held,
                    dispatched=dispatched,
                    returned=returned,
                    return_rate=rate,
                )
            )
        held_all = sum(band.held for band in bands)
        asked = held_all + sum(band.dispatched for band in bands)
        return Drift(asked=asked, held_share=held_all / asked if asked else None, bands=bands)

    return api
