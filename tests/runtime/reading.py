"""Reading back what was told on a bus in memory."""

from __future__ import annotations

from services.events import Event, decode
from services.runtime.memory import MemoryBus


def events_of(bus: MemoryBus, topic: str) -> list[Event]:
    """Everything on a topic, partition by partition."""
    return [decode(record.body) for record in bus.records(topic)]
