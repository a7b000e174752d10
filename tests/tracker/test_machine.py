"""The whole tracker against a plain model: anything may come twice, late, early or never."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.events import (
    AgencyAction,
    CallbackAnswered,
    CallbackDue,
    CallbackLapsed,
    CaseActionReported,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    Event,
    Fact,
    OfficerAction,
    OrderActionReported,
    OrderBreached,
    ReliefRequested,
    Satisfaction,
    topic_of,
)
from services.runtime.clock import ManualClock
from services.runtime.ids import new_id
from services.runtime.memory import MemoryBus
from services.tracker.__main__ import TrackerSettings, build
from tests.builders import NOON, an_event, as_outgoing
from tests.harness import running
from tests.tracker.clerk import Card
from tests.tracker.stories import GOVERNMENT, STREET, WATER, held, routed, the_policy
from tests.tracker.world import World

HOURS = st.sampled_from([1, 2, 5, 23, 24, 72, 24 * 8, 24 * 40])
ACTIONS = (
    AgencyAction.SIGN,
    AgencyAction.PROGRESS,
    AgencyAction.RETURN,
    AgencyAction.RESOLVE,
    AgencyAction.PAUSE,
    AgencyAction.CONTINUE,
)
#: Stories end sooner than they need to if everything may happen from the beginning.
FAR = 12
NEXT = {
    "dispatched": AgencyAction.SIGN,
    "signed": AgencyAction.PAUSE,
    "paused": AgencyAction.RESOLVE,
}
_CASE = "SELECT state, attempt, round, urges FROM tracker.case WHERE complaint_id = $1"
_JOB = """
    SELECT agency, state, due_at, sign_breached_at IS NOT NULL AS is_sign_late,
        breached_at IS NOT NULL AS is_late
    FROM tracker.work_order WHERE complaint_id = $1 AND role = 'lead'
    ORDER BY position DESC LIMIT 1
