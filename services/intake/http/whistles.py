"""For streets and townships: blow a whistle (吹哨报到), so that departments report in.

Whether it stands is told by the router, how it is answered by the tracker: `GET
/v1/whistles/{id}` there. What is done about it is reported to `whistle_actions`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.events import Approval, Coordination, Place, Whistle, WhistleRaised
from services.intake.adapters.whistles import linkable
from services.intake.decide.commands import Veil, is_visible
from services.intake.decide.whistles import faults_of, place_of, veiled
from services.intake.http.bodies import Code, DivisionName, Line, Note, Words
from services.intake.http.desk import Desk, json_answer
from services.intake.http.once import asked, once
from services.runtime.ids import new_id
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request, problem_responses

if TYPE_CHECKING:
    from services.runtime.transaction import Tx

_Agency = Annotated[Principal, Depends(require(Role.AGENCY))]

T = TypeVar("T")


def _visible(text: str) -> str:
    if not is_visible(text):
        raise ValueError("says nothing that anybody could see")
    return text


def _once_each(items: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))


_Said = Annotated[Words, AfterValidator(_visible)]
_Codes = Annotated[tuple[Code, ...], Field(max_length=20), AfterValidator(_once_each)]
#: More would be no matter any more; a policy allows fewer.
_Links = Annotated[tuple[UUID, ...], Field(max_length=50), AfterValidator(_once_each)]
#: A post or staff number; letters of a name don't belong here.
_Approver = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WhistlePlaceBody(_Body):
    """Where it is, within the street; codes or names."""

    district: DivisionName | None = None
    street: DivisionName | None = None
    community: DivisionName | None = None


class CoordinationBody(_Body):
    """An attempt to settle it without a whistle."""

    agencies: Annotated[_Codes, Field(min_length=1)]
    tried_at: AwareDatetime
    result: Annotated[_Said, Field(max_length=4_000)]


class ApprovalBody(_Body):
    """Who let it be blown: rank, and a number instead of a name."""

    rank: Code
    approver: _Approver


class WhistleBody(_Body):
    """A whistle as a street blows it; who blows is said by the key alone."""

    kind: Code
    text: _Said
    title: Line | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = None
    category: Code | None = None
    place: WhistlePlaceBody = WhistlePlaceBody()
    complaints: _Links = ()
    wanted: _Codes = ()
    wanted_functions: _Codes = ()
    own_duty: Note | None = None
    coordination: Annotated[tuple[CoordinationBody, ...], Field(max_length=20)] = ()
    approvals: Annotated[tuple[ApprovalBody, ...], Field(min_length=1, max_length=5)]

    def whistle(self, agency: str, place: Place, language: str, now: datetime) -> Whistle:
        """Give it as the core takes it; PostgreSQL's JSON knows no NUL."""
        return Whistle(
            whistle_id=new_id(),
            kind=self.kind,
            raised_by=agency,
            raised_at=now,
            language=self.language or language,
            title=self.title or None,
            text=self.text,
            category=self.category,
            place=place,
            complaints=self.complaints,
            wanted=self.wanted,
            wanted_functions=self.wanted_functions,
            own_duty=self.own_duty or None,
            coordination=tuple(Coordination(**one.model_dump()) for one in self.coordination),
            approvals=tuple(Approval(**one.model_dump()) for one in self.approvals),
        )


def routes(desk: Desk) -> APIRouter:
    """Make the route."""
    router = APIRouter(
        prefix="/v1", tags=["whistles"], responses=problem_responses(401, 403, 409, 422, 429)
    )

    @router.post("/whistles", status_code=202)
    async def blow(body: WhistleBody, request: Request, principal: _Agency) -> Response:
        """Blow a whistle; 202 means that it is durable and will be judged."""
        whistle = _checked(desk, body, principal.agency or "")
        command = asked(desk, request, principal, "whistles", body.model_dump(mode="json"))

        async def work(tx: Tx) -> UUID:
            return await _blow(desk, tx, whistle)

        whistle_id = await once(desk, command, work)
        return json_answer({"whistle_id": str(whistle_id)}, 202)

    return router


def _checked(desk: Desk, body: WhistleBody, agency: str) -> Whistle:
    """Check the form.

    Raises:
        Problem: 409, the city has no whistles; 422, naming every wrong field.
    """
    lexicon = desk.lexicon
    policy, rules = lexicon.policy, lexicon.policy.whistles
    if rules is None:
        raise Problem(
            409,
            "no-whistles",
            "本市规则没有吹哨报到。This city's rules have no whistles: use ordinary orders.",
        )
    said, street = body.place, policy.agencies.get(agency)
    place = place_of(
        {"district": said.district, "street": said.street, "community": said.community},
        street.division if street else None,
        lexicon.atlas.gazetteer,
    )
    if not isinstance(place, Place):
        raise invalid_request([place])
    now = desk.clock.now()
    whistle = body.whistle(agency, place, policy.city.language, now)
    if faults := faults_of(whistle, policy, rules, now):
        raise invalid_request(faults)
    return whistle


async def _blow(desk: Desk, tx: Tx, whistle: Whistle) -> UUID:
    """Tell of a whistle, if every linked complaint is the street's own and open.

    Raises:
        Problem: 422, naming those that aren't; unknown and another's can't be told apart.
    """
    known = await linkable(tx, whistle.complaints, whistle.raised_by)
    faults = [
        (f"complaints.{number}", "your agency has no open order on this complaint (yet)")
        for number, complaint_id in enumerate(whistle.complaints)
        if complaint_id not in known
    ]
    if faults:
        raise invalid_request(faults)
    veils = [await veil_of(desk, tx, complaint_id) for complaint_id in whistle.complaints]
    told = veiled(whistle, veils).model_copy(update={"raised_at": tx.now})
    key = whistle.complaints[0] if whistle.complaints else whistle.whistle_id
    tx.emit(key, WhistleRaised(whistle=told), policy=desk.lexicon.policy.hash)
    return whistle.whistle_id


async def veil_of(desk: Desk, tx: Tx, complaint_id: UUID) -> Veil:
    """Find what must be masked of a complaint's reporter; nobody is shown it."""
    found = await desk.vault.find_by_complaint(tx, complaint_id)
    return Veil(found.identity.name, found.is_secret) if found else Veil()
