"""What people were told, for whoever looks after a complaint; never to whom."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from services.notifier.adapters import notices
from services.notifier.http.desk import Desk, Overseer, plain

_PAGE_MAX = 500


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    router = APIRouter(prefix="/v1/notices", tags=["notices"])

    @router.get("")
    async def list_notices(
        _: Overseer,
        *,
        complaint_id: UUID | None = None,
        state: Literal["pending", "sent", "failed"] | None = None,
        before: AwareDatetime | None = None,
        before_id: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=_PAGE_MAX)] = 100,
    ) -> dict[str, Any]:
        """List notices, the newest first; the last one's `planned_at` and id begin a next page."""
        rows = await notices.page(
            desk.db,
            complaint_id=complaint_id,
            state=state,
            before=None if before is None else (before, before_id or UUID(int=0)),
            limit=limit,
        )
        return {"items": [plain(row) for row in rows]}

    return router
