"""A street that blows a whistle, and the bodies it calls, before a running tracker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.events import (
    Event,
    Fact,
    Whistle,
    WhistleAction,
    WhistleActionReported,
    WhistleMissed,
    WhistleRouted,
)
from services.runtime.ids import new_id
from tests.builders import NOON
from tests.tracker.stories import STREET, WATER
from tests.tracker.world import World

ENFORCEMENT = "enforcement-990101"
STRANGER = "enforcement-990102"


def a_call(
    whistle_id: UUID | None = None, *complaints: UUID, kind: str = "daily", **changes: Any
) -> WhistleRouted:
    """The router let a whistle of the street stand; it calls two bodies unless changed."""
    whistle = Whistle(
        whistle_id=whistle_id or new_id(),
        kind=kind,
        raised_by=STREET,
        raised_at=NOON,
        text="市场后门垃圾成堆，反复清理反复堆放。",
        complaints=complaints,
    )
    fields: dict[str, Any] = {
        "whistle": whistle,
        "targets": (WATER, ENFORCEMENT),
        "copies": ("government-990101",),
        "standard": "emergency" if kind == "emergency" else "daily",
        "explanation": "请到场。",
    }
    return WhistleRouted(**(fields | changes))


@dataclass
class Blown:
    """A whistle in a world."""

    world: World
    key: UUID
    whistle_id: UUID
    heard: list[Event] = field(default_factory=list)

    async def do(self, agency: str, action: str, **changes: Any) -> None:
        """Somebody reports."""
        await self.world.say(self.key, self.report(agency, action, **changes))

    def report(self, agency: str, action: str, **changes: Any) -> WhistleActionReported:
        """What somebody reports, now unless changed."""
        fields: dict[str, Any] = {
            "whistle_id": self.whistle_id,
            "agency": agency,
            "action": WhistleAction(action),
            "reported_at": self.world.clock.now(),
        }
        return WhistleActionReported(**(fields | changes))

    def facts(self) -> list[Fact]:
        """What the tracker told about it, without the case's."""
        told = [event.data for event in self.world.events(self.key)]
        return [f for f in told if getattr(f, "whistle_id", None) == self.whistle_id]

    def said(self) -> list[str]:
        """The names of that."""
        return [type(fact).__name__ for fact in self.facts()]

    def missed(self) -> list[tuple[str, str]]:
        """Who missed which clock, in the order of telling."""
        return [(f.agency, f.clock) for f in self.facts() if isinstance(f, WhistleMissed)]

    async def ignored(self) -> list[str]:
        """Reasons for which reports counted for nothing."""
        rows = await self.world.path.pool.fetch(
            "SELECT detail ->> 'ignored' AS why FROM tracker.whistle_history"
            " WHERE whistle_id = $1 AND detail ? 'ignored' ORDER BY position",
            self.whistle_id,
        )
        return [row["why"] for row in rows]

    async def states(self) -> dict[str, str]:
        """Where each body stands."""
        rows = await self.world.path.pool.fetch(
            "SELECT agency, state FROM tracker.summons WHERE whistle_id = $1", self.whistle_id
        )
        return {row["agency"]: row["state"] for row in rows}

    async def clocks(self) -> list[str]:
        """The kinds of deadline that still run."""
        rows = await self.world.path.pool.fetch(
            "SELECT kind FROM tracker.deadline WHERE kind LIKE 'whistle-%' ORDER BY kind"
        )
        return [row["kind"] for row in rows]


async def blow(world: World, complaint: UUID | None = None, **changes: Any) -> Blown:
    """A street blows, about a complaint or about none."""
    whistle_id = new_id()
    links = (complaint,) if complaint else ()
    key = complaint or whistle_id
    await world.say(key, a_call(whistle_id, *links, **changes))
    return Blown(world, key, whistle_id)
