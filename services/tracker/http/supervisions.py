"""`/v1/supervisions`: what somebody above must see to (督办), until it is closed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.runtime.keys import Principal, Role, require
from services.tracker.adapters.supervisions import SupervisionReading
from services.tracker.http.cursors import read_cursor, write_cursor

_READERS = require(Role.AGENCY, Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)


class OpenSupervision(BaseModel):
    """An open supervision, and the case it is about."""

    supervision_id: UUID
    complaint_id: UUID
    number: str
    title: str | None
    category: str | None
    district: str | None
    case_state: str
    because: str  #: breached, unsigned, unassigned, dissatisfied, urged, deferred or officer.
    level: int  #: Of the ladder.
    raised_to: str  #: The agency that must see to it.
    agency: str | None  #: The agency that is supervised; null where none has the case.
    order_id: UUID | None
    due_at: datetime | None  #: Of that order.
    opened_at: datetime


class SupervisionPage(BaseModel):
    """Some open supervisions, the longest open first; pass `next` as `cursor` for what follows."""

    items: list[OpenSupervision]
    next: str | None


def routes(reading: SupervisionReading) -> APIRouter:
    """Make the route over the table."""
    router = APIRouter(prefix="/v1/supervisions", tags=["supervisions"])

    @router.get("")
    async def list_supervisions(
        *,
        caller: Annotated[Principal, Depends(_READERS)],
        raised_to: Annotated[str | None, Query(description="Who must see to it.")] = None,
        agency: Annotated[str | None, Query(description="Who is supervised.")] = None,
        because: Annotated[str | None, Query(description="Such as `breached`.")] = None,
        cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> SupervisionPage:
        """Find open supervisions; an agency sees those raised to it and those about it."""
        asked = {
            "raised_to": raised_to,
            "agency": agency,
            "because": because,
            "concerns": (caller.agency or "") if caller.role is Role.AGENCY else None,
        }
        filters: dict[str, tuple[object, ...]]
        filters = {name: (value,) for name, value in asked.items() if value is not None}
        if cursor is not None:
            filters["after"] = read_cursor(cursor)
        rows = await reading.open_ones(filters, limit + 1)
        items = [OpenSupervision.model_validate(row) for row in rows[:limit]]
        following = None
        if len(rows) > limit:
            following = write_cursor(items[-1].opened_at, items[-1].supervision_id)
        return SupervisionPage(items=items, next=following)

    return router
