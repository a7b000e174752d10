"""`GET /v1/routes/{complaint_id}` and `GET /v1/totals`: what was decided, and how often."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.events import Candidate, Cluster
from services.router.adapters import Advisers, RouteReader
from services.router.adapters.marks import MarkReader
from services.router.decide import Route
from services.router.decide.marks import standing_at
from services.router.http.marks import MarkShown, show_mark
from services.router.http.tracing import Traced, last_by_rules, trace_of
from services.router.http.views import TraceView
from services.runtime.keys import Role, require
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.problems import Problem, invalid_request

_MAY_READ = require(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
_FIRST_OUTCOMES = ("routed", "held", "diverted", "answered")


class AttemptView(BaseModel):
    """One decision of the history."""

    number: int
    attempt: int
    outcome: str
    decided_at: datetime
    policy: str
    event_id: UUID | None  #: The event that led to it.
    operator: UUID | None  #: Id of the key with which a person decided.
    returned_by: str | None  #: The agency whose return (退单) led to it.
    return_reason: str | None
    suggests: str | None  #: Whose it is, that agency said.
    explanation: str
    decision: dict[str, Any]  #: As told on `complaints.routed`, without the matter.


class RouteView(BaseModel):
    """Where a complaint stands, and why."""

    complaint_id: UUID
    outcome: str
    attempt: int
    decided_by: str | None
    decided_at: datetime
    policy: str
    category: str | None
    lead: str | None
    repeat_of: UUID | None  #: What the same person may be repeating.
    repeat_score: float | None  #: How surely; None with `repeat_of`: for sure.
    cluster: Cluster | None  #: Other people's complaints about the same.
    #: With `repeat_of`: that its reporter stood marked for malicious calling; decided nothing.
    mark: MarkShown | None
    excluded: list[str]
    held_reason: str | None
    candidates: list[Candidate]
    explanation: str
    attempts: list[AttemptView]
    traced: Traced | None  #: Which of them `trace` explains.
    #: Why the rules said what they said; None where their bundle can't be read any more.
    trace: TraceView | None


_DECIDERS = ("rule", "fallback", "operator", "model")


class Totals(BaseModel):
    """Every complaint once, by its current outcome; what it became sums up to `received`."""

    received: int
    routed: int
    held: int
    diverted: int
    answered: int
    closed: int  #: Its case ended while it was held, so nobody need decide any more.
    decided_by: dict[str, int]  #: Of those not held, by who decided.
    first_outcomes: dict[str, int]  #: What the first decision was, whatever came later.


def routes(db: Database, policies: PolicyStore, advisers: Advisers) -> APIRouter:
    """Make the routes."""
    api = APIRouter(dependencies=[Depends(_MAY_READ)])
    reader, marks = RouteReader(db), MarkReader(db)

    @api.get("/v1/routes/{complaint_id}", tags=["routes"])
    async def read_route(
        complaint_id: UUID,
        decision: Annotated[
            int | None,
            Query(description="Number of the decision to explain; the last one by the rules."),
        ] = None,
        rules_max: Annotated[int, Query(ge=0, le=10_000, description="Rules to tell of.")] = 50,
    ) -> RouteView:
        """Say where a complaint went and why, under which policy, with every attempt."""
        found = await reader.find(complaint_id)
        if found is None:
            raise unknown_complaint()
        route, history = found
        decided = last_by_rules(history) if decision is None else _by_rules(history, decision)
        explained = None
        if decided is not None:
            explained = await trace_of(route, decided, policies, advisers, rules_max)
        shown = _show(complaint_id, route, history, explained)
        return shown.model_copy(update={"mark": await _mark_of(route, marks)})

    @api.get("/v1/totals", tags=["totals"])
    async def read_totals(
        origin: Annotated[str | None, Query(description="Such as `import:haikou`")] = None,
    ) -> Totals:
        """Count complaints for reconciliation, all or those of one origin."""
        return _count(await reader.totals(origin))

    return api


async def _mark_of(route: Route, marks: MarkReader) -> MarkShown | None:
    token, at = route.matter.reporter, route.decided_at
    if token is None or route.matter.repeat_of is None:
        return None
    return show_mark(standing_at((await marks.of([token], at))[token], at))


def unknown_complaint() -> Problem:
    """Say that the router hasn't heard of a complaint, or not yet."""
    return Problem(404, "unknown-complaint", "No complaint with this id has been received (yet).")


def _by_rules(history: list[asyncpg.Record], number: int) -> asyncpg.Record:
    """Give the decision of a number.

    Raises:
        Problem: 422, if there is none, or if a person made it for reasons of their own.
    """
    row = next((row for row in history if row["number"] == number), None)
    if row is None:
        raise invalid_request([("decision", f"there are {len(history)} decisions")])
    if row["operator"] is not None:
        raise invalid_request([("decision", "a person decided; their reason is its explanation")])
    return row


def _show(
    complaint_id: UUID,
    route: Route,
    history: list[asyncpg.Record],
    explained: tuple[Traced, TraceView] | None,
) -> RouteView:
    return RouteView(
        complaint_id=complaint_id,
        outcome=route.outcome,
        attempt=route.attempt,
        decided_by=route.decided_by,
        decided_at=route.decided_at,
        policy=route.policy,
        category=route.category,
        lead=route.lead,
        repeat_of=route.matter.repeat_of,
        repeat_score=route.matter.repeat_score,
        cluster=route.matter.cluster,
        mark=None,
        excluded=list(route.excluded),
        held_reason=route.held_reason,
        candidates=list(route.candidates),
        explanation=route.explanation,
        attempts=[AttemptView.model_validate(dict(row)) for row in history],
        traced=explained[0] if explained else None,
        trace=explained[1] if explained else None,
    )


def _count(rows: list[asyncpg.Record]) -> Totals:
    outcomes: Counter[str] = Counter()
    first: Counter[str] = Counter()
    deciders: Counter[str] = Counter()
    for row in rows:
        outcomes[row["outcome"]] += row["complaints"]
        first[row["first_outcome"]] += row["complaints"]
        if row["decided_by"] is not None:
            deciders[row["decided_by"]] += row["complaints"]
    return Totals(
        received=outcomes.total(),
        routed=outcomes["routed"],
        held=outcomes["held"],
        diverted=outcomes["diverted"],
        answered=outcomes["answered"],
        closed=outcomes["closed"],
        decided_by={name: deciders[name] for name in _DECIDERS},
        first_outcomes={name: first[name] for name in _FIRST_OUTCOMES},
    )
