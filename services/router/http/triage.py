"""`/v1/triage`: what waits for a person, and what the person decides."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.events import Candidate, Cluster, Diversion, Place
from services.policy import Policy
from services.router.adapters import RouteReader
from services.router.adapters.marks import MarkReader
from services.router.decide import (
    AlreadyDecided,
    Answer,
    Designation,
    NotReceived,
    OrderDue,
    Refusal,
    Route,
    faults_of,
    settle,
    unknown_entry,
)
from services.router.decide.marks import Mark, standing_at
from services.router.handle import Routes
from services.router.http.cursors import BEGINNING, read_cursor, write_cursor
from services.router.http.marks import MarkShown, show_mark
from services.router.http.reading import unknown_complaint
from services.runtime.keys import Principal, Role, require
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.problems import Problem, invalid_request
from services.runtime.stage import perform
from services.runtime.step import Step

_MAY_DECIDE = require(Role.OPERATOR, Role.SUPERVISOR)

_Outcome = Step[Route] | AlreadyDecided | NotReceived | OrderDue
_Code = Annotated[str, Field(min_length=1, max_length=100)]
#: PostgreSQL's text and JSON know no NUL.
_Sentence = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]


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
    mark: MarkShown | None  #: That its reporter was found to call maliciously; changes nothing.
    candidates: list[Candidate]
    excluded: list[str]  #: Agencies that returned it.
    explanation: str


class Page(BaseModel):
    """Held complaints, those that have waited longest first."""

    items: list[Waiting]
    next: str | None  #: Give it as `after` for the next page; None on the last.


class Decision(BaseModel):
    """A lead (with assists …), a diversion (with its reply) or an answer, and the reason."""

    model_config = ConfigDict(extra="forbid")

    reason: _Sentence  #: For the record, and for the agency.
    lead: _Code | None = None
    assists: Annotated[list[_Code], Field(max_length=20)] = []
    standard: _Code | None = None
    #: Agencies heard in the consultation (会商) on a complaint that was returned.
    consulted: Annotated[list[_Code], Field(max_length=20)] = []
    diversion: Diversion | None = None
    target: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] | None = None
    reply: _Sentence | None = None  #: What the citizen is told.
    answer: _Sentence | None = None  #: To what the citizen asked.
    entry: _Code | None = None  #: The knowledge entry that the answer comes from.


class Settled(BaseModel):
    """What has become of it."""

    complaint_id: UUID
    outcome: str
    attempt: int
    lead: str | None
    policy: str


def routes(db: Database, stage: Routes, policies: PolicyStore) -> APIRouter:
    """Make the routes."""
    api = APIRouter(tags=["triage"])
    reader, marks = RouteReader(db), MarkReader(db)

    @api.get("/v1/triage", dependencies=[Depends(_MAY_DECIDE)])
    async def list_held(
        after: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Page:
        """List what waits for a person, with candidates and the reason."""
        found = await reader.held(read_cursor(after) if after else BEGINNING, limit + 1)
        shown, has_more = found[:limit], len(found) > limit
        now = await marks.now()
        of = await marks.of([route.matter.reporter for _, route in shown], now)
        return Page(
            items=[
                _show(key, route, standing_at(of[route.matter.reporter or ""], now))
                for key, route in shown
            ],
            next=write_cursor(shown[-1][1].decided_at, shown[-1][0]) if has_more else None,
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
        if faults := _faults(decision, policy):
            raise invalid_request(faults)

        def decide(state: Route | None, now: datetime) -> _Outcome:
            return settle(decision, principal.key_id, state, policy, now)

        outcome: _Outcome = await perform(db, stage, complaint_id, decide)
        if isinstance(outcome, NotReceived):
            raise unknown_complaint()
        if isinstance(outcome, AlreadyDecided):
            raise _too_late(outcome)
        if isinstance(outcome, OrderDue):
            raise Problem(409, "order-due", "It was returned: an agency must handle it, name one.")
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


#: What belongs to each of the decisions, and to no other.
_PARTS = {
    "lead": ("assists", "standard", "consulted"),
    "diversion": ("target", "reply"),
    "answer": ("entry",),
}


def _understood(body: Decision) -> Designation | Refusal | Answer:
    """Tell which of the decisions it is.

    Raises:
        Problem: 422, naming what is missing or too much.
    """
    named = [kind for kind in _PARTS if getattr(body, kind) is not None]
    if len(named) != 1:
        raise invalid_request([("lead", "name either a lead, a diversion or an answer")])
    surplus = [
        (part, f"belongs to {'an' if kind == 'answer' else 'a'} {kind}")
        for kind, parts in _PARTS.items()
        for part in parts
        if kind not in named and getattr(body, part)
    ]
    if surplus:
        raise invalid_request(surplus)
    if body.answer is not None:
        return Answer(body.answer, body.entry, body.reason)
    if body.lead is not None:
        return Designation(
            body.lead, tuple(body.assists), body.standard, body.reason, tuple(body.consulted)
        )
    if body.diversion is None or body.reply is None:
        raise invalid_request([("reply", "a diversion needs the reply to the citizen")])
    return Refusal(body.diversion, body.target, body.reply, body.reason)


def _faults(decision: Designation | Refusal | Answer, policy: Policy) -> list[tuple[str, str]]:
    match decision:
        case Designation():
            return faults_of(decision, policy)
        case Answer():
            return unknown_entry(decision, policy)
    return []


def _show(complaint_id: UUID, route: Route, mark: Mark | None) -> Waiting:
    matter = route.whole
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
        mark=show_mark(mark),
        candidates=list(route.candidates),
        excluded=list(route.excluded),
        explanation=route.explanation,
    )
