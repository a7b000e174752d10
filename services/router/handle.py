"""The shell: load routes, decide, store them. All decisions are in `decide`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import ComplaintReceived, OrderReturned
from services.router.adapters import RouteTables
from services.router.decide import Route, received, returned
from services.runtime.step import Early, Ignored, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.events import Event, Fact
    from services.runtime.policies import PolicyStore
    from services.runtime.step import Change
    from services.runtime.transaction import Tx


class Router:
    """Routes what is received, and routes anew what the tracker says was returned."""

    topics: tuple[str, ...] = ("complaints.received", "complaints.tracked")
    urgent: frozenset[type[Fact]] = frozenset({ComplaintReceived, OrderReturned})

    def __init__(self, policies: PolicyStore) -> None:
        """Decide by the policy in force at each event."""
        self._policies = policies
        self._tables = RouteTables()

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Route]:
        """Read and lock routes."""
        return await self._tables.load(tx, keys, skip_locked=skip_locked)

    async def store(self, tx: Tx, changes: Sequence[Change[Route]]) -> None:
        """Write routes and their history."""
        await self._tables.store(tx, changes)

    def decide(
        self, event: Event, state: Route | None, now: datetime
    ) -> Step[Route] | Early | Ignored:
        """Say what follows from an event."""
        match event.data:
            case ComplaintReceived() as fact:
                return received(event.id, fact, state, self._policies.current, now)
            case OrderReturned() as fact:
                return returned(event.id, fact, state, self._policies.current, now)
            case _:
                return Ignored("not-for-the-router")

    def committed(self, changes: Sequence[Change[Route]]) -> None:
        """Nothing waits for a route to be durable but its fact, which the runtime tells."""
