"""Who is told: endpoints and their secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Response

from services.events import HookDisabled
from services.notifier.adapters import deliveries
from services.notifier.decide import Answer
from services.notifier.decide.payload import OPEN311_TYPES, render_test
from services.notifier.decide.responses import without_contacts
from services.notifier.decide.signing import headers, secret_text
from services.notifier.http.bodies import DEFAULT_TYPES, ChangedEndpoint, NewEndpoint
from services.notifier.http.desk import Desk, Manager, may_see, no_such_endpoint, plain
from services.runtime.ids import new_id
from services.runtime.keys import Principal, Role
from services.runtime.limits import Rate, RateLimiter, rate_limited
from services.runtime.problems import Problem, invalid_request
from services.runtime.transaction import Tx

#: Tests of one endpoint by one process: they heed neither its rate nor its rest.
_TESTS = Rate(per_second=0.05, burst=3)


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1/endpoints", tags=["endpoints"])
    _add_reading(router, desk)
    _add_writing(router, desk)
    _add_secrets(router, desk)
    return router


def _add_reading(router: APIRouter, desk: Desk) -> None:
    @router.get("")
    async def list_endpoints(principal: Manager) -> dict[str, Any]:
        """List endpoints; an agency sees its own."""
        rows = await desk.endpoints.all(principal.agency)
        return {"items": [plain(row) for row in rows]}

    @router.get("/{endpoint_id}")
    async def get_endpoint(endpoint_id: UUID, principal: Manager) -> dict[str, Any]:
        """Show one endpoint, without its secret."""
        return plain(await desk.endpoint(endpoint_id, principal))


def _add_writing(router: APIRouter, desk: Desk) -> None:
    @router.post("", status_code=201)
    async def add_endpoint(body: NewEndpoint, principal: Manager) -> dict[str, Any]:
        """Add an endpoint; the answer is the only one that ever shows its secret."""
        fields = body.model_dump() | {"agency": _agency_for(desk, body, principal)}
        if "event_types" not in body.model_fields_set and body.payload == "open311":
            fields["event_types"] = [name for name in DEFAULT_TYPES if name in OPEN311_TYPES]
        _check_subscription(desk, fields)
        async with desk.db.transaction() as tx:
            row, secret = await desk.endpoints.add(tx, fields)
        await desk.book.refresh()
        return _with_secret(row, secret)

    @router.patch("/{endpoint_id}")
    async def change_endpoint(
        endpoint_id: UUID, body: ChangedEndpoint, principal: Manager
    ) -> dict[str, Any]:
        """Change an endpoint; switching it on again also forgives its failures."""
        before = await desk.endpoint(endpoint_id, principal)
        fields = body.model_dump(exclude_unset=True)
        given = {name: value for name, value in fields.items() if value is not None}
        _check_subscription(desk, given, dict(before))
        async with desk.db.transaction() as tx:
            row = await desk.endpoints.change(tx, endpoint_id, fields)
            if row is not None and before["is_enabled"] and not row["is_enabled"]:
                _tell_disabled(tx, endpoint_id, row["agency"])
        await desk.book.refresh()
        if row is None:
            raise no_such_endpoint()
        return plain(row)

    @router.delete("/{endpoint_id}", status_code=204)
    async def remove_endpoint(endpoint_id: UUID, principal: Manager) -> Response:
        """Delete an endpoint; what it hasn't got is cancelled, of much the rest in background."""
        await desk.endpoint(endpoint_id, principal)
        async with desk.db.transaction() as tx:
            await desk.endpoints.remove(tx, endpoint_id)
        await desk.book.refresh()
        await deliveries.cancel_nobodys(desk.db, desk.clock.now())
        return Response(status_code=204)


