"""The tracker on a real PostgreSQL and a bus in memory: from the router's word to the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.events import (
    AgencyAction,
    CallbackLapsed,
    ComplaintReceived,
    ComplaintWithdrawn,
    Event,
)
from services.runtime.ids import new_id
from services.runtime.policies import PolicyStore
from services.runtime.step import Early, Ignored, Step
from services.tracker.adapters.cases import CaseTables
from services.tracker.adapters.proactive import ProactiveTables
from services.tracker.adapters.whistles import WhistleTables
from services.tracker.decide.docket import Docket
from services.tracker.handle import Tracker
from tests.builders import NOON, a_matter, an_event
from tests.policies import SLA, a_policy
from tests.tracker.stories import GOVERNMENT, STREET, Story, held, routed, the_policy
from tests.tracker.world import World, a_world


@pytest.fixture
async def world(dsn: str) -> AsyncIterator[World]:
    """A tracker alone; router, intake and notifier are spoken for by the test."""
    async with a_world(dsn) as world:
        yield world


@pytest.mark.postgres
async def test_a_complaint_goes_from_the_routers_word_to_a_confirmed_end(world) -> None:
    """The whole path, with a late signature, a bad verdict and a second round."""
    key = new_id()
    await world.say(key, ComplaintReceived(matter=a_matter()), routed())
    await world.wait(timedelta(hours=3))
    await world.say(key, world.report(key, AgencyAction.SIGN))
    await world.say(key, world.report(key, AgencyAction.RESOLVE))
    await world.wait(timedelta(hours=1))
    await world.say(key, world.answer(key, is_solved=False))
    await world.say(key, world.report(key, AgencyAction.RESOLVE))
    await world.wait(timedelta(hours=1))
    await world.say(key, world.answer(key))
    assert world.said(key) == [
        "CaseOpened",
        "OrderDispatched",
        "OrderBreached",
        "OrderSigned",
        "OrderResolved",
        "CallbackDue",
        "CaseReopened",
        "CaseEscalated",  # Not solved: whoever stands above is told.
        "OrderDispatched",
        "OrderResolved",
        "CallbackDue",
        "CaseClosed",
    ]
    assert [event.sequence for event in world.events(key)] == list(range(1, 13))
    assert {event.policy for event in world.events(key)} == {the_policy().hash}


@pytest.mark.postgres
async def test_a_return_goes_to_the_router_and_comes_back_as_a_new_order(world) -> None:
    """The tracker says it, the router answers, the promise stays."""
    key = new_id()
    await world.say(key, routed())
    due_at = world.order(key).due_at
    await world.say(key, world.report(key, AgencyAction.RETURN))
    assert world.said(key)[-1] == "OrderReturned"
    await world.say(key, held(reason="too-many-returns", attempt=2, excluded=(STREET,)))
    await world.say(key, routed(lead=GOVERNMENT, attempt=2, decided_by="operator"))
    assert (world.order(key).agency, world.order(key).due_at) == (GOVERNMENT, due_at)


@pytest.mark.postgres
async def test_a_follow_up_that_overtakes_the_router_waits_for_it(world) -> None:
    """Two topics, one complaint: a withdrawal must not get lost for being fast."""
    key = new_id()
    await world.say(key, ComplaintReceived(matter=a_matter()), ComplaintWithdrawn())
    assert world.said(key) == []
    await world.say(key, routed())
    await world.wait(timedelta(minutes=2))
    assert world.said(key) == ["CaseOpened", "OrderDispatched", "CaseClosed"]


@pytest.mark.postgres
async def test_an_answer_and_its_deadline_at_the_same_instant_have_one_winner(world) -> None:
    """The report was read first, so there is no breach; the clock is stopped."""
    key = new_id()
    await world.say(key, routed())
    order = world.order(key)
    await world.say(key, world.report(key, AgencyAction.SIGN))
    world.clock.advance(order.due_at - world.clock.now())
    await world.say(key, world.report(key, AgencyAction.RESOLVE))
    await world.wait(timedelta(minutes=30))
    assert "OrderBreached" not in world.said(key)
    assert await world.path.pool.fetchval("SELECT count(*) FROM tracker.deadline") == 1


@pytest.mark.postgres
async def test_after_an_outage_every_clock_that_ran_out_is_told_once(world) -> None:
    """Two weeks down: oldest first, and nothing twice."""
    key = new_id()
    await world.say(key, routed())
    await world.wait(timedelta(days=14))
    await world.wait(timedelta(days=1))
    assert world.said(key)[2:] == [
        "OrderBreached",
        "OrderAtRisk",
        "OrderBreached",
        "CaseEscalated",
    ]


@pytest.mark.postgres
async def test_a_lapsed_callback_closes_the_case(world) -> None:
    """The notifier's word, on its own topic."""
    key = new_id()
    await world.say(key, routed())
    await world.say(key, world.report(key, AgencyAction.RESOLVE))
    await world.wait(timedelta(hours=1))
    lapsed = CallbackLapsed(callback_id=world.answer(key).callback_id, reason="no-contact")
    await world.say(key, lapsed)
    assert world.said(key)[-1] == "CaseClosed"
    assert await world.path.pool.fetchval("SELECT count(*) FROM tracker.deadline") == 0


