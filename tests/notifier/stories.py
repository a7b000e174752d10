"""Endpoints and tracked events for the notifier's tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.events import CallbackDue, Event, Fact, OrderDispatched
from services.notifier.decide import Endpoint, SigningKey
from services.notifier.http.bodies import DEFAULT_TYPES
from tests.builders import NOON, a_matter, an_event

COMPLAINT = UUID("019ab3c4-5d6e-7f80-9123-456789abcdef")
ORDER = UUID("019ab3c4-5d6e-7f80-9123-000000000001")
CALLBACK = UUID("019ab3c4-5d6e-7f80-9123-000000000002")
REPORTER = "p-" + "a1" * 15


def an_endpoint(number: int, agency: str | None, **changes: Any) -> Endpoint:
    """An endpoint as a process keeps it in memory."""
    fields: dict[str, Any] = {
        "endpoint_id": UUID(int=number),
        "number": number,
        "url": f"https://receiver-{number}.example/in",
        "agency": agency,
        "event_types": frozenset(DEFAULT_TYPES),
        "keys": (SigningKey(bytes(32)),),
    }
    return Endpoint(**(fields | changes))


def a_dispatch(*, copies: tuple[str, ...] = (), **matter: Any) -> OrderDispatched:
    """A street gets an order about a cold radiator."""
    return OrderDispatched(
        order_id=ORDER,
        agency="street-990101001",
        role="lead",
        round=1,
        attempt=1,
        copies=copies,
        scored="street-990101001",
        standard="ordinary",
        sign_due_at=None,
        at_risk_at=NOON + timedelta(days=6),
        due_at=NOON + timedelta(days=7),
        timeline=(),
        matter=a_matter(**matter),
    )


def a_callback_due(**changes: Any) -> CallbackDue:
    """The street says the radiator is warm; the person is to be asked."""
    fields: dict[str, Any] = {
        "callback_id": CALLBACK,
        "round": 1,
        "order_id": ORDER,
        "agency": "street-990101001",
        "number": "LZ-261124-000001",
        "answer": "已更换阀门，暖气恢复正常。",
        "reporter": REPORTER,
        "language": "zh",
        "lapses_at": NOON + timedelta(days=5),
    }
    return CallbackDue(**(fields | changes))


def a_tracked_event(fact: Fact, sequence: int, complaint_id: UUID = COMPLAINT) -> Event:
    """A fact as the tracker tells it."""
    return an_event(fact, complaint_id, source="tracker", sequence=sequence)
