"""The tracker's part in `benchmarks.notifier`: orders for streets, told on the real topic."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.events import (
    Channel,
    Event,
    Fact,
    Matter,
    Nature,
    OrderDispatched,
    Place,
    encode,
)
from services.runtime.bus import Outgoing
from services.runtime.ids import new_id
from services.runtime.kafka import KafkaBus, KafkaPublisher
from services.runtime.transaction import event_headers

TOPIC = "complaints.tracked"
TEXT = "单元门口堆了三天的建筑垃圾没有人清运，老人进出要绕行，请尽快安排。"


def an_order(n: int, agency: str) -> OrderDispatched:
    """An order as the tracker gives it: about two kilobytes on the wire."""
    at = datetime.now(UTC)  # noqa: TID251 - the order's own times don't matter here
    return OrderDispatched(
        order_id=new_id(),
        agency=agency,
        role="lead",
        round=1,
        attempt=1,
        copies=(),
        scored=agency,
        standard="ordinary",
        sign_due_at=None,
        at_risk_at=at + timedelta(days=6),
        due_at=at + timedelta(days=7),
        timeline=(),
        matter=Matter(
            number=f"LZ-261124-{n:06d}",
            channel=Channel.PHONE,
            received_at=at,
            nature=Nature.HELP,
            title="建筑垃圾未清运",
            text=f"{TEXT}（来电第{n}号）",
            place=Place(district="110105", street="110105001"),
        ),
    )


def an_event(fact: Fact, complaint_id: UUID, sequence: int = 1) -> Event:
    """A fact in its envelope, of this moment."""
    return Event(
        id=new_id(),
        source="tracker",
        type=f"whistle.{type(fact).__name__}",
        time=datetime.now(UTC),  # noqa: TID251 - as the tracker's transaction would say
        complaintid=complaint_id,
        sequence=sequence,
        data=fact,
    )


def orders(count: int, agencies: Sequence[str]) -> Iterator[Event]:
    """One complaint each, one order each, street by street."""
    for n in range(count):
        yield an_event(an_order(n, agencies[n % len(agencies)]), new_id())


def bodies(count: int) -> Iterator[tuple[str, bytes]]:
    """What a receiver gets of such orders: its id and its bytes."""
    for event in orders(count, ["street-110105001"]):
        yield str(event.id), encode(event)


class Tracker:
    """Tells orders on the topic that the notifier reads."""

    def __init__(self, kafka: str) -> None:
        """Know the broker."""
        self._publisher: KafkaPublisher = KafkaBus(kafka).publisher()
        self.told: dict[str, float] = {}  #: When each event was true, by the monotonic clock.

    async def start(self) -> None:
        """Connect."""
        await self._publisher.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._publisher.stop()

    async def tell(self, events: Sequence[Event]) -> None:
        """Tell events at once."""
        said = [
            Outgoing(TOPIC, str(e.complaintid).encode(), encode(e), event_headers(e))
            for e in events
        ]
        now = time.monotonic()
        self.told.update((str(event.id), now) for event in events)
        await self._publisher.publish(said)

    async def tell_steadily(self, rate: float, seconds: float, agencies: Sequence[str]) -> None:
        """Tell events by the clock, however far the notifier has come."""
        began, telling = time.monotonic(), []
        for n in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + n / rate - time.monotonic()))
            event = an_event(an_order(n, agencies[n % len(agencies)]), new_id())
            telling.append(asyncio.ensure_future(self.tell([event])))
        await asyncio.gather(*telling)