def _agency_for(desk: Desk, body: NewEndpoint, principal: Principal) -> str | None:
    """Say whose events a new endpoint gets: an agency's own, else what was asked for.

    Raises:
        Problem: 403 for another agency's, 422 for one that the policy in force doesn't know:
            it would never match anything, and nobody would notice.
    """
    agency = body.agency
    if principal.role is Role.AGENCY:
        agency = agency or principal.agency
    if not may_see(principal, agency):
        raise Problem(403, "not-your-agency", "An agency adds endpoints of its own only.")
    if not desk.knows(agency):
        raise invalid_request([("agency", "no agency of the policy in force has this code")])
    return agency


def _check_subscription(
    desk: Desk, fields: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> None:
    """Refuse what would never match anything, or can't be told in the form that is asked for.

    Args:
        desk: Whose policy knows the codes.
        fields: What is to be written.
        before: What is there, where it is a change.

    Raises:
        Problem: 422, naming each field.
    """
    policy, errors = desk.policies.current, []
    for field, known in (("divisions", policy.divisions), ("categories", policy.categories)):
        unknown = [code for code in fields.get(field, ()) if code not in known]
        if unknown:
            errors.append((field, f"{', '.join(unknown)}: not in the policy in force"))
    after = {**(before or {}), **fields}
    if after["payload"] == "open311":
        untold = [name for name in after["event_types"] if name not in OPEN311_TYPES]
        if untold:
            message = f"{', '.join(untold)}: open311 tells {', '.join(OPEN311_TYPES)}"
            errors.append(("event_types", message))
    if errors:
        raise invalid_request(errors)


def _with_secret(row: asyncpg.Record, secret: bytes) -> dict[str, Any]:
    """Show an endpoint with its new secret; of v1a the public key is all that anybody needs."""
    shown = plain(row)
    return shown if row["signature"] == "v1a" else shown | {"secret": secret_text(secret)}


def _tell_disabled(tx: Tx, endpoint_id: UUID, agency: str | None) -> None:
    tx.emit(endpoint_id, HookDisabled(endpoint_id=endpoint_id, agency=agency, reason="operator"))


def _add_secrets(router: APIRouter, desk: Desk) -> None:
    @router.post("/{endpoint_id}/rotate")
    async def rotate_secret(endpoint_id: UUID, principal: Manager) -> dict[str, Any]:
        """Give a new secret; for 24 hours requests are signed with the old one as well."""
        await desk.endpoint(endpoint_id, principal)
        async with desk.db.transaction() as tx:
            rotated = await desk.endpoints.rotate(tx, endpoint_id)
        await desk.book.refresh()
        if rotated is None:
            raise no_such_endpoint()
        row, secret = rotated
        return _with_secret(row, secret)

    tests = RateLimiter()

    @router.post("/{endpoint_id}/test")
    async def send_test(endpoint_id: UUID, principal: Manager) -> dict[str, Any]:
        """Send a signed test event in the endpoint's form now and tell what it answered.

        Three a minute for each endpoint; 429 says when to come again.
        """
        await desk.endpoint(endpoint_id, principal)
        if wait_s := tests.wait_s(endpoint_id, _TESTS):
            raise rate_limited(_TESTS, wait_s)
        return await _test(desk, endpoint_id)


async def _test(desk: Desk, endpoint_id: UUID) -> dict[str, Any]:
    await desk.book.refresh()
    endpoint = desk.book.directory.get(endpoint_id)
    if endpoint is None:
        raise no_such_endpoint()
    now, event_id = desk.clock.now(), new_id()
    body = render_test(endpoint.payload, endpoint_id, event_id, now, desk.book.directory.policy)
    keys, at = endpoint.signing_keys(now), int(now.timestamp())
    signed = headers(keys, str(event_id), at, body, endpoint.signature)
    result = await desk.transport.post(endpoint.url, signed, body)
    if isinstance(result, Answer):
        return {
            "event_id": event_id,
            "is_delivered": result.is_success,
            "status": result.status,
            "response": without_contacts(result.body.decode(errors="replace")),
        }
    return {
        "event_id": event_id,
        "is_delivered": False,
        "error": result.code,
        "detail": result.detail,
    }
