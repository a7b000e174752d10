"""For citizens who are asked back, by link or by an operator who calls them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError

from services.intake.adapters import views
from services.intake.decide import commands
from services.intake.decide.commands import Rejected, Verdict
from services.intake.http import page
from services.intake.http.bodies import CallbackBody, checked
from services.intake.http.desk import Desk, json_answer
from services.intake.http.rejections import rejected
from services.intake.http.taking import read_json
from services.intake.http.words import Language, language_for
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, problem_responses
from services.runtime.stage import perform
from services.runtime.tokens import CallbackTicket, read_callback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.intake.decide.view import View
    from services.intake.http.words import Language
    from services.runtime.step import Step

FORM_BYTES_MAX = 32_000

#: Before every expiry: a token read at this instant is judged by its signature alone.
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)

_HTML: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
_DONE: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}

#: A citizen gets a page, also where it says why there is nothing to answer; a program a problem.
_PAGES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page, or what was noted.", "content": {**_HTML, **_DONE}},
    **{
        status: {**problem, "content": {**problem["content"], **_HTML}}
        for status, problem in problem_responses(404, 409, 410, 413, 422).items()
    },
}

_Operator = Annotated[Principal, Depends(require(Role.OPERATOR))]
_Overseeing = Annotated[
    Principal, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE))
]


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1/callbacks", tags=["call-backs"])
    _add_for_operators(router, desk)
    _add_for_citizens(router, desk)
    return router


def _add_for_operators(router: APIRouter, desk: Desk) -> None:
    @router.get("", responses=problem_responses(401, 403, 422))
    async def list_open(
        _: _Overseeing,
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        """List the call-backs that wait for an answer, those that lapse first before others."""
        rows = await views.open_callbacks(desk.db, desk.clock.now(), after, limit)
        items = [dict(row) | {"lapses_at": row["lapses_at"].isoformat()} for row in rows]
        return json_answer({"items": items})

    @router.post(
        "/{callback_id}/result",
        status_code=202,
        responses=problem_responses(401, 403, 404, 409, 410, 422),
    )
    async def record_result(callback_id: UUID, body: CallbackBody, _: _Operator) -> Response:
        """Record what a citizen told an operator."""
        row = await views.find_callback(desk.db, callback_id)
        if row is None:
            raise rejected(Rejected("no-such-callback"))

        def decide(view: View | None, now: datetime) -> Step[View] | Rejected:
            return commands.answer(view, callback_id, body.verdict(), now, answered_by="operator")

        outcome = await perform(desk.db, desk.stage, row["complaint_id"], decide)
        if isinstance(outcome, Rejected):
            raise rejected(outcome)
        return json_answer({"callback_id": str(callback_id)}, 202)


def _language(desk: Desk, request: Request, lang: str | None) -> Language:
    city = desk.policies.current.city.language
    return language_for(lang, request.headers.get("accept-language"), city)


def _add_for_citizens(router: APIRouter, desk: Desk) -> None:
    @router.get("/{token}", response_class=Response, responses=_PAGES)
    async def show(token: str, request: Request, lang: str | None = None) -> Response:
        """Show the page on which a citizen answers; looking at it never answers.

        `contacted`, `solved` and `satisfaction` in the address preselect what they say.
        """
        language = _language(desk, request, lang)
        ticket = _ticket(desk, token)
        if ticket is None:
            return page.message("gone", language, 404)
        return await _show(desk, ticket, language, page.preselected(request.query_params))

    @router.post("/{token}", response_class=Response, responses=_PAGES)
    async def take_answer(token: str, request: Request, lang: str | None = None) -> Response:
        """Take a citizen's answer: the page's form, or JSON."""
        language = _language(desk, request, lang)
        ticket = _ticket(desk, token)
        if request.headers.get("content-type", "").startswith("application/json"):
            return await _take_json(desk, ticket, request)
        return await _take_form(desk, ticket, request, language)


def _ticket(desk: Desk, token: str) -> CallbackTicket | None:
    """Read a token that we signed, even one that has expired."""
    return read_callback(desk.secrets.callback_secret, token, _ALWAYS)


async def _question(desk: Desk, ticket: CallbackTicket) -> tuple[page.Question, Any] | None:
    row = await views.find_callback(desk.db, ticket.callback_id)
    if row is not None and row["number"]:
        return page.Question(row["number"], row["answer"]), row
    # The link was faster than the tracker's fact: it is asked without the answer's words.
    status = await views.public_status(desk.db, ticket.complaint_id)
    return None if status is None else (page.Question(status.number, None), row)


async def _show(
    desk: Desk,
    ticket: CallbackTicket,
    language: Language,
    chosen: Mapping[str, str],
    faults: frozenset[str] = frozenset(),
) -> Response:
    """Show the form, or why there is nothing to answer any more."""
    if ticket.expires_at <= desk.clock.now():
        return page.message("over", language, 410)
    found = await _question(desk, ticket)
    if found is None:
        return page.message("gone", language, 404)
    question, row = found
    if row is not None and row["answered_at"]:
        return page.message("already", language)
    if row is not None and row["closed_at"]:
        return page.message("closed", language, 410)
    return page.form(question, language, chosen, faults)


async def _answer(desk: Desk, ticket: CallbackTicket, verdict: Verdict) -> Rejected | None:
    def decide(view: View | None, now: datetime) -> Step[View] | Rejected:
        return commands.answer(
            view,
            ticket.callback_id,
            verdict,
            now,
            answered_by="citizen",
            lapses_at=ticket.expires_at,
        )

    outcome = await perform(desk.db, desk.stage, ticket.complaint_id, decide)
    return outcome if isinstance(outcome, Rejected) else None


async def _take_json(desk: Desk, ticket: CallbackTicket | None, request: Request) -> Response:
    if ticket is None:
        raise rejected(Rejected("no-such-callback"))
    raw = await read_json(request, FORM_BYTES_MAX)
    body = checked(CallbackBody, raw)
    why = await _answer(desk, ticket, body.verdict())
    if why:
        raise rejected(why)
    return json_answer({"callback_id": str(ticket.callback_id)})


#: What a citizen sees of a rejection.
_SAID = {"already-answered": ("already", 409), "over": ("closed", 410)}


async def _take_form(
    desk: Desk, ticket: CallbackTicket | None, request: Request, language: Language
) -> Response:
    if ticket is None:
        return page.message("gone", language, 404)
    fields = await _read_form(request)
    body = _complete(fields)
    if isinstance(body, frozenset):
        return await _show(desk, ticket, language, fields, body)
    why = await _answer(desk, ticket, body.verdict())
    if why is None:
        return page.message("thanks", language)
    if why.code == "over" and ticket.expires_at <= desk.clock.now():
        return page.message("over", language, 410)
    what, status = _SAID.get(why.code, ("gone", 404))
    return page.message(what, language, status)


def _complete(fields: Mapping[str, str]) -> CallbackBody | frozenset[str]:
    """Give a form's answer, or the names of the fields that are open or wrong."""
    try:
        return CallbackBody.model_validate(fields)
    except ValidationError as error:
        return frozenset(str(fault["loc"][0]) for fault in error.errors())


async def _read_form(request: Request) -> dict[str, str]:
    """Read the form's fields; none if it can't be read.

    A browser sends a line break as two characters, whereas its field counts one (HTML, "value" of
    a textarea): a wish as long as the page allows must be taken.

    Raises:
        Problem: 413, it is too big for a form of ours.
    """
    written = await request.body()
    if len(written) > FORM_BYTES_MAX:
        raise Problem(413, "too-big", f"A form has {FORM_BYTES_MAX} bytes at the most.")
    try:
        fields = parse_qs(written.decode(), max_num_fields=10)
    except ValueError:
        return {}
    ours = CallbackBody.model_fields
    return {
        name: values[0].replace("\r\n", "\n") for name, values in fields.items() if name in ours
    }
