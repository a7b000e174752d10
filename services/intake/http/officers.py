"""For operators and supervisors: decide about a case; the tracker carries it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake.adapters import lookups
from services.intake.decide.commands import Rejected
from services.intake.decide.officials import (
    SUPERVISORS_ONLY,
    absorbing,
    decision_faults,
    report_decision,
)
from services.intake.http.bodies import DecisionBody
from services.intake.http.desk import Desk, json_answer
from services.intake.http.once import asked, once
from services.intake.http.rejections import rejected
from services.intake.http.whistles import veil_of
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request, problem_responses

if TYPE_CHECKING:
    from services.events import CaseActionReported
    from services.runtime.transaction import Tx

_Officer = Annotated[Principal, Depends(require(Role.OPERATOR, Role.SUPERVISOR))]


def routes(desk: Desk) -> APIRouter:
    """Make the route."""
    router = APIRouter(
        prefix="/v1", tags=["officers"], responses=problem_responses(401, 403, 404, 409, 422, 429)
    )

    @router.post("/cases/{complaint_id}/actions", status_code=202)
    async def decide(
        complaint_id: UUID, body: DecisionBody, request: Request, principal: _Officer
    ) -> Response:
        """Approve or refuse what an agency asked for, end a pause, exclude, supervise, merge.

        202 means that it is durable. Whether it counts is the tracker's to judge: what doesn't
        fit any more stands in the case's history, with the reason.
        """
        if body.action in SUPERVISORS_ONLY and principal.role is not Role.SUPERVISOR:
            raise Problem(403, "wrong-role", f"Only a supervisor can {body.action}.")
        said = body.model_dump(exclude={"action"})
        faults = decision_faults(body.action, said, desk.policies.current, desk.clock.now())
        if faults := faults or await _unknown(desk, complaint_id, body):
            raise invalid_request(faults)
        about = f"cases/{complaint_id}/actions"
        command = asked(desk, request, principal, about, body.model_dump(mode="json"))

        async def work(tx: Tx) -> UUID:
            if not await lookups.is_known(tx, complaint_id):
                raise rejected(Rejected("no-such-complaint"))
            veil = await veil_of(desk, tx, complaint_id)
            officer = (principal.name, principal.role.value)
            fact = report_decision(body.action, said, officer, tx.now, veil)
            return await _tell(desk, tx, complaint_id, fact)

        for about_it in {complaint_id, body.into or complaint_id}:
            await desk.reader.see(about_it)  # What is decided must be told after the complaint.
        event_id = await once(desk, command, work)
        return json_answer({"event_id": str(event_id)}, 202)

    return router


async def _tell(desk: Desk, tx: Tx, complaint_id: UUID, fact: CaseActionReported) -> UUID:
    """Tell of a decision; of a merge both complaints, neither who the other's person is."""
    into = fact.into
    if into is None:
        return tx.emit(complaint_id, fact)
    if not await lookups.is_known(tx, into):
        raise invalid_request([("into", "no complaint has this id")])
    if fact.note:
        veil = await veil_of(desk, tx, into)
        fact = fact.model_copy(update={"note": veil.over(fact.note) or None})
    event_id = tx.emit(complaint_id, fact)
    tx.emit(into, absorbing(fact, complaint_id))
    return event_id


async def _unknown(desk: Desk, complaint_id: UUID, body: DecisionBody) -> list[tuple[str, str]]:
    """Say what is well-formed and leads nowhere."""
    if body.into == complaint_id:
        return [("into", "is this complaint itself")]
    return await _unpublished(desk, body.policy) if body.policy is not None else []


async def _unpublished(desk: Desk, policy_hash: str) -> list[tuple[str, str]]:
    """Say that a policy was never published: the tracker would wait for it in vain."""
    try:
        await desk.policies.fetch(policy_hash)
    except LookupError:
        return [("policy", f"no policy {policy_hash} was ever published")]
    return []
