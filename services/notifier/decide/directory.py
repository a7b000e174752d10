"""Who is told what: endpoints by agency and event type."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.events import (
    CallbackDue,
    CaseClosed,
    CaseMerged,
    CaseReopened,
    OrderDispatched,
    VerdictExcluded,
    WhistleBlown,
    WhistleClosed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from uuid import UUID

    from services.events import Fact

#: Fields of a fact that name an agency it concerns.
_CONCERNED = ("agency", "raised_to", "raised_by", "answerable", "judge", "about", "owner")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A raw key and until when it signs; None while it is the current one."""

    key: bytes = field(repr=False)
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A city system's address for events.

    Attributes:
        endpoint_id: Its identity.
        number: A small number of its own; keeps ids of facts about one event apart.
        url: Where to POST.
        agency: Whose it is; None gets every agency's events.
        event_types: Names of facts it wants.
        keys: Signing keys, the newest first.
        is_enabled: Whether anything is planned or sent.
        failing_since: Since when every attempt has failed.
        paused_until: Nothing is sent before; the endpoint asked for rest.
    """

    endpoint_id: UUID
    number: int
    url: str
    agency: str | None
    event_types: frozenset[str]
    keys: tuple[SigningKey, ...] = field(repr=False, default=())
    is_enabled: bool = True
    failing_since: datetime | None = None
    paused_until: datetime | None = None

    def signing_keys(self, now: datetime) -> tuple[bytes, ...]:
        """Give the keys that sign at `now`."""
        return tuple(k.key for k in self.keys if k.valid_until is None or k.valid_until > now)


class Directory:
    """Every endpoint, indexed by what it wants: a lookup an event, however many there are."""

    def __init__(self, endpoints: Iterable[Endpoint] = ()) -> None:
        """Index the endpoints; switched-off ones are known but match nothing."""
        self._by_id = {endpoint.endpoint_id: endpoint for endpoint in endpoints}
        self._wanting: dict[tuple[str, str | None], list[Endpoint]] = defaultdict(list)
        for endpoint in self._by_id.values():
            if endpoint.is_enabled:
                for event_type in endpoint.event_types:
                    self._wanting[event_type, endpoint.agency].append(endpoint)

    def __iter__(self) -> Iterator[Endpoint]:
        """Go through all of them."""
        return iter(self._by_id.values())

    def get(self, endpoint_id: UUID) -> Endpoint | None:
        """Find one by its id."""
        return self._by_id.get(endpoint_id)

    def matching(self, event_type: str, agencies: frozenset[str]) -> tuple[Endpoint, ...]:
        """Find who is told: those of the agencies, and those that get everything."""
        if not self._by_id:
            return ()
        found = list(self._wanting.get((event_type, None), ()))
        for agency in sorted(agencies):
            found.extend(self._wanting.get((event_type, agency), ()))
        return tuple(found)


def audience(fact: Fact, on_case: frozenset[str]) -> frozenset[str]:
    """Name the agencies that a fact concerns.

    A fact concerns whoever it names: the agency of an order, those that get a copy (the
    district over its street, 接诉即办工作条例 art. 12), the one it is raised to, the lead that
    stays answerable for its assists (首接负责, art. 14), the street that blew a whistle and
    whom it called. A case's end or reopening concerns all that hold an order of it. A
    call-back concerns none: who handled the matter must not be the one who asks.

    Args:
        fact: What became true.
        on_case: Agencies that hold an order of this complaint.
    """
    match fact:
        case CallbackDue():
            return frozenset()
        case CaseClosed() | CaseMerged() | CaseReopened() | VerdictExcluded():
            return on_case
        case WhistleBlown():
            return frozenset({fact.raised_by, *fact.copies, *(one.agency for one in fact.summons)})
        case WhistleClosed():
            return frozenset({fact.raised_by, *fact.targets})
        case OrderDispatched():
            return frozenset({fact.agency, *fact.copies})
    named = (getattr(fact, name, None) for name in _CONCERNED)
    return frozenset(agency for agency in named if agency is not None)
