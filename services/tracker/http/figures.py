"""`/v1/rates` (public), the call-backs behind it, and `/v1/totals`: how promises were kept."""

from __future__ import annotations

from asyncio import gather
from datetime import timedelta
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from services.runtime.clock import Clock
from services.runtime.keys import Principal, Role, admit, bearer_of, require
from services.runtime.policies import PolicyStore
from services.runtime.problems import Problem, invalid_request
from services.tracker.adapters.figures import FigureReading, Row
from services.tracker.adapters.proactive import ProactiveReading
from services.tracker.adapters.verdicts import VerdictReading
from services.tracker.http.cursors import read_cursor, write_cursor
from services.tracker.http.figure_questions import FigureQuestion, VerdictQuestion
from services.tracker.http.figure_views import (
    BandView,
    ExclusionView,
    RatesPage,
    Totals,
    VerdictPage,
    VerdictView,
)
from services.tracker.http.rate_rows import Counted, rate_rows

_READERS = (Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
_READ = require(*_READERS)
_LOOK_BEHIND = require(*_READERS, Role.AGENCY)


#: A period that anybody may ask for: its cost grows with what lies in it.
_PUBLIC_SPAN_MAX = timedelta(days=400)


async def _sees_officers(request: Request) -> bool:
    """Tell whether a caller may know who approved an exclusion; anybody may ask for the rates."""
    key = bearer_of(request.scope)
    caller = await admit(request.scope, key) if key else None
    return caller is not None and caller.role in _READERS


def routes(
    reading: FigureReading,
    verdicts: VerdictReading,
    proactive: ProactiveReading,
    policies: PolicyStore,
    clock: Clock,
) -> APIRouter:
    """Make the routes over the tables; rates weigh by the policy in force."""
    router = APIRouter(prefix="/v1", tags=["figures"])

    @router.get("/rates", response_model=RatesPage)
    async def show_rates(
        question: Annotated[FigureQuestion, Query()],
        shows_officers: Annotated[bool, Depends(_sees_officers)],
    ) -> Response:
        """Give the three rates and punctuality; without dates, of the present month."""
        policy, now = policies.current, clock.now()
        asked = question.asked(policy, now)
        if not shows_officers and asked.ends - asked.begins > _PUBLIC_SPAN_MAX:
            raise invalid_request([("to", f"without a key at most {_PUBLIC_SPAN_MAX.days} days")])
        by = question.by
        counted = Counted(
            *await gather(
                reading.verdicts(asked, by),
                reading.excluded(asked, by),
                reading.kept(asked, by),
                reading.overdue(asked, by, now),
                proactive.bonuses(asked) if by == "agency" else _nothing(),
            )
        )
        total, rows = rate_rows(counted, question, policy, shows_officers=shows_officers)
        scoring = policy.scoring
        page = RatesPage(
            begins_at=asked.begins,
            ends_at=asked.ends,
            by=question.by,
            policy=policy.hash,
            valid_min=scoring.valid_min,
            bands=[BandView(key=b.key, name=b.name, at_least=b.at_least) for b in scoring.bands],
            total=total,
            rows=rows,
        )
        # Written at once: checking hundreds of rows took longer than the database.
        return Response(orjson.dumps(page, option=orjson.OPT_UTC_Z), media_type="application/json")

    @router.get("/rates/cases")
    async def list_verdicts(
        question: Annotated[VerdictQuestion, Query()],
        caller: Annotated[Principal, Depends(_LOOK_BEHIND)],
    ) -> VerdictPage:
        """List the call-backs that a figure counts; an agency sees those it is scored for."""
        _keep_to_own(question, caller)
        policy = policies.current
        group, limit = None, question.limit
        if question.key is not None:
            keys = question.keys_of(question.key, policy) if question.key else None
            group = (question.by, keys)
        after = read_cursor(question.cursor) if question.cursor is not None else None
        asked = question.asked(policy, clock.now())
        rows = await verdicts.page(asked, group, question.verdict, after, limit + 1)
        shows_officers = caller.role is not Role.AGENCY
        items = [_verdict(row, shows_officers=shows_officers) for row in rows[:limit]]
        last = items[-1] if len(rows) > limit else None
        return VerdictPage(
            items=items, next=write_cursor(last.ended_at, last.callback_id) if last else None
        )

    @router.get("/totals", dependencies=[Depends(_READ)])
    async def show_totals() -> Totals:
        """Count cases, orders and call-backs by what became of them."""
        return Totals.model_validate(await reading.totals())

    return router


async def _nothing() -> list[Row]:
    """Places and kinds have no bonus."""
    return []


def _keep_to_own(question: VerdictQuestion, caller: Principal) -> None:
    """Keep an agency to the cases it is scored for."""
    if caller.role is not Role.AGENCY:
        return
    if caller.agency is None or question.agency not in (None, caller.agency):
        raise Problem(403, "not-your-cases", "An agency sees the cases it is scored for only.")
    question.agency = caller.agency


def _verdict(row: Row, *, shows_officers: bool) -> VerdictView:
    exclusion = None
    if row["excluded_because"] is not None:
        exclusion = ExclusionView(
            reason=row["excluded_because"],
            approved_by=row["excluded_by"] if shows_officers else None,
            excluded_at=row["excluded_at"],
            note=row["exclusion_note"] if shows_officers else None,
        )
    return VerdictView.model_validate({**row, "exclusion": exclusion})
