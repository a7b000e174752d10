"""For city systems that call us: `POST /v1/hooks/{source}`, in their own words."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from services.intake.adapters import hooks
from services.intake.http import hook_calls, hook_sources
from services.intake.http.desk import Desk, json_answer
from services.intake.http.hook_taking import sealer_of, settle, store
from services.runtime import telemetry
from services.runtime.errors import MisconfiguredError
from services.runtime.ids import new_id
from services.runtime.problems import Problem, problem_responses, unavailable_now
from services.runtime.webhooks import Verdict, verify

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.intake.adapters.sealing import Sealer
    from services.policy import HookMapping

BODY_BYTES_MAX = 1_000_000
_CONTENT_TYPE_MAX = 200

_Source = Annotated[str, Path(max_length=40)]

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {}},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        },
    }
}

log = telemetry.get_logger()


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1", tags=["hooks"])
    sealer = sealer_of(desk)
    documented = problem_responses(401, 404, 409, 413, 422)

    @router.post("/hooks/{source}", status_code=202, openapi_extra=_BODY, responses=documented)
    async def take_call(source: _Source, request: Request) -> Response:
        """Take a system's call as it comes; 202 means that it is durable, whatever it holds."""
        mapping = desk.lexicon.policy.hooks.get(source)
        now = desk.clock.now()
        secrets = await _secrets(desk, sealer, source, now) if mapping else ()
        if mapping is None or not secrets:
            raise Problem(404, "no-such-source", "No source of this name may call.")
        body = await _read(request)
        headers = dict(request.headers)
        _admit(mapping, _verdict(mapping, secrets, headers, body, now.timestamp()))
        call = hooks.Call(
            new_id(),
            source,
            headers.get("webhook-id") if mapping.signature == "standard-webhooks" else None,
            headers.get("content-type", "")[:_CONTENT_TYPE_MAX].replace("\0", ""),
            body,
            desk.body_hash(f"hooks/{source}", body.hex()),
        )
        call_id = await store(desk, sealer, call)
        state = "received"
        try:
            state = await settle(desk, sealer, call_id)
        except Exception as error:  # noqa: BLE001 - it is durable: the sweeper goes on with it
            log.warning("hook-call-waits", call_id=str(call_id), error=repr(error))
        return json_answer(await _answer(desk, call_id, state), 202)

    router.include_router(hook_calls.routes(desk))
    router.include_router(hook_sources.routes(desk))
    return router


async def _secrets(desk: Desk, sealer: Sealer, source: str, now: datetime) -> tuple[str, ...]:
    """Find the secrets that are good now.

    Raises:
        Problem: 503, they can't be opened: the caller is right to come again.
    """
    try:
        return await hooks.find_secrets(desk.db, sealer, source, now)
    except MisconfiguredError as error:
        log.critical("hook-secret-unreadable", source=source, error=str(error))
        raise unavailable_now() from error


async def _read(request: Request) -> bytes:
    """Read a body that isn't too big, without keeping more of it than that.

    Raises:
        Problem: 413.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise Problem(413, "too-big", f"A body has {BODY_BYTES_MAX} bytes at the most.")
    return bytes(body)


def _verdict(
    mapping: HookMapping, secrets: tuple[str, ...], headers: dict[str, str], body: bytes, now: float
) -> Verdict:
    if mapping.signature == "standard-webhooks":
        return verify(secrets, headers, body, now, mapping.replay_within_s)
    offered = headers.get(mapping.header or "", "").encode()
    matches = False
    for secret in secrets:
        matches |= hmac.compare_digest(secret.encode(), offered)
    return "genuine" if matches else "forged"


def _admit(mapping: HookMapping, verdict: Verdict) -> None:
    """Let a genuine call in.

    Raises:
        Problem: 401; of a call that isn't genuine nothing is kept but the count.
    """
    if verdict == "genuine":
        return
    telemetry.HOOK_CALLS.labels(mapping.source, verdict).inc()
    log.warning("hook-call-refused", source=mapping.source, verdict=verdict)
    if verdict == "stale":
        raise Problem(
            401,
            "stale",
            f"webhook-timestamp is more than {mapping.replay_within_s} seconds away.",
        )
    raise Problem(401, "wrong-signature", "The signature doesn't hold for these bytes.")


async def _answer(desk: Desk, call_id: UUID, state: str) -> dict[str, Any]:
    """Tell what became of a call; why it is parked is our affair, not the caller's."""
    try:
        rows = await hooks.complaints_of(desk.db, call_id)
    except Exception:  # noqa: BLE001 - the call is durable, which is what counts
        rows = []
    complaints = [{"complaint_id": str(found), "number": number} for _, found, number in rows]
    return {"call_id": str(call_id), "state": state, "complaints": complaints}
