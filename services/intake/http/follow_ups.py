"""For whoever reported: add facts or pictures to a complaint, urge (催办), withdraw.

Each takes an Idempotency-Key: a program that tries again must not urge twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake.adapters import attachments, lookups
from services.intake.adapters.attachments import Wish
from services.intake.decide import commands
from services.intake.decide.attachments import PER_COMPLAINT_MAX
from services.intake.http.bodies import AttachmentBody, SupplementBody, WithdrawalBody
from services.intake.http.desk import Desk, json_answer
from services.intake.http.once import asked, once
from services.intake.http.rejections import rejected, repeats
from services.runtime.address import parse_url
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request, problem_responses
from services.runtime.stage import carry_out
from services.runtime.step import Change, Ignored, Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from services.intake.decide.commands import Rejected, Veil
    from services.intake.decide.view import View
    from services.intake.http.once import Asked
    from services.runtime.transaction import Tx

    Decide = Callable[[View | None, datetime, Veil], Step[View] | Ignored | Rejected]

_Reporting = Annotated[Principal, Depends(require(Role.REPORTER, Role.OPERATOR, Role.SERVICE))]
_PROBLEMS = problem_responses(401, 403, 404, 409, 422)


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1/complaints/{complaint_id}", tags=["follow-ups"])

    @router.post("/supplements", status_code=202, responses=_PROBLEMS)
    async def supplement(
        complaint_id: UUID, body: SupplementBody, request: Request, principal: _Reporting
    ) -> Response:
        """Add facts to a complaint, or urge (催办)."""

        def decide(view: View | None, now: datetime, veil: Veil) -> Step[View] | Rejected:
            return commands.supplement(view, body.kind, body.text, now, veil)

        about = f"complaints/{complaint_id}/supplements"
        command = asked(desk, request, principal, about, body.model_dump(mode="json"))
        return await _follow_up(desk, complaint_id, command, decide)

    @router.post("/withdrawal", status_code=202, responses=_PROBLEMS)
    async def withdraw(
        complaint_id: UUID, body: WithdrawalBody, request: Request, principal: _Reporting
    ) -> Response:
        """Withdraw a complaint; a second time changes nothing."""

        def decide(view: View | None, now: datetime, veil: Veil) -> Step[View] | Ignored | Rejected:
            return commands.withdraw(view, body.reason, now, veil)

        about = f"complaints/{complaint_id}/withdrawal"
        command = asked(desk, request, principal, about, body.model_dump(mode="json"))
        return await _follow_up(desk, complaint_id, command, decide)

    @router.post("/attachments", status_code=202, responses=_PROBLEMS)
    async def attach(
        complaint_id: UUID, body: AttachmentBody, request: Request, principal: _Reporting
    ) -> Response:
        """Have a picture or document fetched from an address; 202 means that it will be tried."""
        if isinstance(fault := parse_url(body.url), str):
            raise invalid_request([("url", fault)])
        about = f"complaints/{complaint_id}/attachments"
        command = asked(desk, request, principal, about, body.model_dump(mode="json"))

        async def work(tx: Tx) -> UUID:
            return await _attach(desk, tx, complaint_id, body)

        await desk.reader.see(complaint_id)
        found = await once(desk, command, work)
        return json_answer({"complaint_id": str(complaint_id), "attachment_id": str(found)}, 202)

    return router


async def _follow_up(desk: Desk, complaint_id: UUID, command: Asked, decide: Decide) -> Response:
    async def work(tx: Tx) -> UUID:
        before = (await desk.stage.load(tx, [complaint_id])).get(complaint_id)
        veil = await _veil(desk, tx, complaint_id) if before else commands.Veil()
        outcome = decide(before, tx.now, veil)
        if isinstance(outcome, commands.Rejected):
            raise await _problem(tx, complaint_id, outcome)
        if isinstance(outcome, Step):
            await desk.stage.store(tx, [Change(complaint_id, before, outcome.state)])
            carry_out(tx, complaint_id, outcome, cause=None)
        return complaint_id

    # What is added to a complaint must be told after it.
    await desk.reader.see(complaint_id)
    await once(desk, command, work)
    return json_answer({"complaint_id": str(complaint_id)}, 202)


async def _attach(desk: Desk, tx: Tx, complaint_id: UUID, body: AttachmentBody) -> UUID:
    view = (await desk.stage.load(tx, [complaint_id])).get(complaint_id)
    if outcome := commands.objection(view):
        raise await _problem(tx, complaint_id, outcome)
    if await attachments.count(tx, complaint_id) >= PER_COMPLAINT_MAX:
        raise Problem(
            409,
            "too-many",
            f"每件诉求最多{PER_COMPLAINT_MAX}个附件。"
            f"A complaint has {PER_COMPLAINT_MAX} attachments at the most.",
        )
    veil = await _veil(desk, tx, complaint_id)
    note = veil.over(body.note) if body.note else None
    (found,) = await attachments.add(tx, desk.addresses, [Wish(complaint_id, body.url, note)])
    return found


async def _veil(desk: Desk, tx: Tx, complaint_id: UUID) -> Veil:
    """Find what must be masked in a reporter's further words; nobody is shown it."""
    found = await desk.vault.find_by_complaint(tx, complaint_id)
    is_secret = await attachments.is_secret(tx, complaint_id)
    return commands.Veil(found.identity.name if found else None, is_secret)


async def _problem(tx: Tx, complaint_id: UUID, why: Rejected) -> Problem:
    if why.code == "diverted":
        first = await lookups.repeat_of(tx, complaint_id)
        if first is not None:
            return repeats(first)
    return rejected(why)
