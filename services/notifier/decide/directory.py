"""Who is told what: endpoints by agency and event type, then by place and kind."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

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
    from services.notifier.decide.about import About
    from services.policy import Policy

#: In which form an endpoint is told: the whole event, where to get it, or for Open311 systems.
Payload = Literal["full", "thin", "open311"]

#: Schemes of Standard Webhooks: HMAC-SHA-256 with a shared secret, or Ed25519.
Signature = Literal["v1", "v1a"]

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
        keys: Signing keys, the newest first; for `v1a` seeds of Ed25519 (RFC 8032, 5.1.5).
        is_enabled: Whether anything is planned or sent.
        failing_since: Since when every attempt has failed.
        paused_until: Nothing is sent before; the endpoint asked for rest.
        divisions: District or street codes it is limited to; empty: anywhere.
        categories: Categories it is limited to, with those below them; empty: all.
        filter: JMESPath over the envelope; what it isn't truthy for isn't told.
        payload: In which form it is told.
        is_ordered: Whether a complaint's events wait for those before them.
        rate_per_s: Requests a second of one process at the most; None: no limit of its own.
        concurrency: Requests of one process under way at the most; None: as many as for any.
        signature: Which scheme of Standard Webhooks signs.
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
    divisions: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    filter: str | None = None
    payload: Payload = "full"
    is_ordered: bool = True
    rate_per_s: float | None = None
    concurrency: int | None = None
    signature: Signature = "v1"

    def signing_keys(self, now: datetime) -> tuple[bytes, ...]:
        """Give the keys that sign at `now`."""
        return tuple(k.key for k in self.keys if k.valid_until is None or k.valid_until > now)


class Directory:
    """Every endpoint, indexed by what it wants: a lookup an event, however many there are.

    Attributes:
        policy: In force when it was made; says which places and categories lie in which.
    """

    def __init__(self, endpoints: Iterable[Endpoint] = (), policy: Policy | None = None) -> None:
        """Index the endpoints; switched-off ones are known but match nothing."""
        self.policy = policy
        self._by_id = {endpoint.endpoint_id: endpoint for endpoint in endpoints}
        self._wanting: dict[tuple[str, str | None], list[Endpoint]] = defaultdict(list)
        for endpoint in self._by_id.values():
            if endpoint.is_enabled:
                for event_type in endpoint.event_types:
                    self._wanting[event_type, endpoint.agency].append(endpoint)
        wanted = {code for one in self._by_id.values() for code in one.categories}
        #: What an older code that has been renamed is called now.
        self._newest = {code: self._kinds(code)[0] for code in wanted}

    def __iter__(self) -> Iterator[Endpoint]:
        """Go through all of them."""
        return iter(self._by_id.values())

    def get(self, endpoint_id: UUID) -> Endpoint | None:
        """Find one by its id."""
        return self._by_id.get(endpoint_id)

    def matching(
        self, event_type: str, agencies: frozenset[str], about: About | None = None
    ) -> tuple[Endpoint, ...]:
        """Find who is told: those of the agencies, and those that get everything.

        Args:
            event_type: The fact's name.
            agencies: Whom it concerns.
            about: Its place and kind; where they aren't known, whoever is limited to some
                isn't told.
        """
        if not self._by_id:
            return ()
        found = list(self._wanting.get((event_type, None), ()))
        for agency in sorted(agencies):
            found.extend(self._wanting.get((event_type, agency), ()))
        if any(one.divisions or one.categories for one in found):
            return tuple(self._within(found, about))
        return tuple(found)

    def _within(self, endpoints: Iterable[Endpoint], about: About | None) -> Iterator[Endpoint]:
        """Keep those whose places and categories the matter lies in."""
        places = self._places(about.district, about.street) if about else frozenset[str]()
        kinds = frozenset(self._kinds(about.category)) if about and about.category else frozenset()
        for one in endpoints:
            if one.divisions and places.isdisjoint(one.divisions):
                continue
            if one.categories and not any(
                code in kinds or self._newest[code] in kinds for code in one.categories
            ):
                continue
            yield one

    def _places(self, *codes: str | None) -> frozenset[str]:
        """Name the divisions a place lies in, also those that this policy doesn't know."""
        chains = (self.policy.division_chain(code) if self.policy else () for code in codes)
        known = {code for code in codes if code is not None}
        return frozenset(known.union(*chains))

    def _kinds(self, category: str) -> tuple[str, ...]:
        """Name the category by its newest code, those above it, and the code as it was said."""
        chain = self.policy.category_chain(category) if self.policy else ()
        return (*chain, category)


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
