"""What became of deliveries, and starting them over."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from services.notifier.adapters import callbacks, deliveries, searches
from services.notifier.adapters.searches import Wanted
from services.notifier.http.bodies import ReplayMany
from services.notifier.http.desk import Desk, Manager, Overseer, Reader, may_see, plain
from services.runtime.keys import Principal, Role
from services.runtime.problems import Problem

#: Deliveries that one call starts over; call again for more.
REPLAY_MAX = 10_000

State = Literal["pending", "delivered", "failed", "cancelled"]


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1", tags=["deliveries"])
    _add_reading(router, desk)
    _add_replaying(router, desk)

    @router.get("/totals")
    async def get_totals(_: Overseer) -> dict[str, Any]:
        """Count deliveries and call-backs by state."""
        return {
            "deliveries": await deliveries.totals(desk.db),
            "callbacks": await callbacks.totals(desk.db),
        }

    return router


def _add_reading(router: APIRouter, desk: Desk) -> None:
    @router.get("/deliveries")
    async def list_deliveries(
        principal: Reader,
        *,
        endpoint: UUID | None = None,
        complaint: UUID | None = None,
        state: State | None = None,
        event_type: Annotated[list[str], Query(description="Repeat for several.")] = [],  # noqa: B006
        since: Annotated[AwareDatetime | None, Query(description="Of events from then on.")] = None,
        until: Annotated[AwareDatetime | None, Query(description="Of events before then.")] = None,
        status: Annotated[
            int | None, Query(ge=100, le=599, description="What the last attempt was answered.")
        ] = None,
        before: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> dict[str, Any]:
        """List deliveries, the newest first; `next` is the `before` of the following page."""
        wanted = Wanted(
            endpoint_id=endpoint,
            complaint_id=complaint,
            state=state,
            event_types=event_type,
            since=since,
            until=until,
            status=status,
            only=await _own(desk, principal),
        )
        rows = await searches.page(desk.db, wanted, before, limit)
        last = rows[-1]["delivery_id"] if len(rows) == limit else None
        return {"items": [plain(row) for row in rows], "next": last}

    @router.get("/deliveries/{delivery_id}")
    async def get_delivery(delivery_id: UUID, principal: Reader) -> dict[str, Any]:
        """Show one delivery with its attempts."""
        return plain(await _delivery(desk, delivery_id, principal))

    @router.get("/events/{complaint_id}/{sequence}")
    async def get_event(
        complaint_id: UUID,
        sequence: Annotated[int, Path(ge=1, lt=2**31)],
        principal: Reader,
    ) -> Response:
        """Give an event in full, as a thin one links to; an agency's if it was told of it."""
        body = await searches.event(desk.db, complaint_id, sequence, principal.agency)
        if body is None:
            raise Problem(404, "no-such-event", "There is no such event, or no longer.")
        return Response(body, media_type="application/json")


def _add_replaying(router: APIRouter, desk: Desk) -> None:
    @router.post("/deliveries/{delivery_id}/replay", status_code=202)
    async def replay_one(delivery_id: UUID, principal: Manager) -> dict[str, Any]:
        """Start a finished delivery over; the endpoint sees the same `webhook-id`."""
        row = await _delivery(desk, delivery_id, principal)
        if await desk.endpoints.find(row["endpoint_id"]) is None:
            raise Problem(409, "endpoint-removed", "Its endpoint is gone: nobody would get it.")
        async with desk.db.transaction() as tx:
            is_replayed = await searches.replay(tx, delivery_id)
        if not is_replayed:
            raise Problem(409, "still-pending", "This delivery is still being attempted.")
        return {"replayed": 1}

    @router.post("/deliveries/replay", status_code=202)
    async def replay_many(body: ReplayMany, principal: Manager) -> dict[str, Any]:
        """Start an endpoint's deliveries over, the oldest first, 10,000 a call.

        `next` is the following call's `after`; null: that was all. With `is_dry_run` nothing
        is started, and `matching` says how many there are.
        """
        await desk.endpoint(body.endpoint, principal)
        wanted = Wanted(
            endpoint_id=body.endpoint,
            state=body.state,
            event_types=body.event_types,
            since=body.since,
            until=body.until,
        )
        if body.is_dry_run:
            return {"matching": await searches.count(desk.db, wanted, body.after)}
        async with desk.db.transaction() as tx:
            replayed = await searches.replay_all(tx, wanted, body.after, REPLAY_MAX)
        following = replayed[-1] if len(replayed) == REPLAY_MAX else None
        return {"replayed": len(replayed), "next": following}


async def _own(desk: Desk, principal: Principal) -> list[UUID] | None:
    """Name the endpoints the caller is limited to; None if it isn't."""
    if principal.role is not Role.AGENCY:
        return None
    return [row["endpoint_id"] for row in await desk.endpoints.all(principal.agency)]


async def _delivery(desk: Desk, delivery_id: UUID, principal: Principal) -> asyncpg.Record:
    row = await searches.find(desk.db, delivery_id)
    if row is not None:
        endpoint = await desk.endpoints.find(row["endpoint_id"])
        if may_see(principal, endpoint["agency"] if endpoint else None):
            return row
    raise Problem(404, "no-such-delivery", "There is no such delivery.")
