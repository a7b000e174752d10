"""`/v1/cases`: search, and one case with its orders, clocks and history."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.runtime.keys import Role, require
from services.runtime.problems import Problem
from services.tracker.adapters.reading import CaseReading, Row
from services.tracker.decide.case import CaseState
from services.tracker.http.views import CaseDetail, CasePage, CaseSummary

_MATTER_FIELDS = ("text", "nature", "urgency", "channel", "language", "received_at")
_MATTER_DEFAULTS = {"nature": "unknown", "urgency": "normal", "language": "zh"}


def routes(reading: CaseReading) -> APIRouter:
    """Make the routes over the tables."""
    readers = require(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
    router = APIRouter(prefix="/v1/cases", tags=["cases"], dependencies=[Depends(readers)])

    @router.get("")
    async def list_cases(
        *,
        state: CaseState | None = None,
        agency: Annotated[str | None, Query(description="The lead agency's code.")] = None,
        district: str | None = None,
        category: str | None = None,
        number: Annotated[str | None, Query(description="As the citizen quotes it.")] = None,
        cursor: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> CasePage:
        """Find cases, newest first."""
        asked = {
            "state": state,
            "agency": agency,
            "district": district,
            "category": category,
            "number": number,
            "before": cursor,
        }
        filters = {name: value for name, value in asked.items() if value is not None}
        rows = await reading.cases(filters, limit + 1)
        items = [CaseSummary.model_validate(row) for row in rows[:limit]]
        following = str(items[-1].complaint_id) if len(rows) > limit else None
        return CasePage(items=items, next=following)

    @router.get("/{complaint_id}")
    async def show_case(complaint_id: UUID) -> CaseDetail:
        """Show one case: orders, why each is due when it is, call-backs, and all that was said."""
        row = await reading.case(complaint_id)
        if row is None:
            raise Problem(404, "no-such-case", "There is no case of this complaint.")
        return _detail(row)

    return router


def _detail(row: Row) -> CaseDetail:
    """Take from the matter what may be shown; the reporter's token may not."""
    matter = {**_MATTER_DEFAULTS, **row.pop("matter")}
    return CaseDetail.model_validate({**row, **{name: matter[name] for name in _MATTER_FIELDS}})
