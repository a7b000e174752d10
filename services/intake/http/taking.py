"""From a caller's words to a durable complaint: what every door does alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from starlette.requests import ClientDisconnect

from services.intake.adapters.gathering import OverloadedError
from services.intake.decide.acceptance import prepare
from services.intake.decide.duplicates import Conflict
from services.intake.decide.objections import Refused, objection
from services.intake.handle import Entry, Kept
from services.intake.http.bodies import ComplaintBody, checked
from services.intake.http.desk import idempotency_conflict
from services.runtime.failpoints import hit
from services.runtime.ids import new_id
from services.runtime.keys import header_of
from services.runtime.problems import Problem, invalid_request

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from fastapi import Request
    from starlette.types import Receive, Scope

    from services.intake.decide import acceptance
    from services.intake.handle import Accepted, Outcome
    from services.intake.http.desk import Desk

T = TypeVar("T", Entry, Kept)

#: Beyond this, files must wait: what is unread has no order and no clock yet.
UNREAD_MAX = 20_000

#: A part of that is read by then.
_READ_WITHIN_S = 5


async def read_json(request: Request, bytes_max: int) -> Any:  # noqa: ANN401 - any JSON
    """Read a body that isn't too big.

    Raises:
        Problem: 413, or 422 if it is no JSON object.
    """
    return await receive_json(request.scope, request.receive, bytes_max)


async def receive_json(scope: Scope, receive: Receive, bytes_max: int) -> Any:  # noqa: ANN401 - any JSON
    """Read a body as `read_json` does, from the server itself."""
    declared = header_of(scope, b"content-length") or ""
    if declared.isdecimal() and int(declared) > bytes_max:
        raise _too_big(bytes_max)
    body, is_whole = bytearray(), False
    while not is_whole:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > bytes_max:  # A length may be missing, or a lie.
            raise _too_big(bytes_max)
        is_whole = not message.get("more_body", False)
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid_request([("body", f"no JSON: {error}")]) from error
    if not isinstance(raw, dict):
        raise invalid_request([("body", "must be a JSON object")])
    return raw


def _too_big(bytes_max: int) -> Problem:
    return Problem(413, "too-big", f"A body has {bytes_max} bytes at the most.")


def request_of(
    raw: Any,  # noqa: ANN401 - any JSON
    now: datetime | None = None,
) -> acceptance.Request:
    """Check the form of one complaint as callers of our own API write it, see `ComplaintBody`.

    Raises:
        Problem: 422, naming every wrong field.
    """
    return checked(ComplaintBody, raw).request(now)


async def take_written(
    desk: Desk,
    raw: Any,  # noqa: ANN401 - any JSON
    scope: str,
    key: str | None,
) -> Accepted:
    """Take a complaint as callers of our own API write it.

    A single caller's words are understood at once. While many call, they are made durable
    first, which takes a third of the time, and understood when the crowd is through.

    Raises:
        Problem: 422, naming every wrong field; as `take`.
    """
    request = request_of(raw, desk.clock.now())
    if desk.is_crowded:
        return await _settled(desk.kept.submit, kept_for(desk, request, raw, scope, key))
    return await take(desk, entry_for(desk, request, raw, scope, key))


def kept_for(
    desk: Desk,
    request: acceptance.Request,
    raw: Any,  # noqa: ANN401 - any JSON
    scope: str,
    key: str | None = None,
    *,
    is_bulk: bool = False,
) -> Kept:
    """Prepare a complaint for being kept, to be read later; `request` says when it was received.

    Raises:
        Problem: 422, naming the field that can't be right.
    """
    now, lexicon = desk.clock.now(), desk.lexicon
    if refused := objection(request, lexicon, now):
        raise invalid_request([(refused.field, refused.message)])
    return Kept(
        new_id(),
        request,
        desk.body_hash("complaints", raw),
        scope,
        key,
        lexicon.policy.city.number_prefix,
        now.astimezone(lexicon.zone).date(),
        is_bulk,
    )


def entry_for(
    desk: Desk,
    request: acceptance.Request,
    raw: Any,  # noqa: ANN401 - any JSON
    scope: str,
    key: str | None = None,
) -> Entry:
    """Prepare a complaint whose form has been checked.

    Args:
        desk: The door's equipment.
        request: What somebody asks.
        raw: What it is known again by: parsed JSON.
        scope: Who asks: the id of the key, or a name such as `hook:water`. An
            Idempotency-Key counts within it.
        key: The Idempotency-Key.

    Raises:
        Problem: 422, naming the field that can't be right.
    """
    prepared = prepare(request, desk.lexicon, desk.secrets.token_key, desk.clock.now())
    if isinstance(prepared, Refused):
        raise invalid_request([(prepared.field, prepared.message)])
    body_hash = desk.body_hash("complaints", raw)
    return Entry(new_id(), prepared, body_hash, scope, key, request.media_urls)


def submit_file(desk: Desk, entries: Sequence[Kept]) -> list[asyncio.Future[Outcome]]:
    """Hand in what a file holds; it is read when no caller waits.

    Raises:
        OverloadedError: So much is unread already that it should be read first.
    """
    if desk.reader.waiting + len(entries) > UNREAD_MAX:
        raise OverloadedError(_READ_WITHIN_S)
    return desk.kept.submit_bulk(entries)


async def take(desk: Desk, entry: Entry) -> Accepted:
    """Take one complaint in, together with others that come at the same time.

    Raises:
        Problem: 409, its key or its id stands for another body; 503, too much is waiting.
    """
    return await _settled(desk.gatherer.submit, entry)


async def _settled(submit: Callable[[T], asyncio.Future[Outcome]], item: T) -> Accepted:
    try:
        outcome = await submit(item)
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
        "Too much is waiting. Send it again after Retry-After seconds.",
        headers={"Retry-After": str(retry_after_s)},
    )
