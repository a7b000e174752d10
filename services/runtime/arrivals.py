"""What arrives at a consumer: an event with the record that carried it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import Event, InvalidEventError, decode

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.runtime.bus import Record


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that is to be applied, from the log or from the parking place.

    Attributes:
        record: Its bytes and where they stood.
        event: What they say.
        parked_at: When it was set aside; None straight from the log.
        attempts: How often it was tried since.
    """

    record: Record
    event: Event
    parked_at: datetime | None = None
    attempts: int = 0

    @property
    def writer(self) -> tuple[UUID, str]:
        """Whose history of which complaint it continues."""
        return self.event.complaintid, self.event.source


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that is given up, and why."""

    record: Record
    code: str
    message: str
    attempts: int = 1
    event: Event | None = None


def read(records: list[Record]) -> tuple[list[Arrival], list[DeadLetter]]:
    """Decode records; what isn't an event is given up at once."""
    arrivals: list[Arrival] = []
    dead: list[DeadLetter] = []
    for record in records:
        try:
            arrivals.append(Arrival(record, decode(record.body)))
        except InvalidEventError as error:
            dead.append(DeadLetter(record, error.code, str(error)))
    return arrivals, dead
