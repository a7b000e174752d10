"""`/v1/orders`: work orders; an agency sees its own and nobody else's."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.runtime.clock import Clock
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem, invalid_request
from services.tracker.adapters.reading import CaseReading
from services.tracker.decide.case import OrderState
from services.tracker.http.views import ListedOrder, OrderPage

_READERS = require(Role.AGENCY, Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE)


def routes(reading: CaseReading, clock: Clock) -> APIRouter:
    """Make the routes over the tables; the clock says what is overdue."""
    router = APIRouter(prefix="/v1/orders", tags=["orders"])

    @router.get("")
    async def list_orders(
        *,
        caller: Annotated[Principal, Depends(_READERS)],
        state: Annotated[
            OrderState | Literal["open", "overdue"] | None,
            Query(description="A state, or `open` (not ended), or `overdue` (open and late)."),
        ] = None,
        agency: str | None = None,
        district: str | None = None,
        category: str | None = None,
        cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> OrderPage:
        """Find work orders, the soonest due first."""
        filters: dict[str, object] = _state_filter(state, clock)
        chosen = _agency_of(caller, agency)
        asked = {"agency": chosen, "district": district, "category": category}
        filters |= {name: value for name, value in asked.items() if value is not None}
        if cursor is not None:
            filters["after"] = _read_cursor(cursor)
        rows = await reading.orders(filters, limit + 1)
        items = [ListedOrder.model_validate(row) for row in rows[:limit]]
        return OrderPage(items=items, next=_cursor(items[-1]) if len(rows) > limit else None)

    return router


def _agency_of(caller: Principal, asked: str | None) -> str | None:
    """Keep an agency to its own orders."""
    if caller.role is not Role.AGENCY:
        return asked
    if asked not in (None, caller.agency):
        raise Problem(403, "not-your-orders", "An agency sees its own orders only.")
    return caller.agency


def _state_filter(state: str | None, clock: Clock) -> dict[str, object]:
    match state:
        case None:
            return {}
        case "open":
            return {"is_open": ()}
        case "overdue":
            return {"overdue_at": clock.now()}
        case OrderState.DISPATCHED | OrderState.SIGNED:
            # The same orders, found in the small index of the open ones.
            return {"state": state, "is_open": ()}
        case _:
            return {"state": state}


def _cursor(last: ListedOrder) -> str:
    place = f"{last.due_at.isoformat()}|{last.order_id}"
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        due_at, _, order_id = place.partition("|")
        return datetime.fromisoformat(due_at), UUID(order_id)
    except (ValueError, binascii.Error) as error:
        raise invalid_request([("cursor", "not a cursor of ours")]) from error