"""
_CLOCKS = "SELECT kind FROM tracker.deadline WHERE key = $1"


class Machine(RuleBasedStateMachine):
    """One complaint; every step is settled and compared with the clerk's card."""

    def __init__(self, dsn: str, bus: MemoryBus, clock: ManualClock) -> None:
        super().__init__()
        self.dsn = dsn
        self.runner = asyncio.Runner()
        self.bus = bus
        self.clock = clock
        self.card = Card(clock.now())
        self.key: UUID = new_id()
        self.log: list[Event] = []
        self.stack = AsyncExitStack()
        self.world = World(None, self.clock)  # type: ignore[arg-type] - `start` gives its path

    @initialize()
    def start(self) -> None:
        """The tracker comes up on what an earlier one left."""
        self.runner.run(self._start())

    async def _start(self) -> None:
        builds, options = {"tracker": build}, {"tracker": TrackerSettings()}
        opened = running(self.dsn, self.clock, the_policy(), builds, options, bus=self.bus)
        self.world.path = await self.stack.enter_async_context(opened)

    def teardown(self) -> None:
        """Stop everything."""
        self.runner.run(self.stack.aclose())
        self.runner.close()

    # What is said.

    def _event(self, fact: Fact) -> Event:
        source = topic_of(type(fact)).source
        place = (self.key, source)
        self.world.sequences[place] = self.world.sequences.get(place, 0) + 1
        event = an_event(fact, self.key, source=source, sequence=self.world.sequences[place])
        self.log.append(event)
        return event

    def _publish(self, *events: Event) -> None:
        for event in events:
            self.bus.append(as_outgoing(event, topic_of(type(event.data)).name))
        self.runner.run(self.world.path.settle())

    def _say(self, fact: Fact) -> None:
        self._publish(self._event(fact))

    def _told(self, kind: type[Fact]) -> list[Any]:
        return [e.data for e in self.world.events(self.key) if isinstance(e.data, kind)]

    # What can happen.

    @rule(agency=st.sampled_from([STREET, WATER, GOVERNMENT]), late=st.booleans())
    def the_router_names(self, agency: str, late: bool) -> None:
        """An agency; perhaps in an attempt that is over."""
        attempt = max(1, self.card.attempt - late)
        self._say(routed(lead=agency, copies=(), attempt=attempt))
        self.card.route(agency, attempt)

    @rule()
    def the_router_holds(self) -> None:
        """It knows nobody."""
        self._say(held(attempt=self.card.attempt))
        self.card.hold(self.card.attempt)

    def _report(self, action: AgencyAction, agency: str) -> OrderActionReported:
        order = self.world.order(self.key)
        return OrderActionReported(
            order_id=order.order_id,
            agency=agency,
            action=action,
            note="已到现场",
            reason="parts" if action is AgencyAction.PAUSE else None,
            reported_at=self.clock.now(),
        )

    @precondition(lambda self: self.card.job is not None)
    @rule(action=st.sampled_from(ACTIONS))
    def the_agency_reports(self, action: AgencyAction) -> None:
        """Whether or not it fits."""
        assert self.card.job is not None
        self._say(self._report(action, self.card.job.agency))
        self.card.report(action)

    @precondition(lambda self: self.card.job is not None)
    @rule(action=st.sampled_from([AgencyAction.RESOLVE, AgencyAction.RETURN]))
    def a_liar_reports(self, action: AgencyAction) -> None:
        """Another agency speaks about the order."""
        self._say(self._report(action, "somebody-else"))

    @precondition(lambda self: self.card.job is not None and self.card.job.asked_at is not None)
    @rule(hours=st.sampled_from([10, 60, 300]))
    def an_officer_grants_the_pause(self, hours: int) -> None:
        """Late or not, it counts from when it was asked for."""
        until = self.clock.now() + timedelta(hours=hours)
        request = self._told(ReliefRequested)[-1]
        self._say(
            CaseActionReported(
                action=OfficerAction.APPROVE,
                officer="shift-2",
                role="supervisor",
                request_id=request.request_id,
                order_id=request.order_id,
                until=until,
                reported_at=self.clock.now(),
            )
        )
        self.card.grant(until)

    @precondition(lambda self: self.card.case is not None)
    @rule()
    def the_citizen_urges(self) -> None:
        """Which moves no clock."""
        self._say(ComplaintSupplemented(kind="urge", text="还没有人来。"))
        self.card.urge()

    @precondition(lambda self: len(self.log) > FAR)
    @rule()
    def the_citizen_withdraws(self) -> None:
        """Wherever the case stands."""
        self._say(ComplaintWithdrawn(reason="已解决"))
        self.card.withdraw()

    @precondition(lambda self: self._told(CallbackDue) != [])
    @rule(is_good=st.booleans())
    def the_citizen_answers(self, is_good: bool) -> None:
        """The latest question, perhaps a second time."""
        question = self._told(CallbackDue)[-1]
        pleased = Satisfaction.SATISFIED if is_good else Satisfaction.DISSATISFIED
        self._say(
            CallbackAnswered(
                callback_id=question.callback_id,
                answered_by="citizen",
                is_contacted=True,
                is_solved=is_good,
                satisfaction=pleased,
            )
        )
        self.card.verdict(is_good=is_good)

    @precondition(lambda self: self._told(CallbackDue) != [] and len(self.log) > FAR)
    @rule()
    def nobody_answers(self) -> None:
        """The notifier gives up."""
        question = self._told(CallbackDue)[-1]
        self._say(CallbackLapsed(callback_id=question.callback_id, reason="no-answer"))
        self.card.lapse()

    @rule(hours=HOURS)
    def time_passes(self, hours: int) -> None:
        """In one go, as after an outage."""
        self.runner.run(self.world.wait(timedelta(hours=hours)))
        self.card.wait(timedelta(hours=hours))

    @precondition(lambda self: self.card.case != "closed")
    @rule()
    def everybody_does_what_comes_next(self) -> None:
        """So that stories get far."""
        card = self.card
        if card.job is not None and card.job.asked_at is not None:
            self.an_officer_grants_the_pause(60)
        elif card.job is not None and card.is_handled:
            self.the_agency_reports(NEXT[card.job.state])
        elif card.is_asked:
            self.the_citizen_answers(is_good=False)
        elif card.case == "resolved":
            self.time_passes(2)
        else:
            self.the_router_names(WATER, late=False)

    # What goes wrong on the way.

    @precondition(lambda self: self.log != [])
    @rule(data=st.data())
    def something_comes_again(self, data: st.DataObject) -> None:
        """Publishers repeat themselves."""
        self._publish(data.draw(st.sampled_from(self.log)))

    @precondition(lambda self: self.card.case is None)
    @rule(agency=st.sampled_from([STREET, WATER]))
    def a_follow_up_overtakes_the_routing(self, agency: str) -> None:
        """It waits until the case is open."""
        self._say(ComplaintSupplemented(kind="urge", text="请快一点。"))
        self.the_router_names(agency, late=False)
        self.card.urge()

    @precondition(lambda self: self.card.case is not None)
    @rule()
    def two_follow_ups_change_places(self) -> None:
        """The later one waits for the earlier one."""
        first = self._event(ComplaintSupplemented(kind="urge", text="第一次催。"))
        second = self._event(ComplaintSupplemented(kind="urge", text="第二次催。"))
        self._publish(second)
        self.agrees()
        self._publish(first)
        self.card.urge()
        self.card.urge()

    @rule()
    def the_tracker_dies(self) -> None:
        """And another one goes on where it stopped."""
        self.runner.run(self.stack.aclose())
        self.start()

    # What must be true after every step.

    @invariant()
    def agrees(self) -> None:
        """The tables say what the card says."""
        if self.world.path is None:
            return
        case, job, clocks = self.runner.run(self._read())
        card = self.card
        assert (case and case["state"]) == card.case
        if case is None:
            return
        assert (case["attempt"], case["round"]) == (card.attempt, card.round)
        assert case["urges"] == card.urges
        assert (job is None) == (card.job is None)
        if job is not None and card.job is not None:
            assert (job["agency"], job["state"]) == (card.job.agency, card.job.state)
            assert (job["is_sign_late"], job["is_late"]) == (
                card.job.is_sign_late,
                card.job.is_late,
            )
            if card.job.state in ("dispatched", "signed"):
                assert job["due_at"] == card.job.due_at
        self._waits_for_somebody(clocks)

    async def _read(self) -> tuple[Any, Any, list[str]]:
        pool = self.world.path.pool
        rows = await pool.fetch(_CLOCKS, self.key)
        return (
            await pool.fetchrow(_CASE, self.key),
            await pool.fetchrow(_JOB, self.key),
            [row["kind"] for row in rows],
        )

    def _waits_for_somebody(self, clocks: list[str]) -> None:
        """No clock ticks on what is closed; what is open has one, or somebody is asked."""
        if self.card.case == "closed":
            assert clocks == []
        elif self.card.job is not None and self.card.job.state == "paused":
            assert "resume" in clocks
        elif self.card.is_handled and self.card.job is not None and not self.card.job.is_late:
            assert "due" in clocks
        elif self.card.ask_at is not None:
            assert "callback" in clocks

    @invariant()
    def tells_once_and_without_gaps(self) -> None:
        """Every clock that ran out was told once; numbers have no gap."""
        if self.world.path is None:
            return
        events = self.world.events(self.key)
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        told = Counter(fact.clock for fact in self._told(OrderBreached))
        asked = len(self._told(CallbackDue))
        wanted = Counter(self.card.told)
        assert (told["sign"], told["handle"], asked) == (
            wanted["sign"],
            wanted["handle"],
            wanted["asked"],
        )


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_whatever_happens_the_tracker_says_what_a_careful_clerk_would(dsn: str) -> None:
    """Duplicates, reordering across topics, late actions, crashes and jumps of the clock."""
    bus, clock = MemoryBus(), ManualClock(NOON)  # The town goes on, complaint after complaint.
    run_state_machine_as_test(
        lambda: Machine(dsn, bus, clock),
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
