"""What became of deliveries, and starting them over."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query

from services.notifier.adapters import callbacks, deliveries
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
        before: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> dict[str, Any]:
        """List deliveries, the newest first; `next` is the `before` of the following page."""
        rows = await deliveries.page(
            desk.db,
            endpoint_id=endpoint,
            complaint_id=complaint,
            state=state,
            before=before,
            only=await _own(desk, principal),
            limit=limit,
        )
        last = rows[-1]["delivery_id"] if len(rows) == limit else None
        return {"items": [plain(row) for row in rows], "next": last}

    @router.get("/deliveries/{delivery_id}")
    async def get_delivery(delivery_id: UUID, principal: Reader) -> dict[str, Any]:
        """Show one delivery with its attempts."""
        return plain(await _delivery(desk, delivery_id, principal))


def _add_replaying(router: APIRouter, desk: Desk) -> None:
    @router.post("/deliveries/{delivery_id}/replay", status_code=202)
    async def replay_one(delivery_id: UUID, principal: Manager) -> dict[str, Any]:
        """Start a finished delivery over; the endpoint sees the same `webhook-id`."""
        await _delivery(desk, delivery_id, principal)
        async with desk.db.transaction() as tx:
            is_replayed = await deliveries.replay(tx, delivery_id)
        if not is_replayed:
            raise Problem(409, "still-pending", "This delivery is still being attempted.")
        return {"replayed": 1}

    @router.post("/deliveries/replay", status_code=202)
    async def replay_many(body: ReplayMany, principal: Manager) -> dict[str, Any]:
        """Start an endpoint's deliveries of a state over, the oldest first, 10,000 a call."""
        await desk.endpoint(body.endpoint, principal)
        async with desk.db.transaction() as tx:
            count = await deliveries.replay_all(tx, body.endpoint, body.state, REPLAY_MAX)
        return {"replayed": count}


async def _own(desk: Desk, principal: Principal) -> list[UUID] | None:
    """Name the endpoints the caller is limited to; None if it isn't."""
    if principal.role is not Role.AGENCY:
        return None
    return [row["endpoint_id"] for row in await desk.endpoints.all(principal.agency)]


async def _delivery(desk: Desk, delivery_id: UUID, principal: Principal) -> asyncpg.Record:
    row = await deliveries.find(desk.db, delivery_id)
    if row is not None:
        endpoint = await desk.endpoints.find(row["endpoint_id"])
        if may_see(principal, endpoint["agency"] if endpoint else None):
            return row
    raise Problem(404, "no-such-delivery", "There is no such delivery.")
