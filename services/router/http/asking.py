"""`POST /v1/explain`: what would become of a text, and why. Records nothing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.events import Attribute, Nature, Point, Urgency
from services.policy import Policy, PolicyError
from services.router.adapters import Advisers
from services.router.decide import Complaint, WrittenPlace, explain, find_category, find_place
from services.router.http.views import DecisionView, TraceView, show_decision, show_trace
from services.runtime.clock import SystemClock
from services.runtime.keys import Role, require
from services.runtime.policies import PolicyStore
from services.runtime.problems import invalid_request

_Code = Annotated[str, Field(min_length=1, max_length=200)]


class PlaceQuestion(BaseModel):
    """Where it is: codes or names, as far as known."""

    model_config = ConfigDict(extra="forbid")

    district: _Code | None = None
    street: _Code | None = None
    community: _Code | None = None
    point: Point | None = None  #: For rules that name an area.


class Question(BaseModel):
    """A complaint as somebody might make it."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=20_000)] = ""
    title: Annotated[str, Field(max_length=500)] | None = None
    category: _Code | None = None  #: Code, name, or path of names joined by `>`.
    nature: Nature = Nature.UNKNOWN
    urgency: Urgency = Urgency.NORMAL
    place: PlaceQuestion = PlaceQuestion()
    attributes: Annotated[list[Attribute], Field(max_length=50)] = []  #: Answers (Open311).
    policy: _Code | None = None  #: Hash of any bundle ever published; else the one in force.
    rules_max: Annotated[int, Field(ge=0, le=10_000)] = 50  #: Rules to tell of, nearest first.


class Answer(BaseModel):
    """What would become of it."""

    policy: str  #: Hash of the bundle that answered.
    decision: DecisionView
    trace: TraceView


def routes(policies: PolicyStore, advisers: Advisers) -> APIRouter:
    """Make the route."""
    api = APIRouter(tags=["explain"])
    may_ask = require(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)

    @api.post("/v1/explain", dependencies=[Depends(may_ask)])
    async def explain_text(question: Question) -> Answer:
        """Route a text without recording anything: the decision, and why each rule won or lost."""
        policy = await _policy(policies, question.policy)
        explanation = explain(_complaint(question, policy), policy, adviser=advisers.of(policy))
        return Answer(
            policy=policy.hash,
            decision=show_decision(explanation, policy),
            trace=show_trace(explanation, policy, question.rules_max),
        )

    return api


async def _policy(policies: PolicyStore, wanted: str | None) -> Policy:
    if wanted is None:
        return policies.current
    try:
        return await policies.fetch(wanted)
    except LookupError as error:
        raise invalid_request([("policy", f"no bundle has the hash {wanted!r}")]) from error
    except PolicyError as error:
        message = "this version can't read that bundle any more"
        raise invalid_request([("policy", message)]) from error


def _complaint(question: Question, policy: Policy) -> Complaint:
    written = WrittenPlace(**question.place.model_dump(exclude={"point"}))
    place, unclear = find_place(written, policy)
    place = place.model_copy(update={"point": question.place.point})
    faults = [(f"place.{level}", message) for level, message in unclear]
    category = None
    if question.category is not None:
        category = find_category(question.category, policy)
        if category is None:
            known = f"no category, or more than one, is called {question.category!r}"
            faults.append(("category", known))
    if faults:
        raise invalid_request(faults)
    return Complaint(
        text=question.text,
        title=question.title,
        category=category,
        nature=question.nature,
        urgency=question.urgency,
        place=place,
        attributes=tuple(question.attributes),
        language=policy.city.language,
        received_at=SystemClock().now(),
    )
