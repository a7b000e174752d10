"""For supervisors: work ahead of complaints (主动治理), from its plan to its end.

How it stands is told by the tracker: `GET /v1/proactive-cases/{id}` there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.events import Place, Proactive, ProactiveAction, ProactiveCaseReported
from services.events.proactive import LINKS_MAX
from services.intake.adapters import proactive as stored
from services.intake.decide import proactive as form
from services.intake.decide.commands import is_visible
from services.intake.decide.whistles import place_of
from services.intake.http.bodies import Code, Note
from services.intake.http.desk import Desk, json_answer
from services.intake.http.once import asked, once
from services.intake.http.whistles import WhistlePlaceBody, veil_of
from services.runtime.ids import new_id
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request, problem_responses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.decide.commands import Veil
    from services.runtime.transaction import Tx

_Supervisor = Annotated[Principal, Depends(require(Role.SUPERVISOR))]


def _visible(text: str) -> str:
    if not is_visible(text):
        raise ValueError("says nothing that anybody could see")
    return text


def _once_each(items: tuple[UUID, ...]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(items))


_Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_visible),
]
_Plan = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000),
    AfterValidator(_visible),
]
_Links = Annotated[tuple[UUID, ...], Field(max_length=LINKS_MAX), AfterValidator(_once_each)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProactiveBody(_Body):
    """A proactive case as a supervisor opens it."""

    title: _Title
    owner: Code  #: The agency that does the work.
    plan: _Plan
    planned_at: AwareDatetime  #: When it is meant to be done.
    cause: Code | None = None  #: A key of the policy's causes.
    category: Code | None = None
    place: WhistlePlaceBody = WhistlePlaceBody()
    complaints: _Links = ()  #: Those that made it necessary.


class ProactiveActionBody(_Body):
    """What was done about a proactive case, or what became of it."""

    action: ProactiveAction
    note: Note | None = None  #: Needed, but where complaints are linked.
    complaints: _Links = ()  #: With `progress`.
    bonus: Annotated[int, Field(ge=0)] | None = None  #: With `close`.


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(
        prefix="/v1/proactive-cases",
        tags=["proactive"],
        responses=problem_responses(401, 403, 404, 409, 422, 429),
    )

    @router.post("", status_code=202)
    async def open_one(body: ProactiveBody, request: Request, principal: _Supervisor) -> Response:
        """Open a proactive case; 202 means that it is durable and will be tracked."""
        content = _checked(desk, body)
        about = "proactive-cases"
        command = asked(desk, request, principal, about, body.model_dump(mode="json"))

        async def work(tx: Tx) -> UUID:
            return await _open(desk, tx, content, principal.name)

        proactive_id = await once(desk, command, work)
        return json_answer({"proactive_id": str(proactive_id)}, 202)

    @router.post("/{proactive_id}/actions", status_code=202)
    async def act(
        proactive_id: UUID, body: ProactiveActionBody, request: Request, principal: _Supervisor
    ) -> Response:
        """Say what was done about it, close it (with points), or cancel it."""
        policy = desk.policies.current
        faults = form.action_faults(body.action, body.complaints, body.bonus, body.note, policy)
        if found := list(faults):
            raise invalid_request(found)
        about = f"proactive-cases/{proactive_id}/actions"
        command = asked(desk, request, principal, about, body.model_dump(mode="json"))

        async def work(tx: Tx) -> UUID:
            return await _act(desk, tx, proactive_id, body, principal.name)

        event_id = await once(desk, command, work)
        return json_answer({"event_id": str(event_id)}, 202)

    return router


def _checked(desk: Desk, body: ProactiveBody) -> Proactive:
    """Check the form.

    Raises:
        Problem: 422, naming every wrong field.
    """
    said = body.place
    place = place_of(
        {"district": said.district, "street": said.street, "community": said.community},
        None,
        desk.lexicon.atlas.gazetteer,
    )
    if not isinstance(place, Place):
        raise invalid_request([place])
    content = Proactive(
        title=body.title,
        owner=body.owner,
        cause=body.cause,
        category=body.category,
        place=place,
        plan=body.plan,
        planned_at=body.planned_at,
        complaints=body.complaints,
    )
    if faults := list(form.faults_of(content, desk.policies.current, desk.clock.now())):
        raise invalid_request(faults)
    return content


async def _open(desk: Desk, tx: Tx, content: Proactive, officer: str) -> UUID:
    links = content.complaints
    await _check_links(tx, links, ())
    proactive_id = new_id()
    await stored.keep(tx, proactive_id, links)
    told = form.veiled(content, await _veils(desk, tx, links))
    fact = ProactiveCaseReported(
        proactive_id=proactive_id,
        action=ProactiveAction.OPEN,
        officer=officer,
        content=told,
        reported_at=tx.now,
    )
    tx.emit(proactive_id, fact, policy=desk.policies.current.hash)
    return proactive_id


async def _act(
    desk: Desk, tx: Tx, proactive_id: UUID, body: ProactiveActionBody, officer: str
) -> UUID:
    """Tell of an action.

    Raises:
        Problem: 404, nobody opened such a case; 422, naming links that lead nowhere.
    """
    before = await stored.links_of(tx, proactive_id)
    if before is None:
        raise Problem(404, "no-such-proactive-case", "Nobody opened a proactive case with this id.")
    await _check_links(tx, body.complaints, before)
    links = _once_each((*before, *body.complaints))
    if len(links) > len(before):
        await stored.link(tx, proactive_id, links)
    note = form.over(body.note, await _veils(desk, tx, links)) if body.note else None
    fact = ProactiveCaseReported(
        proactive_id=proactive_id,
        action=body.action,
        officer=officer,
        complaints=body.complaints,
        bonus=body.bonus,
        note=note,
        reported_at=tx.now,
    )
    return tx.emit(proactive_id, fact, policy=desk.policies.current.hash)


async def _check_links(tx: Tx, complaints: Sequence[UUID], linked: Sequence[UUID]) -> None:
    faults = form.link_faults(complaints, await stored.known(tx, complaints), linked)
    if found := list(faults):
        raise invalid_request(found)


async def _veils(desk: Desk, tx: Tx, complaints: Sequence[UUID]) -> list[Veil]:
    return [await veil_of(desk, tx, complaint_id) for complaint_id in complaints]
