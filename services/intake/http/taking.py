"""From a caller's words to a durable complaint: what every door does alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from services.intake.adapters.gathering import OverloadedError
from services.intake.decide.acceptance import Refused, prepare
from services.intake.decide.duplicates import Conflict
from services.intake.handle import Entry
from services.intake.http.bodies import ComplaintBody
from services.intake.http.desk import idempotency_conflict
from services.runtime.failpoints import hit
from services.runtime.ids import new_id
from services.runtime.problems import Problem, invalid_request

if TYPE_CHECKING:
    from fastapi import Request

    from services.intake.decide import acceptance
    from services.intake.handle import Accepted
    from services.intake.http.desk import Desk


async def read_json(request: Request, bytes_max: int) -> Any:  # noqa: ANN401 - any JSON
    """Read a body that isn't too big.

    Raises:
        Problem: 413, or 422 if it is no JSON object.
    """
    declared = request.headers.get("content-length", "0")
    too_big = Problem(413, "too-big", f"A body has {bytes_max} bytes at the most.")
    if declared.isdecimal() and int(declared) > bytes_max:
        raise too_big
    body = bytearray()
    async for chunk in request.stream():  # A length may be missing, or a lie.
        body += chunk
        if len(body) > bytes_max:
            raise too_big
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid_request([("body", f"no JSON: {error}")]) from error
    if not isinstance(raw, dict):
        raise invalid_request([("body", "must be a JSON object")])
    return raw


def entry_of(
    desk: Desk,
    raw: Any,  # noqa: ANN401 - any JSON
    scope: str,
    key: str | None = None,
) -> Entry:
    """Check and prepare one complaint as callers of our own API write it.

    Args:
        desk: The door's equipment.
        raw: Parsed JSON, see `ComplaintBody`.
        scope: Who asks: the id of the key, or a name such as `hook:water`. An
            Idempotency-Key counts within it.
        key: The Idempotency-Key.

    Raises:
        Problem: 422, naming every wrong field.
    """
    try:
        request = ComplaintBody.model_validate(raw).request()
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid_request(
            [(".".join(map(str, fault["loc"])) or "body", fault["msg"]) for fault in faults]
        ) from error
    return entry_for(desk, request, raw, scope, key)


def entry_for(
    desk: Desk,
    request: acceptance.Request,
    raw: Any,  # noqa: ANN401 - any JSON
    scope: str,
    key: str | None = None,
) -> Entry:
    """Prepare a complaint whose form has been checked; `raw` is what it is known again by.

    Raises:
        Problem: 422, naming the field that can't be right.
    """
    prepared = prepare(request, desk.lexicon, desk.secrets.token_key, desk.clock.now())
    if isinstance(prepared, Refused):
        raise invalid_request([(prepared.field, prepared.message)])
    body_hash = desk.body_hash("complaints", raw)
    return Entry(new_id(), prepared, body_hash, scope, key, request.media_urls)


async def take(desk: Desk, entry: Entry) -> Accepted:
    """Take one complaint in, together with others that come at the same time.

    Raises:
        Problem: 409, its key or its id stands for another body; 503, too much is waiting.
    """
    try:
        outcome = await desk.gatherer.submit(entry)
    except OverloadedError as error:
        raise overloaded(error.retry_after_s) from error
    hit("midway_through_answers")
    if isinstance(outcome, Conflict):
        raise idempotency_conflict()
    return outcome


def overloaded(retry_after_s: int = 1) -> Problem:
    """Say that too much is waiting, and when to come again."""
    return Problem(
        503,
        "overloaded",
        "Too much is waiting. Nothing was stored.",
        headers={"Retry-After": str(retry_after_s)},
    )
