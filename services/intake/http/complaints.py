"""For whoever reports: complaints, one or many, their status, follow-ups, totals."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.adapters import complaints, views
from services.intake.adapters.gathering import OverloadedError
from services.intake.decide import commands
from services.intake.decide.duplicates import Conflict
from services.intake.handle import Entry
from services.intake.http.bodies import ComplaintBody, SupplementBody, WithdrawalBody, open_api
from services.intake.http.desk import Desk, idempotency_conflict, idempotency_key, json_answer
from services.intake.http.rejections import rejected
from services.intake.http.taking import entry_of, overloaded, read_json, take
from services.intake.http.words import in_words, language_for
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request
from services.runtime.stage import perform

if TYPE_CHECKING:
    from datetime import datetime

    from services.intake.decide.commands import Rejected
    from services.intake.decide.view import View
    from services.intake.handle import Outcome
    from services.runtime.step import Ignored, Step

BODY_BYTES_MAX = 100_000
BATCH_BYTES_MAX = 20_000_000
BATCH_ITEMS_MAX = 500

#: Items prepared before others get a turn: about 5 ms.
_ITEMS_PER_TURN = 25

_Reporting = Annotated[Principal, Depends(require(Role.REPORTER, Role.OPERATOR, Role.SERVICE))]
_Importing = Annotated[Principal, Depends(require(Role.OPERATOR, Role.SERVICE))]
_Counting = Annotated[
    Principal, Depends(require(Role.OPERATOR, Role.SERVICE, Role.SUPERVISOR, Role.AUDITOR))
]


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1", tags=["complaints"])
    _add_accepting(router, desk)
    _add_follow_ups(router, desk)
    _add_reading(router, desk)
    return router


def _add_accepting(router: APIRouter, desk: Desk) -> None:
    @router.post("/complaints", status_code=202, openapi_extra=open_api(ComplaintBody))
    async def take_complaint(request: Request, principal: _Reporting) -> Response:
        """Take one complaint in; 202 means that it is durable."""
        raw = await read_json(request, BODY_BYTES_MAX)
        key = idempotency_key(request)
        accepted = await take(desk, entry_of(desk, raw, str(principal.key_id), key))
        found = str(accepted.complaint_id)
        url = f"{desk.public_url}/v1/complaints/{found}"
        answer = {"complaint_id": found, "number": accepted.number, "status_url": url}
        return json_answer(answer, 202)

    @router.post("/complaints/batch")
    async def take_batch(request: Request, principal: _Importing) -> Response:
        """Take many complaints in: `{"items": […]}`, each judged by itself."""
        raw = await read_json(request, BATCH_BYTES_MAX)
        items = _items(raw)
        results = await _take_items(desk, items, principal)
        return json_answer({"results": results})


def _add_follow_ups(router: APIRouter, desk: Desk) -> None:
    @router.post("/complaints/{complaint_id}/supplements", status_code=202)
    async def supplement(complaint_id: UUID, body: SupplementBody, _: _Reporting) -> Response:
        """Add facts to a complaint, or urge (催办)."""

        def decide(view: View | None, now: datetime) -> Step[View] | Rejected:
            return commands.supplement(view, body.kind, body.text, now)

        return _done(complaint_id, await perform(desk.db, desk.stage, complaint_id, decide))

    @router.post("/complaints/{complaint_id}/withdrawal", status_code=202)
    async def withdraw(complaint_id: UUID, body: WithdrawalBody, _: _Reporting) -> Response:
        """Withdraw a complaint; a second time changes nothing."""

        def decide(view: View | None, now: datetime) -> Step[View] | Ignored | Rejected:
            return commands.withdraw(view, body.reason, now)

        return _done(complaint_id, await perform(desk.db, desk.stage, complaint_id, decide))


def _add_reading(router: APIRouter, desk: Desk) -> None:
    @router.get("/complaints/{complaint_id}")
    async def status(complaint_id: UUID, request: Request, lang: str | None = None) -> Response:
        """Tell how a complaint stands: no key is needed, for its id can't be guessed."""
        found = await views.public_status(desk.db, complaint_id)
        if found is None:
            raise Problem(404, "no-such-complaint", "No complaint has this id.")
        language = language_for(lang, request.headers.get("accept-language"))
        return json_answer(in_words(found, desk.policies.current.agencies, language))

    @router.get("/totals")
    async def totals(
        _: _Counting, origin: Annotated[str | None, Query(max_length=64)] = None
    ) -> Response:
        """Count the complaints received, to be compared with what was sent."""
        return json_answer({"origin": origin, "received": await complaints.total(desk.db, origin)})


def _items(raw: dict[str, Any]) -> list[Any]:
    items = raw.get("items")
    unknown = [(field, "Extra inputs are not permitted") for field in raw if field != "items"]
    if not isinstance(items, list) or len(items) > BATCH_ITEMS_MAX:
        unknown.append(("items", f"must be a list of {BATCH_ITEMS_MAX} items at the most"))
    if unknown or not isinstance(items, list):
        raise invalid_request(unknown)
    return items


async def _take_items(desk: Desk, items: list[Any], principal: Principal) -> list[dict[str, Any]]:
    """Prepare all, store the good ones, report each."""
    results: list[dict[str, Any]] = []
    entries: list[Entry] = []
    places: list[int] = []
    for index, item in enumerate(items):
        if index % _ITEMS_PER_TURN == _ITEMS_PER_TURN - 1:
            await asyncio.sleep(0)  # A call that comes in meanwhile must not wait for a file.
        results.append({"index": index})
        try:
            entries.append(entry_of(desk, item, str(principal.key_id)))
            places.append(index)
        except Problem as problem:
            results[index] |= _failure(problem)
    try:
        outcomes = await asyncio.gather(*desk.gatherer.submit_bulk(entries))
    except OverloadedError as error:
        raise overloaded() from error
    for index, outcome in zip(places, outcomes, strict=True):
        results[index] |= _success(outcome)
    return results


def _success(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Conflict):
        return _failure(idempotency_conflict())
    return {
        "status": 202,
        "complaint_id": str(outcome.complaint_id),
        "number": outcome.number,
        "is_new": outcome.is_new,
    }


def _failure(problem: Problem) -> dict[str, Any]:
    told = {"code": problem.code, "detail": problem.detail, **problem.extensions}
    return {"status": problem.status, "is_new": False, "problem": told}


def _done(complaint_id: UUID, outcome: Step[View] | Ignored | Rejected) -> Response:
    if isinstance(outcome, commands.Rejected):
        raise rejected(outcome)
    return json_answer({"complaint_id": str(complaint_id)}, 202)
