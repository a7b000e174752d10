"""`/v1/proactive-cases`: work ahead of complaints (主动治理), who does it and how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, problem_responses
from services.tracker.adapters.figures import Row
from services.tracker.adapters.proactive import ProactiveReading
from services.tracker.http.cursors import read_cursor, write_cursor
from services.tracker.http.views import HistoryLine

_MAY_READ = require(Role.AGENCY, Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
_Reader = Annotated[Principal, Depends(_MAY_READ)]


class ProactiveView(BaseModel):
    """A proactive case."""

    proactive_id: UUID
    state: str  #: open, closed or cancelled.
    title: str
    owner: str
    cause: str | None
    category: str | None
    district: str | None
    street: str | None
    plan: str
    planned_at: datetime
    complaints: list[UUID]
    opened_by: str  #: Label of a supervisor's key.
    opened_at: datetime
    overdue_at: datetime | None  #: When it was told that the planned date passed.
    ended_at: datetime | None
    is_on_time: bool | None
    bonus: int  #: Points for the owner, shown beside its score.


class LinkedCase(BaseModel):
    """A complaint that it is linked to; nulls where its case isn't open (yet)."""

    complaint_id: UUID
    number: str | None = None
    state: str | None = None
    category: str | None = None
    district: str | None = None
    street: str | None = None
    lead: str | None = None
    closed_as: str | None = None


class ProactiveDetail(ProactiveView):
    """A proactive case with all that was said; `detail.ignored` says why it didn't count."""

    linked: list[LinkedCase]
    history: list[HistoryLine]


class ProactivePage(BaseModel):
    """Some proactive cases, the newest first; pass `next` as `cursor` for what follows."""

    items: list[ProactiveView]
    next: str | None


def routes(reading: ProactiveReading) -> APIRouter:
    """Make the routes over the table."""
    router = APIRouter(
        prefix="/v1/proactive-cases",
        tags=["proactive"],
        responses=problem_responses(401, 403, 404, 422),
    )

    @router.get("")
    async def list_proactive(
        *,
        caller: _Reader,
        owner: Annotated[str | None, Query(max_length=100)] = None,
        state: Literal["open", "closed", "cancelled"] | None = None,
        cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> ProactivePage:
        """Find proactive cases, the newest first; an agency its own."""
        filters = _filters(_own(caller, owner), state, cursor)
        rows = await reading.latest(filters, limit + 1)
        items = [_view(row) for row in rows[:limit]]
        following = None
        if len(rows) > limit:
            following = write_cursor(items[-1].opened_at, items[-1].proactive_id)
        return ProactivePage(items=items, next=following)

    @router.get("/{proactive_id}")
    async def show_proactive(proactive_id: UUID, caller: _Reader) -> ProactiveDetail:
        """Show one proactive case: plan, linked complaints, and all that was said."""
        row = await reading.one(proactive_id)
        if row is None or (caller.role is Role.AGENCY and row["owner"] != caller.agency):
            raise Problem(
                404,
                "no-such-proactive-case",
                "There is no proactive case with this id that you may see. A new one may take a "
                "second to be known here.",
                headers={"Retry-After": "1"},
            )
        told = _view(row).model_dump()
        return ProactiveDetail(**told, linked=row["linked"], history=row["history"])

    return router


def _filters(
    owner: str | None, state: str | None, cursor: str | None
) -> dict[str, tuple[object, ...]]:
    """Say what is asked for, as the table's reader takes it."""
    filters: dict[str, tuple[object, ...]] = {}
    if owner is not None:
        filters["owner"] = (owner,)
    if state is not None:
        filters[state] = ()
    if cursor is not None:
        filters["after"] = read_cursor(cursor)
    return filters


def _own(caller: Principal, owner: str | None) -> str | None:
    """Keep an agency to what it owns.

    Raises:
        Problem: 403, it asks for another's.
    """
    if caller.role is not Role.AGENCY:
        return owner
    if owner not in (None, caller.agency):
        raise Problem(403, "not-your-cases", "An agency sees the proactive cases it owns.")
    return caller.agency or ""


def _view(row: Row) -> ProactiveView:
    content: dict[str, Any] = row["content"]
    told = {"title": content["title"], "plan": content["plan"]}
    return ProactiveView.model_validate({**row, **told})
