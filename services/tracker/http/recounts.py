"""`/v1/recounts`: what another policy would make of the promises that are running. Reads only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.policy import Policy
from services.runtime.clock import Clock
from services.runtime.keys import Role, require
from services.runtime.policies import PolicyStore
from services.runtime.problems import Problem, problem_responses
from services.tracker.adapters.recounting import PromiseReading
from services.tracker.decide.case import Case
from services.tracker.decide.recompute import recounted

_READERS = require(Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)


class RecountedOrder(BaseModel):
    """An open order that would be due at another instant."""

    complaint_id: UUID
    number: str
    order_id: UUID
    agency: str
    standard: str
    was_due_at: datetime
    was_provisional: bool
    due_at: datetime
    is_provisional: bool


class RecountPage(BaseModel):
    """What would move among some cases; pass `next` as `cursor` for more, until it is null."""

    looked_at: int  #: Cases, the ones where nothing moves included.
    items: list[RecountedOrder]
    next: UUID | None


def routes(reading: PromiseReading, policies: PolicyStore, clock: Clock) -> APIRouter:
    """Make the route over the tables."""
    router = APIRouter(prefix="/v1/recounts", tags=["recounts"], responses=problem_responses(404))

    @router.get("", dependencies=[Depends(_READERS)])
    async def list_recounts(
        policy: Annotated[str, Query(description="Hash of a bundle that was published.")],
        cursor: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=500, description="Cases to look at.")] = 200,
    ) -> RecountPage:
        """Count running promises anew by another policy; nothing moves by that.

        An officer moves them, case by case: `POST /v1/cases/{complaint_id}/actions` of intake
        with the action `recompute`.
        """
        bundle = await _bundle(policies, policy)
        cases = await reading.cases(policy, cursor, limit)
        now = clock.now()
        items = [moved for case in cases for moved in _moved(case, bundle, now)]
        following = cases[-1].complaint_id if len(cases) == limit else None
        return RecountPage(looked_at=len(cases), items=items, next=following)

    return router


async def _bundle(policies: PolicyStore, policy_hash: str) -> Policy:
    try:
        return await policies.fetch(policy_hash)
    except LookupError as error:
        raise Problem(404, "no-such-policy", f"No policy {policy_hash} was published.") from error


def _moved(case: Case, bundle: Policy, now: datetime) -> list[RecountedOrder]:
    return [
        RecountedOrder(
            complaint_id=case.complaint_id,
            number=case.matter.number,
            order_id=order.order_id,
            agency=order.agency,
            standard=order.standard,
            was_due_at=order.clock.due_at,
            was_provisional=order.clock.is_provisional,
            due_at=clock.due_at,
            is_provisional=clock.is_provisional,
        )
        for order, clock in recounted(case, bundle, now)
    ]
