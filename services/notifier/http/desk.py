"""What every route needs, and who may see what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends

from services.notifier.adapters.endpoints import EndpointBook, Endpoints
from services.runtime.keys import Principal, Role, require
from services.runtime.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    import asyncpg

    from services.notifier.decide import Asking, Watch
    from services.notifier.handle.ports import Transport
    from services.runtime.clock import Clock
    from services.runtime.policies import PolicyStore
    from services.runtime.postgres import Database
    from services.runtime.stage import Stage

#: Who manages endpoints; an agency its own only.
Manager = Annotated[
    Principal, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.SERVICE, Role.AGENCY))
]

#: Who looks at deliveries; an agency at its own only.
Reader = Annotated[
    Principal,
    Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE, Role.AGENCY)),
]

#: Who sees the whole.
Overseer = Annotated[
    Principal, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.SERVICE))
]


@dataclass(frozen=True, slots=True)
class Desk:
    """The routes' equipment."""

    db: Database
    book: EndpointBook
    endpoints: Endpoints
    transport: Transport
    clock: Clock
    policies: PolicyStore
    stage: Stage[Watch]  #: Stores what is decided about a complaint.
    asking: Callable[[], Asking]  #: The policy in force, as far as it says how people are asked.

    def knows(self, agency: str | None) -> bool:
        """Tell whether the policy in force names this agency; None stands for all of them."""
        return agency is None or agency in self.policies.current.agencies

    async def endpoint(self, endpoint_id: UUID, principal: Principal) -> asyncpg.Record:
        """Find an endpoint that the caller may know of.

        Raises:
            Problem: 404, also for another agency's: its existence is nobody else's business.
        """
        row = await self.endpoints.find(endpoint_id)
        if row is None or not may_see(principal, row["agency"]):
            raise no_such_endpoint()
        return row


def may_see(principal: Principal, agency: str | None) -> bool:
    """Tell whether something of `agency` concerns the caller."""
    return principal.role is not Role.AGENCY or principal.agency == agency


def no_such_endpoint() -> Problem:
    """Make the answer for an unknown endpoint."""
    return Problem(404, "no-such-endpoint", "There is no such endpoint.")


def plain(row: asyncpg.Record) -> dict[str, Any]:
    """Turn a row into what JSON can say."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in row.items()
    }
