"""For agencies: act on their own orders, see whom to contact about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.adapters import views
from services.intake.decide.commands import report_action
from services.intake.decide.officials import action_faults
from services.intake.http.bodies import ActionBody, Purpose
from services.intake.http.desk import Desk, json_answer
from services.intake.http.identities import access_of
from services.intake.http.once import asked, once
from services.intake.http.whistles import veil_of
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request, problem_responses

if TYPE_CHECKING:
    from services.intake.adapters.vault import Contact, Outcome
    from services.runtime.transaction import Tx

_Agency = Annotated[Principal, Depends(require(Role.AGENCY))]


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(
        prefix="/v1", tags=["agencies"], responses=problem_responses(401, 403, 404, 409, 422, 429)
    )

    @router.post("/orders/{order_id}/actions", status_code=202)
    async def act(
        order_id: UUID, body: ActionBody, request: Request, principal: _Agency
    ) -> Response:
        """Report what an agency did with its order, or ask for relief; the tracker judges it.

        The `event_id` in the answer is the request's id, by which an officer grants it.
        """
        said = body.model_dump(exclude={"action"})
        faults = action_faults(body.action, said, desk.policies.current, desk.clock.now())
        if faults:
            raise invalid_request(faults)
        about = f"orders/{order_id}"
        command = asked(desk, request, principal, about, body.model_dump(mode="json"))

        async def work(tx: Tx) -> UUID:
            return await _act(desk, tx, order_id, body, principal)

        event_id = await once(desk, command, work)
        return json_answer({"event_id": str(event_id)}, 202)

    @router.get("/complaints/{complaint_id}/contact")
    async def contact(
        complaint_id: UUID, principal: _Agency, purpose: Annotated[Purpose, Query()]
    ) -> Response:
        """Tell the agency that has the order whom to contact, and write down that it asked."""
        return await _contact(desk, complaint_id, principal, purpose)

    return router


async def _act(desk: Desk, tx: Tx, order_id: UUID, body: ActionBody, principal: Principal) -> UUID:
    order = await views.order_of(tx, order_id)
    if order is None or order["agency"] != principal.agency:
        raise no_such_order()
    fact = report_action(
        order_id,
        order["agency"],
        body.action,
        body.note,
        tx.now,
        suggests=body.suggests,
        reason=body.reason,
        until=body.until,
        cause=body.cause,
        veil=await veil_of(desk, tx, order["complaint_id"]) if body.note else None,
    )
    return tx.emit(order["complaint_id"], fact)


def no_such_order() -> Problem:
    """Say the same of an order that is another's, unknown, or still on its way to us."""
    return Problem(
        404,
        "no-such-order",
        "Your agency has no order with this id. A new one may take a second to be known here.",
        headers={"Retry-After": "1"},
    )


async def _contact(desk: Desk, complaint_id: UUID, principal: Principal, purpose: str) -> Response:
    access = access_of(principal, purpose)
    async with desk.db.transaction() as tx:
        holds = await views.holds_order(tx, complaint_id, principal.agency or "")
        found = await desk.vault.find_by_complaint(tx, complaint_id) if holds else None
        outcome = _judge(found, holds=holds)
        await desk.vault.accesses.record(
            tx,
            access,
            outcome,
            reporter=found.reporter if found else None,
            complaint_id=complaint_id,
        )
    if not holds:
        raise Problem(404, "no-such-complaint", "Your agency has no order on this complaint.")
    if found is None:
        raise Problem(404, "no-contact", "The reporter left neither a name nor a number.")
    if outcome == "refused":
        raise Problem(403, "secret", "The reporter asked not to be shown to the agency.")
    identity = found.identity
    told = {
        "name": identity.name,
        "phone": identity.phone,
        "email": identity.email,
        "address": identity.address,
    }
    return json_answer({"complaint_id": str(complaint_id), **told})


def _judge(found: Contact | None, *, holds: bool) -> Outcome:
    if not holds or (found is not None and found.is_secret):
        return "refused"
    return "nothing" if found is None else "shown"
