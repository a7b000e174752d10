"""`/v1/triage`: what waits for a person, and what the person decides."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.events import Candidate, Cluster, Diversion, Place
from services.router.adapters import RouteReader
from services.router.decide import (
    AlreadyDecided,
    Designation,
    NotReceived,
    Refusal,
    Route,
    faults_of,
    settle,
)
from services.router.handle import Router
from services.router.http.reading import unknown_complaint
from services.runtime.keys import Principal, Role, require
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.problems import Problem, invalid_request
from services.runtime.stage import perform
from services.runtime.step import Step

_MAY_DECIDE = require(Role.OPERATOR, Role.SUPERVISOR)
_BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))

_Outcome = Step[Route] | AlreadyDecided | NotReceived
_Code = Annotated[str, Field(min_length=1, max_length=100)]
_Sentence = Annotated[str, Field(min_length=1, max_length=2000)]


class Waiting(BaseModel):
    """A held complaint."""

    complaint_id: UUID
    number: str
    received_at: datetime
    held_at: datetime
    reason: str
    attempt: int
    title: str | None
    text: str
    category: str | None
    nature: str
    urgency: str
    place: Place
    repeat_of: UUID | None  #: What the same person may be repeating.
    repeat_score: float | None  #: How surely, 0 to 1.
    cluster: Cluster | None  #: Other people's complaints about the same.
    candidates: list[Candidate]
    excluded: list[str]  #: Agencies that returned it.
    explanation: str


class Page(BaseModel):
    """Held complaints, those that have waited longest first."""

    items: list[Waiting]
    next: str | None  #: Give it as `after` for the next page; None on the last.


class Decision(BaseModel):
    """A lead (with assists and standard) or a diversion (with the reply), and the reason."""

    model_config = ConfigDict(extra="forbid")

    reason: _Sentence  #: For the record, and for the agency.
    lead: _Code | None = None
    assists: Annotated[list[_Code], Field(max_length=20)] = []
    standard: _Code | None = None
    diversion: Diversion | None = None
    target: Annotated[str, Field(max_length=200)] | None = None
    reply: _Sentence | None = None  #: What the citizen is told.


class Settled(BaseModel):
    """What has become of it."""

    complaint_id: UUID
    outcome: str
    attempt: int
    lead: str | None
    policy: str


def routes(db: Database, router: Router, policies: PolicyStore) -> APIRouter:
    """Make the routes."""
    api = APIRouter(tags=["triage"])
    reader = RouteReader(db)

    @api.get("/v1/triage", dependencies=[Depends(_MAY_DECIDE)])
    async def list_held(
        after: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Page:
        """List what waits for a person, with candidates and the reason."""
        found = await reader.held(_read_cursor(after) if after else _BEGINNING, limit + 1)
        shown, has_more = found[:limit], len(found) > limit
        return Page(
            items=[_show(key, route) for key, route in shown],
            next=_cursor(shown[-1][1].decided_at, shown[-1][0]) if has_more else None,
        )

    @api.post("/v1/triage/{complaint_id}")
    async def decide_held(
        complaint_id: UUID,
        body: Decision,
        principal: Annotated[Principal, Depends(_MAY_DECIDE)],
    ) -> Settled:
        """Decide about a held complaint; it is told on `complaints.routed` once durable."""
        policy = policies.current
        decision = _understood(body)
        if isinstance(decision, Designation) and (faults := faults_of(decision, policy)):
            raise invalid_request(faults)

        def decide(state: Route | None, now: datetime) -> _Outcome:
            return settle(decision, principal.key_id, state, policy, now)

        outcome: _Outcome = await perform(db, router, complaint_id, decide)
        if isinstance(outcome, NotReceived):
            raise unknown_complaint()
        if isinstance(outcome, AlreadyDecided):
            raise _too_late(outcome)
        state = outcome.state
        return Settled(
            complaint_id=complaint_id,
            outcome=state.outcome,
            attempt=state.attempt,
            lead=state.lead,
            policy=state.policy,
        )

    return api


def _too_late(decided: AlreadyDecided) -> Problem:
    where = f" to {decided.lead}" if decided.lead else ""
    return Problem(
        409,
        "already-decided",
        f"It isn't held any more: it is {decided.outcome}{where}.",
        outcome=decided.outcome,
        lead=decided.lead,
    )


def _understood(body: Decision) -> Designation | Refusal:
    """Tell which of the two decisions it is.

    Raises:
        Problem: 422, naming what is missing or too much.
    """
    if (body.lead is None) == (body.diversion is None):
        raise invalid_request([("lead", "name either a lead or a diversion")])
    if body.lead is not None:
        surplus = [name for name in ("target", "reply") if getattr(body, name) is not None]
        if surplus:
            raise invalid_request([(name, "belongs to a diversion") for name in surplus])
        return Designation(body.lead, tuple(body.assists), body.standard, body.reason)
    if body.diversion is None or body.reply is None:
        raise invalid_request([("reply", "a diversion needs the reply to the citizen")])
    surplus = [name for name in ("assists", "standard") if getattr(body, name)]
    if surplus:
        raise invalid_request([(name, "belongs to a lead") for name in surplus])
    return Refusal(body.diversion, body.target, body.reply, body.reason)


def _show(complaint_id: UUID, route: Route) -> Waiting:
    matter = route.matter
    return Waiting(
        complaint_id=complaint_id,
        number=matter.number,
        received_at=matter.received_at,
        held_at=route.decided_at,
        reason=route.held_reason or "",
        attempt=route.attempt,
        title=matter.title,
        text=matter.text,
        category=route.category,
        nature=matter.nature,
        urgency=matter.urgency,
        place=matter.place,
        repeat_of=matter.repeat_of,
        repeat_score=matter.repeat_score,
        cluster=matter.cluster,
        candidates=list(route.candidates),
        excluded=list(route.excluded),
        explanation=route.explanation,
    )


def _cursor(at: datetime, complaint_id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {complaint_id}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Read what `_cursor` wrote.

    Raises:
        Problem: 422, if somebody else wrote it.
    """
    try:
        at, _, complaint_id = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        return datetime.fromisoformat(at).astimezone(UTC), UUID(complaint_id)
    except (ValueError, binascii.Error) as error:
        raise invalid_request([("after", "is not the `next` of a page")]) from error
