"""For those who must know a person: the notifier that writes to them, operators who call."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from services.intake.adapters import vault
from services.intake.http.bodies import RevealBody
from services.intake.http.desk import Desk, json_answer
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem

_MustKnow = Annotated[Principal, Depends(require(Role.SERVICE, Role.OPERATOR))]
_Token = Annotated[str, Path(pattern=r"^p-[0-9a-f]{30}$")]


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1", tags=["identities"])

    @router.post("/identities/{token}/reveal")
    async def reveal(token: _Token, body: RevealBody, principal: _MustKnow) -> Response:
        """Tell who a token stands for, and write down who asked, when and why."""
        access = vault.Access(
            principal.key_id, principal.role.value, principal.agency, body.purpose
        )
        async with desk.db.transaction() as tx:
            found = await desk.vault.find_by_person(tx, token, body.complaint_id)
            await vault.record_access(
                tx,
                access,
                "shown" if found else "nothing",
                reporter=token,
                complaint_id=found.complaint_id if found else body.complaint_id,
            )
        if found is None:
            raise Problem(404, "no-such-person", "Nobody is known by this token.")
        identity = found.identity
        return json_answer({"token": token, "name": identity.name, "phone": identity.phone})

    return router
