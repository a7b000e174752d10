"""For whoever reports: complaints, one or many, their status, totals."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.adapters import complaints, lookups, views
from services.intake.adapters.gathering import OverloadedError
from services.intake.decide.duplicates import Conflict
from services.intake.handle import Kept
from services.intake.http.bodies import ComplaintBody, open_api
from services.intake.http.desk import Desk, idempotency_conflict, idempotency_key, json_answer
from services.intake.http.taking import (
    kept_for,
    overloaded,
    read_json,
    receive_json,
    request_of,
    submit_file,
    take_written,
)
from services.intake.http.words import in_words, language_for
from services.runtime.errors import is_transient
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request, problem_responses, unavailable_now

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

    from services.intake.handle import Outcome

BODY_BYTES_MAX = 100_000
BATCH_BYTES_MAX = 20_000_000
BATCH_ITEMS_MAX = 500

#: Items prepared before others get a turn: some 5 ms.
_ITEMS_PER_TURN = 20

REPORTERS = (Role.REPORTER, Role.OPERATOR, Role.SERVICE)
_Reporting = Annotated[Principal, Depends(require(*REPORTERS))]
_Importing = Annotated[Principal, Depends(require(Role.OPERATOR, Role.SERVICE))]
_Counting = Annotated[
    Principal, Depends(require(Role.OPERATOR, Role.SERVICE, Role.SUPERVISOR, Role.AUDITOR))
]


async def take_complaint(
    desk: Desk, scope: Scope, receive: Receive, principal: Principal
) -> dict[str, str]:
    """Take one complaint in; what is answered means that it is durable."""
    raw = await receive_json(scope, receive, BODY_BYTES_MAX)
    key = idempotency_key(scope)
    accepted = await take_written(desk, raw, str(principal.key_id), key)
    found = str(accepted.complaint_id)
    url = f"{desk.public_url}/v1/complaints/{found}"
    return {"complaint_id": found, "number": accepted.number, "status_url": url}


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(
        prefix="/v1",
        tags=["complaints"],
        responses=problem_responses(401, 403, 404, 409, 413, 422),
    )
    _add_accepting(router, desk)
    _add_reading(router, desk)
    return router


def _add_accepting(router: APIRouter, desk: Desk) -> None:
    # Whoever has a key comes in by `shortcut`; this route describes it, and refuses the others.
    @router.post("/complaints", status_code=202, openapi_extra=open_api(ComplaintBody))
    async def take_one(request: Request, principal: _Reporting) -> Response:
        """Take one complaint in; 202 means that it is durable."""
        return json_answer(
            await take_complaint(desk, request.scope, request.receive, principal), 202
        )

    @router.post("/complaints/batch")
    async def take_batch(request: Request, principal: _Importing) -> Response:
        """Take many complaints in: `{"items": […]}`, each judged by itself."""
        try:
            with desk.gatherer.reading_a_file():
                items = _items(await read_json(request, BATCH_BYTES_MAX))
                results = await _take_items(desk, items, principal)
        except OverloadedError as error:
            raise overloaded(error.retry_after_s) from error
        return json_answer({"results": results})


def _add_reading(router: APIRouter, desk: Desk) -> None:
    @router.get("/complaints/{complaint_id}")
    async def status(complaint_id: UUID, request: Request, lang: str | None = None) -> Response:
        """Tell how a complaint stands: no key is needed, for its id can't be guessed."""
        return await _status(desk, complaint_id, request, lang)

    @router.get("/complaints", responses=problem_responses(401, 403, 404, 422))
    async def look_up(
        request: Request, _: _Counting, number: Annotated[str, Query(min_length=1, max_length=64)]
    ) -> Response:
        """Find a complaint by the number that its reporter was given."""
        found = await lookups.by_number(desk.db, number.strip().upper())
        if found is None:
            raise Problem(
                404, "no-such-complaint", "没有这个编号的诉求。No complaint has this number."
            )
        return await _status(desk, found, request)

    @router.get("/totals")
    async def totals(
        _: _Counting, origin: Annotated[str | None, Query(max_length=64)] = None
    ) -> Response:
        """Count the complaints received, to be compared with what was sent."""
        return json_answer({"origin": origin, "received": await complaints.total(desk.db, origin)})


async def _status(
    desk: Desk, complaint_id: UUID, request: Request, lang: str | None = None
) -> Response:
    found = await views.public_status(desk.db, complaint_id)
    if found is None:
        raise Problem(404, "no-such-complaint", "No complaint has this id.")
    policy = desk.policies.current
    language = language_for(lang, request.headers.get("accept-language"), policy.city.language)
    return json_answer(in_words(found, policy.agencies, language))


def _items(raw: dict[str, Any]) -> list[Any]:
    items = raw.get("items")
    unknown = [(field, "Extra inputs are not permitted") for field in raw if field != "items"]
    if not isinstance(items, list) or len(items) > BATCH_ITEMS_MAX:
        unknown.append(("items", f"must be a list of {BATCH_ITEMS_MAX} items at the most"))
    if unknown or not isinstance(items, list):
        raise invalid_request(unknown)
    return items


async def _take_items(desk: Desk, items: list[Any], principal: Principal) -> list[dict[str, Any]]:
    """Check all, keep the good ones, report each."""
    results: list[dict[str, Any]] = []
    entries: list[Kept] = []
    now = desk.clock.now()
    places: list[int] = []
    for index, item in enumerate(items):
        if index % _ITEMS_PER_TURN == _ITEMS_PER_TURN - 1:
            await asyncio.sleep(0)  # A call that comes in meanwhile must not wait for a file.
        results.append({"index": index})
        try:
            entries.append(
                kept_for(desk, request_of(item, now), item, str(principal.key_id), is_bulk=True)
            )
            places.append(index)
        except Problem as problem:
            results[index] |= _failure(problem)
    outcomes = await asyncio.gather(*submit_file(desk, entries), return_exceptions=True)
    for index, outcome in zip(places, outcomes, strict=True):
        results[index] |= _result(outcome)
    return results


def _result(outcome: Outcome | BaseException) -> dict[str, Any]:
    if isinstance(outcome, Conflict):
        return _failure(idempotency_conflict())
    if isinstance(outcome, OverloadedError):
        return _failure(overloaded(outcome.retry_after_s))
    if isinstance(outcome, BaseException):
        if not is_transient(outcome):
            raise outcome
        return _failure(unavailable_now())
    return {
        "status": 202,
        "complaint_id": str(outcome.complaint_id),
        "number": outcome.number,
        "is_new": outcome.is_new,
    }


def _failure(problem: Problem) -> dict[str, Any]:
    told = {"code": problem.code, "detail": problem.detail, **problem.extensions}
    return {"status": problem.status, "is_new": False, "problem": told}
