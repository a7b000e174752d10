"""For telephone and speech systems: `POST /v1/calls`, a call's transcript."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.events import Channel, Nature, Urgency
from services.intake.decide import acceptance
from services.intake.decide.transcript import Segment, words_of
from services.intake.http.bodies import Code, ExternalId, Line, PlaceBody, checked, open_api
from services.intake.http.desk import Desk, idempotency_key, json_answer
from services.intake.http.taking import entry_for, read_json, take
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import invalid_request, problem_responses

#: A transcript with times and confidences of an hour's call has about 200 KB.
BODY_BYTES_MAX = 1_000_000

_Calling = Annotated[Principal, Depends(require(Role.REPORTER, Role.OPERATOR, Role.SERVICE))]
_Milliseconds = Annotated[int, Field(ge=0, le=86_400_000)]


class SegmentBody(BaseModel):
    """One turn of a call, as a speech system wrote it down."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    speaker: Literal["caller", "operator"]
    text: Annotated[str, StringConstraints(max_length=10_000)]
    start_ms: _Milliseconds | None = None
    end_ms: _Milliseconds | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None


class CallBody(BaseModel):
    """A call that is over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call_id: ExternalId
    origin: Code
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    caller_number: (
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] | None
    ) = None
    caller_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = (
        None
    )
    is_secret: bool = False
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = None
    segments: Annotated[tuple[SegmentBody, ...], Field(max_length=2_000)] = ()
    notes: Annotated[str, StringConstraints(strip_whitespace=True, max_length=5_000)] | None = None
    title: Line | None = None
    category: Code | None = None
    nature: Nature | None = None
    urgency: Urgency = Urgency.NORMAL
    place: PlaceBody = PlaceBody()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ended_at is not None and self.ended_at < self.started_at:
            raise ValueError("ended_at lies before started_at")
        return self


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1", tags=["calls"])

    @router.post(
        "/calls",
        status_code=202,
        openapi_extra=open_api(CallBody),
        responses=problem_responses(401, 403, 409, 413, 422),
    )
    async def take_call(request: Request, principal: _Calling) -> Response:
        """Take a finished call in; the same call again gives the same answer."""
        raw = await read_json(request, BODY_BYTES_MAX)
        key = idempotency_key(request.scope)
        wanted, cut = _request(raw, desk.lexicon.policy.city.language)
        entry = entry_for(desk, wanted, {"call": raw}, str(principal.key_id), key)
        accepted = await take(desk, entry)
        found = str(accepted.complaint_id)
        answer = {
            "complaint_id": found,
            "number": accepted.number,
            "status_url": f"{desk.public_url}/v1/complaints/{found}",
            "segments_cut": cut,
        }
        return json_answer(answer, 202)

    return router


def _request(raw: object, language: str) -> tuple[acceptance.Request, int]:
    """Check a call and make a complaint's request of it.

    Raises:
        Problem: 422, naming every wrong field.
    """
    call = checked(CallBody, raw)
    turns = [Segment(segment.speaker, segment.text.replace("\0", "")) for segment in call.segments]
    words = words_of((call.notes or "").replace("\0", ""), turns, call.language or language)
    if words is None:
        raise invalid_request([("segments", "no word of the caller, and no notes either")])
    place = call.place
    return acceptance.Request(
        channel=Channel.PHONE,
        text=words.text,
        title=call.title.replace("\0", "") if call.title else None,
        nature=None if call.nature is Nature.UNKNOWN else call.nature,
        category=call.category,
        urgency=call.urgency,
        language=call.language,
        received_at=call.started_at,
        district=place.district,
        street=place.street,
        community=place.community,
        address=place.address or None,
        longitude=place.longitude,
        latitude=place.latitude,
        name=call.caller_name or None,
        phone=call.caller_number or None,
        is_secret=call.is_secret,
        origin=call.origin,
        external_id=call.call_id,
    ), words.segments_cut
