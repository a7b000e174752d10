"""`/v1/causes`: why matters arise (根因), and the cases behind each number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.runtime.clock import Clock
from services.runtime.keys import Role, require
from services.runtime.policies import PolicyStore
from services.runtime.problems import problem_responses
from services.tracker.adapters.causes import CauseGroup, CauseReading
from services.tracker.http.cursors import read_cursor, write_cursor
from services.tracker.http.periods import First, Last, Month, read_period

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy import Policy

_READERS = require(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
_Code = Annotated[str | None, Query(max_length=100)]


class CauseRow(BaseModel):
    """How often something was the cause, or how often any cause was recorded of a group."""

    key: str | None  #: Null where the matter names none.
    name: str | None
    cases: int
    resolved: int  #: Resolutions; more than `cases` where some were reopened.
    valid: int  #: Verdicts that count.
    dissatisfied: int
    share_dissatisfied: float | None  #: Of the valid ones; null without any.


class CausesPage(BaseModel):
    """Counts of what was resolved in the period and has a cause, the most frequent first."""

    begins_at: datetime
    ends_at: datetime
    by: str
    rows: list[CauseRow]


class CausedCase(BaseModel):
    """One resolution with a cause."""

    complaint_id: UUID
    number: str
    title: str | None
    callback_id: UUID
    order_id: UUID
    cause: str
    category: str | None
    district: str | None
    agency: str  #: Who handled it.
    resolved_at: datetime
    state: str  #: Of the call-back.
    is_solved: bool | None
    satisfaction: str | None


class CausedCasesPage(BaseModel):
    """Some of them, the earliest resolved first; pass `next` as `cursor` for what follows."""

    items: list[CausedCase]
    next: str | None


@dataclass(frozen=True, slots=True)
class _Question:
    """A period, and which part of it."""

    month: Month = None
    first: First = None
    last: Last = None
    cause: _Code = None
    category: _Code = None
    district: _Code = None
    agency: Annotated[str | None, Query(max_length=100, description="Who handled it.")] = None

    def filters(self) -> dict[str, str]:
        """Give what is asked for beside the period."""
        names = ("cause", "category", "district", "agency")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def routes(reading: CauseReading, policies: PolicyStore, clock: Clock) -> APIRouter:
    """Make the routes over the tables; names are those of the policy in force."""
    router = APIRouter(
        prefix="/v1/causes",
        tags=["causes"],
        dependencies=[Depends(_READERS)],
        responses=problem_responses(401, 403, 422),
    )

    def period(question: _Question) -> tuple[datetime, datetime]:
        first, last = question.first, question.last
        return read_period(question.month, first, last, policies.current, clock.now())

    @router.get("")
    async def count_causes(
        question: Annotated[_Question, Depends()], by: CauseGroup = "cause"
    ) -> CausesPage:
        """Count what was resolved with a root cause; without dates, in the present month."""
        begins, ends = period(question)
        found = await reading.counts(begins, ends, by, question.filters())
        names = _names(by, policies.current)
        rows = [
            CauseRow(
                **row,
                name=getattr(names.get(row["key"] or ""), "name", None),
                share_dissatisfied=row["dissatisfied"] / row["valid"] if row["valid"] else None,
            )
            for row in found
        ]
        return CausesPage(begins_at=begins, ends_at=ends, by=by, rows=rows)

    @router.get("/cases")
    async def list_cases(
        question: Annotated[_Question, Depends()],
        cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> CausedCasesPage:
        """List the cases behind a count."""
        begins, ends = period(question)
        after = read_cursor(cursor) if cursor is not None else None
        rows = await reading.page(begins, ends, question.filters(), after, limit + 1)
        items = [CausedCase.model_validate(row) for row in rows[:limit]]
        following = None
        if len(rows) > limit:
            following = write_cursor(items[-1].resolved_at, items[-1].callback_id)
        return CausedCasesPage(items=items, next=following)

    return router


def _names(by: CauseGroup, policy: Policy) -> Mapping[str, object]:
    """Give the records that have a group's names."""
    return {
        "cause": policy.causes.causes,
        "category": policy.categories,
        "district": policy.divisions,
        "agency": policy.agencies,
    }[by]
