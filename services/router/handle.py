"""The shell: load routes, decide, store them. All decisions are in `decide`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import (
    CaseClosed,
    ComplaintReceived,
    ComplaintSupplemented,
    OrderReturned,
    WhistleRaised,
)
from services.router.adapters import Advisers, RouteTables, store_whistles, tally
from services.router.decide import Route, closed, received, returned, supplemented
from services.router.decide.docket import Docket, on_route, raised, route_change
from services.runtime.step import Early, Ignored, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.events import Event, Fact
    from services.runtime.policies import PolicyStore
    from services.runtime.step import Change
    from services.runtime.transaction import Tx


class Routes:
    """Where routes are kept: the stage of the consumer, and of a person's decisions."""

    def __init__(self, policies: PolicyStore) -> None:
        """Count by the policy in force."""
        self._policies = policies
        self._tables = RouteTables()

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Route]:
        """Read and lock routes."""
        return await self._tables.load(tx, keys, skip_locked=skip_locked)

    async def store(self, tx: Tx, changes: Sequence[Change[Route]]) -> None:
        """Write routes and their history, and count whether first dispatches stood."""
        await self._tables.store(tx, changes)
        # Last: counts are shared, so nobody should wait for them longer than needed.
        await tally(tx, changes, self._policies.current)


class Router:
    """Routes what is received or was returned, and judges whistles."""

    topics: tuple[str, ...] = ("complaints.received", "complaints.tracked")
    urgent: frozenset[type[Fact]] = frozenset(
        {ComplaintReceived, ComplaintSupplemented, OrderReturned, WhistleRaised}
    )

    def __init__(self, policies: PolicyStore, advisers: Advisers | None = None) -> None:
        """Decide by the policy in force at each event; ask a model, if there is one."""
        self._policies = policies
        self._advisers = advisers or Advisers()
        self.routes = Routes(policies)

    async def load(
        self, tx: Tx, keys: Sequence[UUID], *, skip_locked: bool = False
    ) -> dict[UUID, Docket]:
        """Read and lock routes; whistles are only ever added."""
        routes = await self.routes.load(tx, keys, skip_locked=skip_locked)
        return {key: Docket(route) for key, route in routes.items()}

    async def store(self, tx: Tx, changes: Sequence[Change[Docket]]) -> None:
        """Write the routes that changed and the whistles that were judged."""
        moved = [change for one in changes if (change := route_change(one)) is not None]
        judged = [(one.key, whistle) for one in changes for whistle in one.after.unstored]
        await self.routes.store(tx, moved)
        await store_whistles(tx, judged, self._policies.current)

    def decide(
        self, event: Event, state: Docket | None, now: datetime
    ) -> Step[Docket] | Early | Ignored:
        """Say what follows from an event."""
        if isinstance(event.data, WhistleRaised):
            return raised(event.id, event.data, state, self._policies.current, now)
        route = state.route if state else None
        return on_route(state, self._decide_route(event, route, now))

    def _decide_route(
        self, event: Event, state: Route | None, now: datetime
    ) -> Step[Route] | Early | Ignored:
        """Say what follows for a complaint's route."""
        policy = self._policies.current
        adviser = self._advisers.in_force(policy)
        match event.data:
            case ComplaintReceived() as fact:
                return received(event.id, fact, state, policy, now, adviser=adviser)
            case OrderReturned() as fact:
                return returned(event.id, fact, state, policy, now, adviser=adviser)
            case ComplaintSupplemented() as fact:
                return supplemented(event.id, fact, state, policy, now, adviser=adviser)
            case CaseClosed(reason="answered"):
                return Ignored("answered-here")  # And perhaps asked again since, and held.
            case CaseClosed():
                return closed(state)
            case _:
                return Ignored("not-for-the-router")

    def committed(self, changes: Sequence[Change[Docket]]) -> None:
        """Nothing waits for a route to be durable but its fact, which the runtime tells."""
