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
from services.policy import PolicyError
from services.router.adapters import RouteReader
from services.router.decide import Complaint, Explanation, Route, explain
from services.router.http.views import TraceView, show_trace
from services.runtime.keys import Role, require
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.problems import Problem

_MAY_READ = require(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)
_RULES_MAX = 50


class AttemptView(BaseModel):
    """One decision of the history."""

    number: int
    attempt: int
    outcome: str
    decided_at: datetime
    policy: str
    event_id: UUID | None  #: The event that led to it.
    operator: UUID | None  #: Id of the key with which a person decided.
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
    excluded: list[str]
    held_reason: str | None
    candidates: list[Candidate]
    explanation: str
    attempts: list[AttemptView]
    #: Why the rules said what they last said; None where their bundle can't be read any more.
    trace: TraceView | None


class Totals(BaseModel):
    """Every complaint once, by its current outcome; `routed + held + diverted = received`."""

    received: int
    routed: int
    held: int
    diverted: int
    decided_by: dict[str, int]  #: Of those not held: by `rule`, `fallback` or `operator`.
    first_outcomes: dict[str, int]  #: What the first decision was, whatever came later.


def routes(db: Database, policies: PolicyStore) -> APIRouter:
    """Make the routes."""
    api = APIRouter(dependencies=[Depends(_MAY_READ)])
    reader = RouteReader(db)

    @api.get("/v1/routes/{complaint_id}", tags=["routes"])
    async def read_route(complaint_id: UUID) -> RouteView:
        """Say where a complaint went and why, under which policy, with every attempt."""
        found = await reader.find(complaint_id)
        if found is None:
            raise unknown_complaint()
        route, history = found
        explained = await _explained(route, history, policies)
        return _show(complaint_id, route, history, explained)

    @api.get("/v1/totals", tags=["totals"])
    async def read_totals(
        origin: Annotated[str | None, Query(description="Such as `import:haikou`")] = None,
    ) -> Totals:
        """Count complaints for reconciliation, all or those of one origin."""
        return _count(await reader.totals(origin))

    return api


def unknown_complaint() -> Problem:
    """Say that the router hasn't heard of a complaint, or not yet."""
    return Problem(404, "unknown-complaint", "No complaint with this id has been received (yet).")


async def _explained(
    route: Route, history: list[asyncpg.Record], policies: PolicyStore
) -> TraceView | None:
    """Decide again what the rules last decided: same arguments, same trace."""
    by_rules = [row for row in history if row["operator"] is None]
    if not by_rules:
        return None
    last = by_rules[-1]
    try:
        policy = await policies.fetch(last["policy"])
    except (LookupError, PolicyError):
        return None
    explanation: Explanation = explain(
        Complaint.of(route.matter),
        policy,
        tuple(last["decision"].get("excluded", ())),
        last["attempt"],
    )
    return show_trace(explanation, policy, _RULES_MAX)


def _show(
    complaint_id: UUID,
    route: Route,
    history: list[asyncpg.Record],
    trace: TraceView | None,
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
        excluded=list(route.excluded),
        held_reason=route.held_reason,
        candidates=list(route.candidates),
        explanation=route.explanation,
        attempts=[AttemptView.model_validate(dict(row)) for row in history],
        trace=trace,
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
        decided_by={name: deciders[name] for name in ("rule", "fallback", "operator")},
        first_outcomes={name: first[name] for name in ("routed", "held", "diverted")},
    )