@pytest.mark.postgres
async def test_a_refused_report_is_in_the_history_and_tells_nobody_anything(world) -> None:
    """Whoever asks what became of it finds the reason."""
    key = new_id()
    await world.say(key, routed())
    stranger = world.report(key, AgencyAction.RESOLVE).model_copy(update={"agency": GOVERNMENT})
    (event,) = await world.say(key, stranger)
    assert world.said(key) == ["CaseOpened", "OrderDispatched"]
    line = await world.path.pool.fetchrow(
        "SELECT kind, detail ->> 'ignored' AS ignored, cause FROM tracker.history"
        " ORDER BY position DESC LIMIT 1"
    )
    assert tuple(line) == ("OrderActionReported", "order-of-another-agency", event.id)


class _NoTables(CaseTables):
    """Nothing stored yet."""

    async def load(self, *_: Any, **__: Any) -> dict[UUID, Any]:
        return {}


class _NoWhistles(WhistleTables):
    """No whistle, either."""

    async def load(self, *_: Any, **__: Any) -> dict[UUID, Any]:
        return {}


def _tracker(store: PolicyStore) -> Tracker:
    return Tracker(_NoTables(), _NoWhistles(), store, ProactiveTables())


class _OneMore(PolicyStore):
    """A store that can read one bundle that it doesn't know yet."""

    @classmethod
    def beside(cls, policy: Any, other: Any) -> _OneMore:
        store = cls(None)
        store._take(policy)
        store.other = other
        return store

    other: Any

    async def fetch(self, policy_hash: str) -> Any:
        if policy_hash != self.other.hash:
            raise LookupError(policy_hash)
        self._known[policy_hash] = self.other
        return self.other


def _routed_under(policy_hash: str | None) -> Event:
    return an_event(routed(), source="router", policy=policy_hash)


async def test_a_routing_under_a_newer_bundle_waits_until_that_is_read() -> None:
    """The router may learn of a publish first; the promise is made under what it decided by."""
    newer = a_policy(sla=SLA.replace('handle_within = "7d"', 'handle_within = "5d"'))
    tracker = _tracker(_OneMore.beside(the_policy(), newer))
    event = _routed_under(newer.hash)
    assert tracker.decide(event, None, NOON) == Early("policy-not-loaded")
    await tracker.load(None, [])  # type: ignore[arg-type]
    step = tracker.decide(event, None, NOON)
    assert isinstance(step, Step)
    assert step.state.case is not None
    assert step.state.case.policy == newer.hash
    assert step.state.case.orders[0].clock.due_at == NOON + timedelta(days=5)


async def test_a_bundle_that_was_never_published_is_waited_for_not_made_up() -> None:
    """After a day the event is a dead letter, and a person looks."""
    tracker = _tracker(_OneMore.beside(the_policy(), a_policy(urgency="")))
    for _ in range(2):
        assert tracker.decide(_routed_under("nobody-knows"), None, NOON) == Early(
            "policy-not-loaded"
        )
        await tracker.load(None, [])  # type: ignore[arg-type]


def test_a_new_bundle_does_not_move_a_promise_already_made() -> None:
    """The case is decided under its own, even when the router has gone on."""
    newer = a_policy(sla=SLA.replace('handle_within = "7d"', 'handle_within = "5d"'))
    store = PolicyStore.fixed(the_policy())
    story = Story()
    story.hear(routed())
    story.give_back()
    store._take(newer)
    tracker = _tracker(store)
    again = an_event(routed(lead=GOVERNMENT, attempt=2), story.complaint_id, policy=newer.hash)
    step = tracker.decide(again, Docket(story.open), NOON)
    assert isinstance(step, Step)
    assert step.state.case is not None
    assert (step.policy, step.state.case.policy) == (the_policy().hash, the_policy().hash)
    assert step.state.case.orders[-1].clock.due_at == NOON + timedelta(days=7)


def test_what_is_others_business_costs_nothing() -> None:
    """Every complaint comes by on a topic the tracker reads; no policy is looked up for it."""
    tracker = _tracker(PolicyStore(None))
    received = an_event(ComplaintReceived(matter=a_matter()))
    assert tracker.decide(received, None, datetime.max) == Ignored("not-mine")  # noqa: DTZ901
