"""`/v1/orders`: work orders; an agency sees its own and nobody else's."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from services.runtime.clock import Clock
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem
from services.tracker.adapters.reading import CaseReading
from services.tracker.decide.case import OrderState
from services.tracker.http.cursors import read_cursor, write_cursor
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
            OrderState | Literal["open", "overdue", "asking"] | None,
            Query(
                description="A state, or `open` (not ended), `overdue` (open and late), or "
                "`asking` (its agency asked for relief, and nobody has decided)."
            ),
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
            filters["after"] = read_cursor(cursor)
        rows = await reading.orders(filters, limit + 1)
        items = [ListedOrder.model_validate(row) for row in rows[:limit]]
        last = items[-1] if len(rows) > limit else None
        return OrderPage(
            items=items, next=write_cursor(last.due_at, last.order_id) if last else None
        )

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
        case "open" | "asking":
            return {f"is_{state}": ()}
        case "overdue":
            return {"overdue_at": clock.now()}
        case OrderState.PAUSED | OrderState.DEFERRED:
            return {"still": state}
        case OrderState.RETURNED | OrderState.RECALLED:
            return {"taken_back": state}
        case OrderState.DISPATCHED | OrderState.SIGNED:
            # The same orders, found in the small index of the open ones.
            return {"state": state, "is_open": ()}
        case _:
            return {"state": state} if state else {}
