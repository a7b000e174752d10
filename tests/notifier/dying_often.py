"""A notifier with much to do; `killing` runs it.

Every run tells the same events again, as a broker does that nobody told how far we were.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid5

from services.events import OrderAtRisk
from tests.builders import NOON, an_event, as_outgoing
from tests.notifier.conftest import Door, open_door
from tests.notifier.stories import COMPLAINT, ORDER, a_dispatch

COMPLAINTS, EVENTS = 60, 2
AT_RISK = OrderAtRisk(order_id=ORDER, agency="street-990101001", due_at=NOON)


async def tell(door: Door) -> None:
    """Let the tracker tell everything it ever told."""
    publisher = door.path.bus.publisher()
    for n in range(COMPLAINTS):
        key = uuid5(COMPLAINT, str(n))
        for sequence, fact in enumerate((a_dispatch(), AT_RISK), start=1):
            event = an_event(
                fact, key, source="tracker", sequence=sequence, id=event_id(n, sequence)
            )
            await publisher.publish([as_outgoing(event, "complaints.tracked")])


def event_id(n: int, sequence: int) -> UUID:
    """Name an event the same in every run."""
    return uuid5(COMPLAINT, f"{n}/{sequence}")


async def main(dsn: str, folder: str, run: str, *urls: str) -> None:
    """Deliver everything, if nothing kills us on the way."""
    async with open_door(dsn, Path(folder)) as door:
        # The leases of the one before have run out.
        door.clock.advance(int(run) * timedelta(seconds=61))
        client = await door.client()
        if not (await client.get("/v1/endpoints")).json()["items"]:
            for url in urls:
                await door.add_endpoint(url)
        await tell(door)
        await door.settle()
