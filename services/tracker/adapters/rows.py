"""Making records of rows: what `columns` writes, read back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.events import Matter, Satisfaction, TimelineStep
from services.tracker.decide.case import (
    Callback,
    CallbackState,
    Case,
    CaseState,
    Clock,
    Exclusion,
    Extension,
    Followed,
    Order,
    OrderState,
    Pause,
    Request,
    Solution,
    Supervision,
)

if TYPE_CHECKING:
    import asyncpg


def a_case(
    row: asyncpg.Record,
    orders: tuple[Order, ...],
    callbacks: tuple[Callback, ...],
    supervisions: tuple[Supervision, ...],
    followed: Followed | None,
) -> Case:
    """Make a case of its row and its parts."""
    return Case(
        complaint_id=row["complaint_id"],
        state=CaseState(row["state"]),
        outcome=row["outcome"],
        matter=Matter.model_validate(row["matter"]),
        policy=row["policy"],
        opened_at=row["opened_at"],
        attempt=row["attempt"],
        round=row["round"],
        level=row["level"],
        urges=row["urges"],
        lead=row["lead"],
        scored=row["scored"],
        standard=row["standard"],
        copies=tuple(row["copies"]),
        excluded=tuple(row["excluded"]),
        held_because=row["held_because"],
        closed_as=row["closed_as"],
        closed_at=row["closed_at"],
        orders=orders,
        callbacks=callbacks,
        supervisions=supervisions,
        merged_into=row["merged_into"],
        followers=tuple(UUID(key) for key in row["followers"]),
        followed=followed,
        history_length=row["history_length"],
    )


def an_order(row: asyncpg.Record) -> Order:
    """Make a work order of its row."""
    clock = Clock(
        sign_due_at=row["sign_due_at"],
        at_risk_at=row["at_risk_at"],
        due_at=row["due_at"],
        is_provisional=row["is_provisional"],
        timeline=tuple(TimelineStep.model_validate(step) for step in row["timeline"]),
        contact_due_at=row["contact_due_at"],
    )
    return Order(
        order_id=row["order_id"],
        agency=row["agency"],
        role=row["role"],
        round=row["round"],
        attempt=row["attempt"],
        standard=row["standard"],
        scored=row["scored"],
        state=OrderState(row["state"]),
        clock=clock,
        dispatched_at=row["dispatched_at"],
        tenure=row["tenure"],
        signed_at=row["signed_at"],
        ended_at=row["ended_at"],
        answer=row["answer"],
        is_on_time=row["is_on_time"],
        sign_breached_at=row["sign_breached_at"],
        warned_at=row["warned_at"],
        breached_at=row["breached_at"],
        contacted_at=row["contacted_at"],
        contact_breached_at=row["contact_breached_at"],
        ledger=tuple(_pause(one) for one in row["ledger"]),
        extensions=tuple(_extension(one) for one in row["extensions"]),
        requests=tuple(_request(one) for one in row["requests"]),
        cause=row["cause"],
    )


def a_callback(row: asyncpg.Record) -> Callback:
    """Make a call-back of its row."""
    satisfaction = row["satisfaction"]
    return Callback(
        callback_id=row["callback_id"],
        order_id=row["order_id"],
        round=row["round"],
        agency=row["agency"],
        scored=row["scored"],
        answer=row["answer"],
        state=CallbackState(row["state"]),
        resolved_at=row["resolved_at"],
        lapses_at=row["lapses_at"],
        asked_at=row["asked_at"],
        ended_at=row["ended_at"],
        answered_by=row["answered_by"],
        is_contacted=row["is_contacted"],
        is_solved=row["is_solved"],
        satisfaction=Satisfaction(satisfaction) if satisfaction else None,
        lapse_reason=row["lapse_reason"],
        exclusion=_exclusion(row) if row["excluded_at"] else None,
        cause=row["cause"],
    )


def a_supervision(row: asyncpg.Record) -> Supervision:
    """Make a supervision of its row."""
    return Supervision(
        supervision_id=row["supervision_id"],
        because=row["because"],
        level=row["level"],
        raised_to=row["raised_to"],
        opened_at=row["opened_at"],
        order_id=row["order_id"],
        agency=row["agency"],
        closed_at=row["closed_at"],
        closed_because=row["closed_because"],
    )


def a_followed(row: asyncpg.Record) -> Followed:
    """Make what a merged case follows of its row."""
    solution = None
    if row["order_id"] is not None:
        names = ("order_id", "agency", "scored", "answer", "cause")
        solution = Solution(**{name: row[name] for name in names})
    return Followed(
        state=CaseState(row["state"]) if row["state"] else None,
        is_circle=row["is_circle"],
        solution=solution,
        lead=row["lead"],
        scored=row["lead_scored"],
        standard=row["standard"],
    )


def _exclusion(row: asyncpg.Record) -> Exclusion:
    return Exclusion(
        reason=row["excluded_because"],
        approved_by=row["excluded_by"],
        excluded_at=row["excluded_at"],
        note=row["exclusion_note"],
    )


def _pause(stored: dict[str, Any]) -> Pause:
    return Pause(
        since=datetime.fromisoformat(stored["since"]),
        until=_instant(stored["until"]),
        reason=stored["reason"],
        approved_by=stored["approved_by"],
        ends_by=_instant(stored["ends_by"]),
    )


def _extension(stored: dict[str, str]) -> Extension:
    return Extension(
        request_id=UUID(stored["request_id"]),
        granted_at=datetime.fromisoformat(stored["granted_at"]),
        due_at=datetime.fromisoformat(stored["due_at"]),
        reason=stored["reason"],
        approved_by=stored["approved_by"],
    )


def _request(stored: dict[str, Any]) -> Request:
    return Request(
        request_id=UUID(stored["request_id"]),
        relief=stored["relief"],
        requested_at=datetime.fromisoformat(stored["requested_at"]),
        reason=stored["reason"],
        until=_instant(stored["until"]),
        note=stored["note"],
    )


def _instant(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
