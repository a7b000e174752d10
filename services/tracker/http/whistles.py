"""`/v1/whistles`: who was called, who came, and what both sides say of each other.

Whether a whistle stands is told by the router, under the same path there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, problem_responses
from services.tracker.adapters.whistle_reading import Row, WhistleReading
from services.tracker.http.views import HistoryLine, Step

_MAY_READ = require(Role.AGENCY, Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
_Reader = Annotated[Principal, Depends(_MAY_READ)]
_Code = Annotated[str | None, Query(max_length=100)]
#: After everything: a page begins with what is older.
_END = UUID(int=2**128 - 1)


class JudgementView(BaseModel):
    """What one side says of the other."""

    grade: str  #: good, acceptable or poor.
    note: str | None
    judged_at: datetime


class SummonsView(BaseModel):
    """What one body has to do, until when, and what it did; null where it hasn't (yet)."""

    agency: str
    state: str  #: See docs/lifecycle.md.
    sign_due_at: datetime
    signed_at: datetime | None
    sign_missed_at: datetime | None  #: When it was told that it was late.
    contact_due_at: datetime
    contacted_at: datetime | None
    contact_missed_at: datetime | None
    arrive_due_at: datetime
    arrived_at: datetime | None
    arrive_missed_at: datetime | None
    timeline: list[Step]  #: Adds up to `arrive_due_at`.
    left_at: datetime | None
    result: str | None
    verdict: JudgementView | None  #: The street's, on this body.
    opinion: JudgementView | None  #: This body's, on whether the whistle was called for.


class WhistleView(BaseModel):
    """A whistle that stands."""

    whistle_id: UUID
    state: str  #: open or closed.
    kind: str
    raised_by: str
    title: str | None
    text: str
    complaints: list[UUID]
    repeats: int  #: Earlier whistles about the same first complaint.
    copies: list[str]
    policy: str  #: Hash of the bundle its clocks are under.
    blown_at: datetime
    lapses_at: datetime
    closed_at: datetime | None
    closed_because: str | None  #: `street`, or `lapsed`: nobody closed it in time.
    judged_until: datetime | None  #: So long both sides may still judge.
    result: str | None
    summons: list[SummonsView]


class WhistleDetail(WhistleView):
    """A whistle with all that was said about it; `detail.ignored` says why it didn't count."""

    history: list[HistoryLine]


class WhistlePage(BaseModel):
    """Whistles, the newest first."""

    items: list[WhistleView]
    next: str | None  #: Give it as `cursor` for the next page; null on the last.


def routes(reading: WhistleReading) -> APIRouter:
    """Make the routes over the tables."""
    router = APIRouter(
        prefix="/v1/whistles", tags=["whistles"], responses=problem_responses(401, 403, 404, 422)
    )

    @router.get("")
    async def list_whistles(
        *,
        caller: _Reader,
        state: Literal["open", "closed"] | None = None,
        raised_by: Annotated[_Code, Query(description="The street's code.")] = None,
        target: Annotated[_Code, Query(description="A body that is called.")] = None,
        cursor: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> WhistlePage:
        """Find whistles, the newest first; an agency those it raised or is called to."""
        sides = _sides(caller, raised_by, target)
        rows = await reading.latest(cursor or _END, limit + 1, state=state, **sides)
        items = [_show(row) for row in rows[:limit]]
        following = str(items[-1].whistle_id) if len(rows) > limit else None
        return WhistlePage(items=items, next=following)

    @router.get("/{whistle_id}")
    async def show_whistle(whistle_id: UUID, caller: _Reader) -> WhistleDetail:
        """Show one whistle: clocks, who came and left, judgements, and all that was said."""
        row = await reading.one(whistle_id)
        if row is None or not _has_part(caller, row):
            raise Problem(
                404,
                "no-such-whistle",
                "There is no whistle with this id that you raised or are called to. A new one "
                "may take a second to be known here.",
                headers={"Retry-After": "1"},
            )
        return WhistleDetail(**_show(row).model_dump(), history=row["history"])

    return router


def _sides(caller: Principal, raised_by: str | None, target: str | None) -> dict[str, str | None]:
    """Say whose whistles are asked for; an agency's are those that it has a part in.

    Raises:
        Problem: 403, an agency asks for others' alone.
    """
    sides = {"raised_by": raised_by, "target": target}
    if caller.role is not Role.AGENCY or caller.agency in (raised_by, target):
        return sides
    if raised_by is not None and target is not None:
        raise Problem(
            403, "not-your-whistles", "An agency sees whistles that it raised or is called to."
        )
    if raised_by is not None:
        return {**sides, "target": caller.agency or ""}
    if target is not None:
        return {**sides, "raised_by": caller.agency or ""}
    return {"party": caller.agency or ""}


def _has_part(caller: Principal, row: Row) -> bool:
    parties = {row["raised_by"], *(call["agency"] for call in row["summons"])}
    return caller.role is not Role.AGENCY or caller.agency in parties


def _show(row: Row) -> WhistleView:
    content: dict[str, Any] = row["content"]
    told = {
        "title": content.get("title"),
        "text": content["text"],
        "complaints": content.get("complaints", []),
        "repeats": row["number"] - 1,
    }
    return WhistleView.model_validate({**row, **told})
