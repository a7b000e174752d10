"""Taking a report, and telling what its token stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response

from services.intake.adapters import requests
from services.intake.decide.open311_faults import Wrong
from services.intake.decide.open311_form import read_report
from services.intake.http.desk import idempotency_key
from services.intake.http.open311 import documents
from services.intake.http.open311.asking import query, reporter_of, rules_for, speech_for
from services.intake.http.open311.documents import Jurisdiction
from services.intake.http.open311.names import request_names, token_names
from services.intake.http.open311.route import WrongError
from services.intake.http.open311.writing import Format, answer
from services.intake.http.taking import entry_for, take

if TYPE_CHECKING:
    from services.intake.decide.open311 import Speech
    from services.intake.handle import Accepted
    from services.intake.http.desk import Desk

FORM_BYTES_MAX = 100_000
FORM_FIELDS_MAX = 200

_FORM = "application/x-www-form-urlencoded"

_NOTICE = {
    "zh": "已受理，编号 {number}。",
    "en": "Received under the number {number}.",
}


def add(router: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    names, tokens = request_names(desk.secrets.token_key), token_names(desk.secrets.token_key)

    def told(accepted: Accepted, speech: Speech) -> dict[str, Any]:
        by_token = speech.rules.returns_token
        called = {"token": tokens} if by_token else {"service_request_id": names}
        named = {field: kind.write(accepted.complaint_id) for field, kind in called.items()}
        notice = _NOTICE[speech.language].format(number=accepted.number)
        return named | {"service_notice": notice, "account_id": None}

    @router.post(
        "/v2/requests.{format}",
        responses=documents.REPORTED,
        response_class=Response,
        openapi_extra=documents.FORM,
    )
    async def report(format: Format, request: Request) -> Response:  # noqa: A002 - its name
        """Take a report in; an answer means that it is durable."""
        fields = await _read_form(request)
        principal = await reporter_of(request, fields)
        rules = rules_for(desk, fields)
        found = read_report(fields, rules)
        if isinstance(found, tuple):
            raise WrongError(found)
        key = idempotency_key(request.scope)
        raw = {name: values for name, values in fields.items() if name != "api_key"}
        entry = entry_for(desk, found, raw, str(principal.key_id), key)
        accepted = await take(desk, entry)
        speech = speech_for(desk, rules, request)
        return answer(desk, format, "service_requests", [told(accepted, speech)])

    @router.get("/v2/tokens/{token}.{format}", responses=documents.TOKEN, response_class=Response)
    async def request_of(
        token: str,
        format: Format,  # noqa: A002 - its name
        request: Request,
        jurisdiction_id: Jurisdiction = None,  # noqa: ARG001 - read from the request
    ) -> Response:
        """Tell the id of the request that a token was given for."""
        rules_for(desk, query(request))
        complaint_id = tokens.read(token)
        found = complaint_id and await requests.by_ids(desk.db, [complaint_id], [True])
        if not found:
            raise WrongError([Wrong("token: was not found", 404)])
        told = {"service_request_id": names.write(found[0].complaint_id), "token": token}
        return answer(desk, format, "service_requests", [told])


async def _read_form(request: Request) -> dict[str, list[str]]:
    """Read the form and the address's parameters together.

    Raises:
        WrongError: It is too big, of another kind, or not UTF-8.
    """
    kind = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if kind != _FORM:
        raise WrongError([Wrong(f"Content-Type: must be {_FORM}", 415)])
    too_big = WrongError([Wrong(f"A form has {FORM_BYTES_MAX} bytes at the most.", 413)])
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > FORM_BYTES_MAX:
        raise too_big
    written = await request.body()
    if len(written) > FORM_BYTES_MAX:
        raise too_big
    fields = query(request)
    try:
        pairs = parse_qsl(
            written.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=FORM_FIELDS_MAX,
        )
    except ValueError as error:  # UnicodeDecodeError is one, too.
        message = f"The form must be UTF-8 and have {FORM_FIELDS_MAX} fields at the most."
        raise WrongError([Wrong(message)]) from error
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\0", ""))
    return fields
