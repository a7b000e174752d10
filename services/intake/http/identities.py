"""For those who must know a person: the notifier that writes to them, operators who call."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from services.intake.adapters import vault
from services.intake.adapters.vault import preferences
from services.intake.adapters.vault.accesses import list_accesses
from services.intake.decide.masking import mask
from services.intake.http.bodies import PreferencesBody, RevealBody
from services.intake.http.desk import Desk, json_answer
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, problem_responses

if TYPE_CHECKING:
    from datetime import datetime

    from services.runtime.transaction import Tx

_MustKnow = Annotated[Principal, Depends(require(Role.SERVICE, Role.OPERATOR))]
_Asked = Annotated[Principal, Depends(require(Role.OPERATOR))]
_Overseeing = Annotated[Principal, Depends(require(Role.AUDITOR, Role.SUPERVISOR))]
_Token = Annotated[str, Path(pattern=r"^p-[0-9a-f]{30}$")]

_HOUR = timedelta(hours=1)


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(
        prefix="/v1", tags=["identities"], responses=problem_responses(401, 403, 404, 422, 429)
    )

    @router.post("/identities/{token}/reveal")
    async def reveal(token: _Token, body: RevealBody, principal: _MustKnow) -> Response:
        """Tell who a token stands for, and write down who asked, when and why."""
        return await _reveal(desk, token, body, principal)

    @router.put("/identities/{token}/preferences")
    async def prefer(token: _Token, body: PreferencesBody, principal: _Asked) -> Response:
        """Write down whether a person wants to be told anything unasked."""
        async with desk.db.transaction() as tx:
            if await desk.vault.find_by_person(tx, token, body.complaint_id) is None:
                raise _nobody()
            await preferences.keep(tx, token, principal.key_id, do_not_call=body.do_not_call)
        return json_answer({"token": token, "do_not_call": body.do_not_call})

    @router.get("/identities/accesses")
    async def accesses(
        _: _Overseeing,
        complaint_id: UUID | None = None,
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        """List who looked at whose identity and why, the latest first; never an identity."""
        rows = await list_accesses(desk.db, complaint_id, before, limit)
        return json_answer({"items": rows})

    return router


async def _reveal(desk: Desk, token: str, body: RevealBody, principal: Principal) -> Response:
    access = access_of(principal, body.purpose)
    found, do_not_call = None, False
    async with desk.db.transaction() as tx:
        free_at = await _free_at(desk, tx, principal)
        # What is refused again and again is written down once: it can't fill the table.
        if free_at is None or not await desk.vault.accesses.was_refused(tx, principal.key_id):
            if free_at is None:
                found = await desk.vault.find_by_person(tx, token, body.complaint_id)
            if found is not None:
                do_not_call = await preferences.is_do_not_call(tx, token, found.reporter)
            outcome: vault.Outcome = "refused" if free_at else "shown" if found else "nothing"
            await desk.vault.accesses.record(
                tx,
                access,
                outcome,
                reporter=token,
                complaint_id=found.complaint_id if found else body.complaint_id,
            )
        now = tx.now
    if free_at:
        raise _too_many(free_at - now, desk.reveals_per_hour)
    if found is None:
        raise _nobody()
    identity = found.identity
    told = {
        "name": identity.name,
        "phone": identity.phone,
        "email": identity.email,
        "push": identity.push,
    }
    return json_answer({"token": token, **told, "do_not_call": do_not_call})


def _nobody() -> Problem:
    return Problem(404, "no-such-person", "Nobody is known by this token.")


async def _free_at(desk: Desk, tx: Tx, principal: Principal) -> datetime | None:
    """Say when somebody who has looked too often may look again; our services always may."""
    if principal.role is not Role.OPERATOR:
        return None
    return await desk.vault.accesses.free_at(tx, principal.key_id, desk.reveals_per_hour, _HOUR)


def _too_many(wait: timedelta, most: int) -> Problem:
    return Problem(
        429,
        "too-many-reveals",
        f"One key may reveal {most} identities an hour. Your supervisor can see this.",
        headers={"Retry-After": str(int(wait.total_seconds()) + 1)},
    )


def access_of(principal: Principal, purpose: str) -> vault.Access:
    """Say who looks and why, for the record; a purpose must not hold an identity itself."""
    return vault.Access(principal.key_id, principal.role.value, principal.agency, mask(purpose))
