"""Whatever streets, departments and time do to a whistle, in whatever order: what always holds."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.events import (
    Fact,
    WhistleAction,
    WhistleActionReported,
    WhistleBlown,
    WhistleClosed,
    WhistleContacted,
    WhistleJudged,
    WhistleMissed,
    WhistleReportedIn,
    WhistleSigned,
)
from services.runtime.ids import new_id
from services.runtime.step import Deadline, Ignored, Step
from services.tracker.decide.docket import Docket, on_whistle, react_whistle
from services.tracker.decide.whistle import CALL_FINAL, Whistle
from services.tracker.decide.whistle_actions import owner_of, passed
from tests.builders import NOON, an_event
from tests.tracker.stories import STREET, WATER, the_policy
from tests.tracker.whistling import ENFORCEMENT, STRANGER, a_call

_DONE = (WhistleSigned, WhistleContacted, WhistleReportedIn)
_REPORTS = st.tuples(
    st.sampled_from([STREET, WATER, ENFORCEMENT, STRANGER]),
    st.sampled_from(list(WhistleAction)),
    st.sampled_from([None, WATER, STRANGER]),
    st.sampled_from([None, "good", "poor"]),
    st.integers(0, 90),  # Minutes on their way to us.
)
_WAITS = st.sampled_from([1, 9, 25, 61, 1_500, 6_000, 50_000])  # Minutes.
#: With waits: whether the clocks that ran out fire before the next report is read.
_STEPS = st.lists(st.one_of(_REPORTS, st.tuples(_WAITS, st.booleans())), max_size=25)


class _Plot:
    """One whistle, the instant it is, the clocks that run, and everything that was said."""

    def __init__(self, kind: str) -> None:
        self.key = new_id()
        self.now: datetime = NOON
        self.docket = Docket()
        self.facts: list[Fact] = []
        self.clocks: dict[tuple[UUID, str], Deadline] = {}
        self.take(react_whistle(self.event(a_call(self.key, kind=kind)), None, the_policy(), NOON))

    @property
    def whistle(self) -> Whistle:
        return self.docket.whistles[0]

    def event(self, fact: Fact) -> Any:
        return an_event(fact, self.key)

    def report(self, agency: str, action: WhistleAction, about: Any, grade: Any, ago: int) -> None:
        at = max(NOON, self.now - timedelta(minutes=ago))
        fact = WhistleActionReported(
            whistle_id=self.key,
            agency=agency,
            action=action,
            about=about,
            grade=grade,
            note="说明",
            reported_at=at,
        )
        self.take(react_whistle(self.event(fact), self.docket, the_policy(), self.now))

    def fire(self) -> None:
        due = [clock for clock in self.clocks.values() if clock.due_at <= self.now]
        for clock in sorted(due, key=lambda one: (one.due_at, one.kind)):
            if self.clocks.pop((clock.subject, clock.kind), None):
                whistle = owner_of(clock, self.docket.whistles)
                assert whistle is not None
                outcome = passed(clock, whistle, the_policy(), self.now)
                assert not isinstance(outcome, Ignored), outcome  # A stale clock was stopped.
                self.take(on_whistle(self.docket, outcome))

    def take(self, outcome: Any) -> None:
        assert isinstance(outcome, Step)
        self.docket = outcome.state
        self.facts.extend(outcome.facts)
        self.clocks |= {(d.subject, d.kind): d for d in outcome.set_deadlines}
        for name in outcome.clear_deadlines:
            self.clocks.pop(name, None)

    def play(self, steps: list[Any]) -> None:
        for step in steps:
            if len(step) == 2:
                self.now += timedelta(minutes=step[0])
                if step[1]:
                    self.fire()
            else:
                self.report(*step)


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(["daily", "emergency"]), steps=_STEPS)
def test_whatever_happens_a_whistle_ends_once_and_every_clock_is_told_once(
    kind: str, steps: list[Any]
) -> None:
    """No clock ticks on after the end, none is missed twice, no late act lacks its miss."""
    plot = _Plot(kind)
    plot.play(steps)
    plot.now += timedelta(days=90)
    plot.fire()
    assert plot.clocks == {}
    assert plot.whistle.closed_at is not None
    assert all(call.state in CALL_FINAL for call in plot.whistle.calls)
    missed = Counter((f.agency, f.clock) for f in plot.facts if isinstance(f, WhistleMissed))
    done = Counter((f.agency, type(f)) for f in plot.facts if isinstance(f, _DONE))
    judged = Counter((f.judge, f.about) for f in plot.facts if isinstance(f, WhistleJudged))
    for counted in (missed, done, judged):
        assert not counted or max(counted.values()) == 1
    for clock, kind_of_fact in zip(("sign", "contact", "arrive"), _DONE, strict=True):
        for fact in plot.facts:
            if isinstance(fact, kind_of_fact):
                assert fact.is_on_time is ((fact.agency, clock) not in missed)


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(["daily", "emergency"]), steps=_STEPS)
def test_what_was_said_adds_up_to_what_is_stored(kind: str, steps: list[Any]) -> None:
    """Whoever reads the facts alone knows the same as whoever asks the tracker."""
    plot = _Plot(kind)
    plot.play(steps)
    names = [type(fact).__name__ for fact in plot.facts]
    assert names[0] == WhistleBlown.__name__
    assert names.count(WhistleBlown.__name__) == 1
    closed = [fact for fact in plot.facts if isinstance(fact, WhistleClosed)]
    assert len(closed) == (plot.whistle.closed_at is not None)
    if closed:
        after = plot.facts[plot.facts.index(closed[0]) + 1 :]
        assert {type(fact) for fact in after} <= {WhistleJudged}
        absent = {call.agency for call in plot.whistle.calls if call.state == "absent"}
        assert set(closed[0].no_shows) == absent
        arrived = {fact.agency for fact in plot.facts if isinstance(fact, WhistleReportedIn)}
        assert not arrived & absent
    assert plot.whistle.history_length == len(plot.whistle.notes)
    judges = {fact.judge for fact in plot.facts if isinstance(fact, WhistleJudged)}
    assert judges <= {STREET, WATER, ENFORCEMENT}
