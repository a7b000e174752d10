"""`GET /v1/routes`: past complaints page by page, to be routed again by another policy.

`whistle policy what-if` reads them here and decides by itself, so that asking what would have
been costs the router one indexed page at a time. Matters are as in events: masked at the door.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel

from services.events import Matter
from services.router.adapters import PastReader
from services.router.http.cursors import BEGINNING, read_cursor, write_cursor
from services.runtime.keys import Role, require
from services.runtime.postgres import Database
from services.runtime.problems import invalid_request

#: Whoever may judge a policy by every complaint; an operator sees one at a time.
_MAY_READ = require(Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
_NOBODY = BEGINNING[1]


class StandsNow(BaseModel):
    """What has become of a complaint since."""

    outcome: str
    attempt: int  #: 1 while its first dispatch stands or nobody has it.
    lead: str | None
    decided_by: str | None


class PastComplaint(BaseModel):
    """A complaint as it came in, and what was decided at first."""

    complaint_id: UUID
    decided_at: datetime  #: When it was first decided.
    policy: str  #: Hash of the bundle that decided.
    outcome: str
    decision: dict[str, Any]  #: As told on `complaints.routed`, without the matter.
    matter: Matter  #: As received.
    now: StandsNow


class PastPage(BaseModel):
    """Past complaints in the order of their first decision."""

    items: list[PastComplaint]
    next: str | None  #: Give it as `after` for the next page; None on the last.


def routes(db: Database) -> APIRouter:
    """Make the route."""
    api = APIRouter(tags=["routes"], dependencies=[Depends(_MAY_READ)])
    reader = PastReader(db)

    @api.get("/v1/routes")
    async def list_past(
        start: Annotated[AwareDatetime, Query(alias="from", description="First instant.")],
        end: Annotated[AwareDatetime, Query(alias="to", description="Instant after the last.")],
        after: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 200,
    ) -> PastPage:
        """List complaints that were first decided in a span of time, with their matter."""
        if start >= end:
            raise invalid_request([("to", "must be after `from`")])
        begin = (_in_utc(start, "from"), _NOBODY)
        begin = max(begin, read_cursor(after)) if after else begin
        found = await reader.page(begin, _in_utc(end, "to"), limit + 1)
        shown, has_more = found[:limit], len(found) > limit
        last = shown[-1] if has_more else None
        return PastPage(
            items=[_show(row) for row in shown],
            next=write_cursor(last["decided_at"], last["complaint_id"]) if last else None,
        )

    return api


def _in_utc(instant: datetime, field: str) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise invalid_request([(field, "lies outside of all years")]) from error


def _show(row: asyncpg.Record) -> PastComplaint:
    return PastComplaint(
        complaint_id=row["complaint_id"],
        decided_at=row["decided_at"],
        policy=row["policy"],
        outcome=row["first_outcome"],
        decision=row["decision"],
        matter=Matter.model_validate(row["matter"], extra="ignore"),
        now=StandsNow.model_validate({name: row[name] for name in StandsNow.model_fields}),
    )
