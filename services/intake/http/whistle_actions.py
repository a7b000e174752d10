"""For streets and the bodies they call: say what was done about a whistle that stands.

What counted is told by the tracker: `GET /v1/whistles/{id}` there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from services.events import WhistleAction, WhistleGrade
from services.intake.adapters.whistles import parties_of
from services.intake.decide.whistle_actions import form_faults, part_faults, report
from services.intake.http.bodies import Code, Note
from services.intake.http.desk import Desk, json_answer
from services.intake.http.once import asked, once
from services.intake.http.whistles import veil_of
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request, problem_responses

if TYPE_CHECKING:
    from services.runtime.transaction import Tx

_Agency = Annotated[Principal, Depends(require(Role.AGENCY))]


class WhistleActionBody(BaseModel):
    """What an agency did about a whistle; who it is is said by the key alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: WhistleAction
    about: Code | None = None  #: With a street's `judge`: the body that is judged.
    grade: WhistleGrade | None = None  #: With `judge`.
    note: Note | None = None  #: Needed to report a result, to close, to judge `poor`.


def routes(desk: Desk) -> APIRouter:
    """Make the route."""
    router = APIRouter(
        prefix="/v1", tags=["whistles"], responses=problem_responses(401, 403, 404, 409, 422, 429)
    )

    @router.post("/whistles/{whistle_id}/actions", status_code=202)
    async def act(
        whistle_id: UUID, body: WhistleActionBody, request: Request, principal: _Agency
    ) -> Response:
        """Report what was done about a whistle; the tracker judges whether it counts."""
        if faults := list(form_faults(body.action, body.about, body.grade, body.note)):
            raise invalid_request(faults)
        about = f"whistles/{whistle_id}/actions"
        command = asked(desk, request, principal, about, body.model_dump(mode="json"))

        async def work(tx: Tx) -> UUID:
            return await _act(desk, tx, whistle_id, body, principal.agency or "")

        event_id = await once(desk, command, work)
        return json_answer({"event_id": str(event_id)}, 202)

    return router


async def _act(desk: Desk, tx: Tx, whistle_id: UUID, body: WhistleActionBody, agency: str) -> UUID:
    """Tell of a report, if the agency has a part in the whistle and this is for it to say.

    Raises:
        Problem: 404, the same for another's whistle, an unknown one, and one that doesn't
            stand (yet); 422, naming what isn't for this agency to say.
    """
    known = await parties_of(tx, whistle_id)
    if known is None or agency not in (known.raised_by, *known.targets):
        raise Problem(
            404,
            "no-such-whistle",
            "There is no whistle with this id that your agency raised or is called to. A new "
            "one may take a second to be known here.",
            headers={"Retry-After": "1"},
        )
    faults = part_faults(
        body.action, body.about, agency=agency, raised_by=known.raised_by, targets=known.targets
    )
    if found := list(faults):
        raise invalid_request(found)
    fact = report(
        whistle_id,
        agency,
        body.action,
        tx.now,
        about=body.about,
        grade=body.grade,
        note=body.note,
        veils=[await veil_of(desk, tx, complaint_id) for complaint_id in known.complaints],
    )
    return tx.emit(known.key, fact)
