"""What the notifier remembers of a complaint, and what an event makes it plan.

Rules of this file:
Rule 1. An endpoint gets the events of one complaint in their order. So a delivery goes straight
to memory only if nothing before it is undelivered, or all that is undelivered before it waits
in the same process's memory; otherwise its row waits for the poller, which takes the lowest.
Rule 2. What leaves the city's own services names nobody, not even by token.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID, uuid5

from services.events import (
    CaseClosed,
    CaseFollowed,
    CaseReopened,
    Event,
    OrderDispatched,
    OrderRecalled,
    OrderReturned,
)
from services.notifier.decide.about import About, learn
from services.notifier.decide.asking import must_ask
from services.notifier.decide.callback import ATTEMPT, LAPSE, Callback
from services.notifier.decide.callback_steps import cancel
from services.notifier.decide.directory import audience
from services.notifier.decide.filtering import passing
from services.notifier.decide.payload import Forms, for_outside
from services.runtime.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.notifier.decide.directory import Directory, Endpoint, Payload
    from services.notifier.decide.notices import Notice


#: How long a delivery belongs to the process that is sending it. Several requests' time.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Backlog:
    """The last undelivered event of this complaint at one endpoint.

    Attributes:
        sequence: Its place in the complaint's history.
        due_at: When anything may be tried again.
    """

    sequence: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """A delivery to be stored with this batch.

    Attributes:
        delivery_id: Derived from the event and the endpoint: planning again repeats it.
        endpoint_id: Who is told.
        event_id: Also the `webhook-id`.
        event_type: The fact's name.
        sequence: The event's place in the complaint's history.
        payload: In which form.
        body: What is sent.
        full: The whole event, which is kept for whoever is told less.
        due_at: When the poller may take it, unless it is leased.
        is_leased: This process sends it from memory after the commit.
        after: The undelivered event before it, if any.
    """

    delivery_id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    sequence: int
    payload: Payload
    body: bytes = field(repr=False)
    full: bytes = field(repr=False)
    due_at: datetime
    is_leased: bool
    after: int | None


@dataclass(frozen=True, slots=True)
class Job:
    """One delivery in memory, about to be attempted.

    Attributes:
        complaint_id: With the endpoint, the lane whose order is kept.
        endpoint_id: Who is told.
        sequence: Place in the lane.
        delivery_id: Names it in facts and in the API.
        event_id: Also the `webhook-id`.
        event_type: The fact's name.
        attempt: Which attempt this is, from 1.
        body: What is sent.
        replays: How often a person has asked for it again.
        after: The event that must have been delivered before, if it may still be on its way.
    """

    complaint_id: UUID
    endpoint_id: UUID
    sequence: int
    delivery_id: UUID
    event_id: UUID
    event_type: str
    attempt: int
    body: bytes = field(repr=False)
    replays: int = 0
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """The state of one complaint.

    Attributes:
        about: What it is about; the latest order's word.
        agencies: Who holds an order of it.
        callbacks: Every call-back of it that isn't settled.
        backlog: Undelivered events by endpoint, when the transaction began.
        planned: What this transaction adds.
        filter_errors: Filters of endpoints that raised in this transaction.
        is_always_asked: Its call-backs may not be left out of a sample.
        told: How often each notice to the person was planned.
        notices: Those that this transaction adds.
    """

    about: About = field(default_factory=About)
    agencies: frozenset[str] = frozenset()
    callbacks: tuple[Callback, ...] = ()
    backlog: Mapping[UUID, Backlog] = field(default_factory=dict)
    planned: tuple[Planned, ...] = ()
    filter_errors: int = 0
    is_always_asked: bool = False
    told: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


class Lanes(Protocol):
    """What memory can take at the moment."""

    def accepts(self, endpoint: Endpoint, complaint_id: UUID, after: int | None) -> bool:
        """Tell whether the event behind `after` can wait its turn in memory."""


def watch(
    event: Event, state: Watch | None, directory: Directory, lanes: Lanes, now: datetime
) -> Step[Watch]:
    """Decide what an event leads to: deliveries, and the end of call-backs.

    What `CallbackDue` begins is planned by `ask`, which needs the policy.
    """
    fact = event.data
    state = state or Watch()
    state = replace(
        state,
        about=learn(state.about, fact),
        is_always_asked=state.is_always_asked or must_ask(fact),
    )
    told = audience(fact, state.agencies)
    kind = event.type.removeprefix("whistle.")
    endpoints = directory.matching(kind, told, state.about)
    if endpoints:
        forms = Forms(for_outside(event), state.about, directory.policy)
        endpoints, errors = passing(endpoints, forms)
        planned = state.planned + _plan(forms, state, endpoints, lanes, now)
        state = replace(state, planned=planned, filter_errors=state.filter_errors + errors)
    match fact:
        case OrderDispatched() | CaseFollowed():
            return Step(replace(state, agencies=state.agencies | {fact.agency}))
        case OrderReturned() | OrderRecalled():
            return Step(replace(state, agencies=state.agencies - {fact.agency}))
        case CaseClosed() | CaseReopened():
            return _settle(state)
    return Step(state)


def delivery_id(event: Event, endpoint: Endpoint) -> UUID:
    """Name a delivery: planning it again repeats the name, and names sort by time.

    A UUID of version 8 (RFC 9562, 5.8): 48 bits of the event's milliseconds as in version 7, so
    that one index finds a delivery and lists the newest, then 74 bits derived from event and
    endpoint.
    """
    derived = uuid5(event.id, f"delivery/{endpoint.endpoint_id}").int
    milliseconds = int(event.time.timestamp() * 1000) & ((1 << 48) - 1)
    rest = derived & ((1 << 80) - 1) & ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=milliseconds << 80 | 8 << 76 | 2 << 62 | rest)


def _plan(
    forms: Forms, state: Watch, endpoints: tuple[Endpoint, ...], lanes: Lanes, now: datetime
) -> tuple[Planned, ...]:
    event = forms.event
    before = {planned.endpoint_id: planned for planned in state.planned}
    planned = []
    for endpoint in endpoints:
        previous = before.get(endpoint.endpoint_id) if endpoint.is_ordered else None
        waiting = state.backlog.get(endpoint.endpoint_id) if endpoint.is_ordered else None
        after: int | None
        if previous is not None:
            after, is_leased, due_at = previous.sequence, previous.is_leased, previous.due_at
        else:
            after = waiting.sequence if waiting else None
            is_leased = lanes.accepts(endpoint, event.complaintid, after)
            due_at = _unleased_due(waiting, now)
        planned.append(
            Planned(
                delivery_id=delivery_id(event, endpoint),
                endpoint_id=endpoint.endpoint_id,
                event_id=event.id,
                event_type=event.type.removeprefix("whistle."),
                sequence=event.sequence,
                payload=endpoint.payload,
                body=forms.of(endpoint.payload),
                full=forms.of("full"),
                due_at=due_at,
                is_leased=is_leased,
                after=after,
            )
        )
    return tuple(planned)


def _unleased_due(waiting: Backlog | None, now: datetime) -> datetime:
    """Say when the poller may look at an event: not before what it has to wait for anyway.

    A predecessor that is being sent right now will be done within its lease, so the poller looks
    from now on; one that waits for its next attempt isn't done before that.
    """
    if waiting is None or waiting.due_at <= now + LEASE:
        return now
    return waiting.due_at


def _settle(state: Watch) -> Step[Watch]:
    """The case went on without waiting: what was still to be asked is not asked any more."""
    return Step(
        replace(state, callbacks=tuple(cancel(callback) for callback in state.callbacks)),
        clear_deadlines=tuple(
            (callback.callback_id, kind)
            for callback in state.callbacks
            for kind in (ATTEMPT, LAPSE)
        ),
    )
