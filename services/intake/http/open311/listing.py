"""The public's view of requests: many, or one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from services.intake.adapters import requests
from services.intake.decide import open311
from services.intake.decide.open311_faults import Wrong
from services.intake.decide.open311_query import read_filter
from services.intake.decide.view import Status
from services.intake.http.open311 import documents
from services.intake.http.open311.asking import query, rules_for, speech_for
from services.intake.http.open311.documents import Jurisdiction
from services.intake.http.open311.names import request_names
from services.intake.http.open311.route import WrongError
from services.intake.http.open311.writing import Format, answer
from services.intake.http.words import STATUS_WORDS
from services.policy.open311 import Lists

if TYPE_CHECKING:
    from services.intake.decide.open311 import Published, Speech
    from services.intake.http.desk import Desk
    from services.policy.open311 import Open311Rules


def add(router: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    names = request_names(desk.secrets.token_key)

    def told(found: Published, speech: Speech) -> dict[str, Any]:
        shown = names.write(found.complaint_id)
        return open311.request(found, shown, _note(found, speech.language), speech)

    @router.get(
        "/v2/requests.{format}",
        responses=documents.REQUESTS,
        response_class=Response,
        openapi_extra=documents.FILTERS,
    )
    async def requests_list(format: Format, request: Request) -> Response:  # noqa: A002 - its name
        """List requests, newest first; without dates those of the last 90 days."""
        fields = query(request)
        rules = rules_for(desk, fields)
        asked = read_filter(fields, desk.clock.now())
        if isinstance(asked, tuple):
            raise WrongError(asked)
        if asked.ids:
            ids = [found for name in asked.ids if (found := names.read(name))]
            rows = await requests.by_ids(desk.db, ids, _sources(rules))
        else:
            rows = await requests.listed(desk.db, asked, _sources(rules))
        speech = speech_for(desk, rules, request)
        return answer(desk, format, "service_requests", [told(row, speech) for row in rows])

    @router.get(
        "/v2/requests/{service_request_id}.{format}",
        responses=documents.REQUEST,
        response_class=Response,
    )
    async def one_request(
        service_request_id: str,
        format: Format,  # noqa: A002 - its name
        request: Request,
        jurisdiction_id: Jurisdiction = None,  # noqa: ARG001 - read from the request
    ) -> Response:
        """Tell how a request stands."""
        rules = rules_for(desk, query(request))
        complaint_id = names.read(service_request_id)
        rows = complaint_id and await requests.by_ids(desk.db, [complaint_id], _sources(rules))
        if not rows:
            raise WrongError([Wrong("service_request_id: was not found", 404)])
        speech = speech_for(desk, rules, request)
        return answer(desk, format, "service_requests", [told(rows[0], speech)])


def _sources(rules: Open311Rules) -> list[bool]:
    return [True, False] if rules.lists is Lists.ALL else [True]


def _note(found: Published, language: str) -> str:
    status = Status(found.status or Status.RECEIVED)
    return STATUS_WORDS[status][0 if language == "zh" else 1]
