"""Events and matters for tests, each valid and none of anybody's words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.events import Channel, ComplaintReceived, Event, Fact, Matter, Nature, Place, encode
from services.runtime.bus import Outgoing
from services.runtime.ids import new_id
from services.runtime.transaction import event_headers

#: A Tuesday morning.
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def a_matter(**changes: Any) -> Matter:
    """What a complaint is about, unless changed: a cold radiator."""
    fields: dict[str, Any] = {
        "number": "LZ-261124-000001",
        "channel": Channel.PHONE,
        "received_at": NOON,
        "nature": Nature.HELP,
        "text": "家里的暖气从昨晚开始就不热了，老人受不了。",
        "place": Place(district="990101", street="990101001"),
    }
    return Matter(**(fields | changes))


def an_event(
    fact: Fact,
    complaint_id: UUID | None = None,
    *,
    source: str = "intake",
    sequence: int = 1,
    **changes: Any,
) -> Event:
    """An event around a fact, as its writer would send it."""
    fields: dict[str, Any] = {
        "id": new_id(),
        "source": source,
        "type": f"whistle.{type(fact).__name__}",
        "time": NOON,
        "complaintid": complaint_id or new_id(),
        "sequence": sequence,
        "data": fact,
    }
    return Event(**(fields | changes))


def a_received_event(complaint_id: UUID | None = None, **matter: Any) -> Event:
    """The first event of a complaint."""
    return an_event(ComplaintReceived(matter=a_matter(**matter)), complaint_id)


def as_outgoing(event: Event, topic: str) -> Outgoing:
    """An event as it is published."""
    return Outgoing(topic, str(event.complaintid).encode(), encode(event), event_headers(event))
