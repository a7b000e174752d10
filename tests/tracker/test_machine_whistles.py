"""Whistles and proactive cases beside a case, against a plain model of each."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.events import (
    Proactive,
    ProactiveAction,
    ProactiveCaseClosed,
    ProactiveCaseOverdue,
    ProactiveCaseReported,
    ProactiveCaseUpdated,
    WhistleAction,
    WhistleActionReported,
    WhistleClosed,
    WhistleContacted,
    WhistleJudged,
    WhistleLeft,
    WhistleMissed,
    WhistleReportedIn,
    WhistleSigned,
)
from services.runtime.ids import new_id
from tests.tracker.clerk_whistles import Plan, Sheet
from tests.tracker.machine import HOURS, LAGS, Place, Town, a_place, steps
from tests.tracker.stories import STREET, WATER, routed
from tests.tracker.whistling import ENFORCEMENT, STRANGER, a_call

BODIES = st.sampled_from([WATER, WATER, ENFORCEMENT, STRANGER, STREET])
DONE = {WhistleSigned: "sign", WhistleContacted: "contact", WhistleReportedIn: "arrive"}
_CALLS = "SELECT whistle_id, agency, state FROM tracker.summons WHERE key = $1"
_WHISTLES = "SELECT whistle_id, state, judged_until FROM tracker.whistle WHERE key = $1"
_CLOCKS = """
    SELECT kind, due_at FROM tracker.deadline WHERE key = $1 AND kind LIKE 'whistle-%'
    ORDER BY kind, due_at
"""
_PLAN = """
    SELECT state, overdue_at IS NOT NULL, is_on_time, bonus,
        ARRAY(SELECT due_at FROM tracker.deadline WHERE key = $1)
    FROM tracker.proactive WHERE proactive_id = $1
"""


class Whistles(Town):
    """A complaint about which a street blows, once or again; and a plan of its own."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.key, self.plan_key = new_id(), new_id()
        self.sheets: dict[UUID, Sheet] = {}
        self.plan: Plan | None = None

    def keys(self) -> list[UUID]:
        """The complaint and the plan."""
        return [self.key, self.plan_key]

    def counters(self) -> list[Counter[str]]:
        """All that was told."""
        return [one.told for one in (*self.sheets.values(), self.plan) if one]

    # The street and the bodies.

    @initialize()
    def it_begins(self) -> None:
        """A street blows; a supervisor plans."""
        self.place.open()
        self.a_street_blows()
        self.a_supervisor_opens_a_plan(24 * 9)

    @precondition(lambda self: len(self.sheets) < 2)
    @rule()
    def a_street_blows(self) -> None:
        """The second time it is a repeat for the same complaint."""
        number = new_id()
        self._say_of(self.key, a_call(number, self.key))
        self.sheets[number] = Sheet(self.clock.now(), (WATER, ENFORCEMENT))

    @rule(is_routed=st.booleans())
    def the_complaint_goes_its_own_way(self, is_routed: bool) -> None:
        """No whistle changes by it."""
        self._say_of(self.key, routed(lead=STREET, copies=()))
        if not is_routed:
            self._say_of(self.key, a_call(next(iter(self.sheets)), self.key))  # Blown before.

    def _report(self, data: st.DataObject, body: str, action: str, **fields: Any) -> UUID:
        number = data.draw(st.sampled_from(list(self.sheets)))
        self._report_of(number, body, action, **fields)
        return number

    def _report_of(self, number: UUID, body: str, action: str, **fields: Any) -> None:
        self._say_of(
            self.key,
            WhistleActionReported(
                whistle_id=number,
                agency=body,
                action=WhistleAction(action),
                **({"reported_at": self.clock.now()} | fields),
            ),
        )

    @rule(
        data=st.data(),
        body=BODIES,
        action=st.sampled_from(["sign", "contact", "arrive", "arrive", "leave", "result"]),
        lag=LAGS,
    )
    def a_body_reports(self, data: st.DataObject, body: str, action: str, lag: timedelta) -> None:
        """Whether or not it is called, in whatever order, perhaps read late."""
        at = self.clock.now() - lag
        number = self._report(data, body, action, note="已派人", reported_at=at)
        self.sheets[number].acts(body, action, self.clock.now())

    @rule(data=st.data(), is_short=st.booleans())
    def a_body_arrives(self, data: st.DataObject, is_short: bool) -> None:
        """And so has accepted, whatever it said before; it may not stay."""
        number = self._report(data, ENFORCEMENT, "arrive")
        self.sheets[number].acts(ENFORCEMENT, "arrive", self.clock.now())
        if is_short:
            self._report_of(number, ENFORCEMENT, "leave")
            self.sheets[number].acts(ENFORCEMENT, "leave", self.clock.now())

    @rule(data=st.data(), body=BODIES, is_of_street=st.booleans(), lag=LAGS)
    def one_judges(
        self, data: st.DataObject, body: str, is_of_street: bool, lag: timedelta
    ) -> None:
        """双考核: each side once, also for a while after the end."""
        at = self.clock.now() - lag
        judge, about = (STREET, body) if is_of_street else (body, None)
        number = self._report(data, judge, "judge", about=about, grade="poor", reported_at=at)
        self.sheets[number].judges(body, "street" if is_of_street else body, at)

    @precondition(lambda self: len(self.log) > 8)
    @rule(data=st.data(), body=st.sampled_from([STREET, STREET, WATER]))
    def one_closes(self, data: st.DataObject, body: str) -> None:
        """Only the street that blew can."""
        number = self._report(data, body, "close", note="已解决")
        if body == STREET:
            self.sheets[number].closes("street", self.clock.now())

    # The supervisor's plan.

    def _plan(self, action: ProactiveAction, **fields: Any) -> None:
        self._say_of(
            self.plan_key,
            ProactiveCaseReported(
                proactive_id=self.plan_key,
                action=action,
                officer="desk-1",
                reported_at=self.clock.now(),
                **fields,
            ),
        )

    @rule(hours=st.sampled_from([1, 24 * 9]))
    def a_supervisor_opens_a_plan(self, hours: int) -> None:
        """Once: the second time nothing comes of it."""
        planned_at = self.clock.now() + timedelta(hours=hours)
        content = Proactive(title="市场后门", owner=STREET, plan="每日清运", planned_at=planned_at)
        self._plan(ProactiveAction.OPEN, content=content)
        self.plan = self.plan or Plan(planned_at)

    @rule(note=st.sampled_from([None, "已增设垃圾桶"]))
    def a_supervisor_reports(self, note: str | None) -> None:
        """What was done, or nothing."""
        self._plan(ProactiveAction.PROGRESS, note=note)
        assert self.plan is not None
        self.plan.goes_on(note)

    @precondition(lambda self: len(self.log) > 8)
    @rule(is_done=st.booleans(), bonus=st.sampled_from([0, 1, 3]))
    def a_supervisor_ends_it(self, is_done: bool, bonus: int) -> None:
        """Done, with points, or given up."""
        self._plan(ProactiveAction.CLOSE if is_done else ProactiveAction.CANCEL, bonus=bonus)
        assert self.plan is not None
        self.plan.ends("closed" if is_done else "cancelled", bonus)

    @rule(hours=HOURS)
    def time_passes(self, hours: int) -> None:
        """In one go, as after an outage."""
        self.clock.advance(timedelta(hours=hours))
        self.place.settle()

    # What must be true after every step.

    @invariant()
    def agrees(self) -> None:
        """The tables say what the sheets and the plan say."""
        if self.place.path is None or self.plan is None:
            return
        now = self.clock.now()
        for sheet in self.sheets.values():
            sheet.settle(now)
        self.plan.settle(now)
        calls, whistles, clocks, plan = self._fetch(self._read)
        assert calls == {
            (number, body): slip.state
            for number, sheet in self.sheets.items()
            for body, slip in sheet.slips.items()
        }
        assert whistles == {
            number: ("open" if sheet.is_open else "closed", sheet.judged_until)
            for number, sheet in self.sheets.items()
        }
        assert clocks == sorted(self._running())
        ahead = self.plan
        runs = [ahead.planned_at] if ahead.state == "open" and not ahead.is_overdue else []
        assert plan == (ahead.state, ahead.is_overdue, ahead.is_on_time, ahead.bonus, runs)

    def _running(self) -> list[tuple[str, datetime]]:
        sheets = self.sheets.values()
        running = [
            (f"whistle-{s}", at)
            for one in sheets
            for slip in one.slips.values()
            for s, at in slip.diary.items()
        ]
        return running + [("whistle-lapse", one.lapses_at) for one in sheets if one.lapses_at]

    async def _read(self, pool: asyncpg.Pool) -> tuple[Any, ...]:
        calls = await pool.fetch(_CALLS, self.key)
        whistles = await pool.fetch(_WHISTLES, self.key)
        return (
            {(row[0], row[1]): row[2] for row in calls},
            {row[0]: (row[1], row[2]) for row in whistles},
            [tuple(row) for row in await pool.fetch(_CLOCKS, self.key)],
            tuple(await pool.fetchrow(_PLAN, self.plan_key) or ()),
        )

    @invariant()
    def tells_once(self) -> None:
        """Every word that the clerk would send was sent, and no other."""
        told = [event.data for event in self._events(self.key)]
        for number, sheet in self.sheets.items():
            mine = [fact for fact in told if getattr(fact, "whistle_id", None) == number]
            assert _counted(mine) == +sheet.told
        if self.plan is not None:
            ahead = [event.data for event in self._events(self.plan_key)]
            assert _counted(ahead) == +self.plan.told


def _counted(facts: list[Any]) -> Counter[str]:
    told: Counter[str] = Counter()
    for fact in facts:
        match fact:
            case WhistleSigned() | WhistleContacted() | WhistleReportedIn():
                told[f"{DONE[type(fact)]}-{'on-time' if fact.is_on_time else 'late'}"] += 1
            case WhistleMissed():
                told[f"missed-{fact.clock}"] += 1
            case WhistleClosed():
                told[f"closed-{fact.because}"] += 1
                told["no-shows"] += len(fact.no_shows)
            case ProactiveCaseClosed():
                told["cancelled" if fact.is_cancelled else "closed"] += 1
            case _:
                told[_WORDS.get(type(fact), "")] += 1
    del told[""]
    return +told


_WORDS = {
    WhistleLeft: "left",
    WhistleJudged: "judged",
    ProactiveCaseUpdated: "updated",
    ProactiveCaseOverdue: "overdue",
}


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_whoever_is_called_is_judged_as_a_careful_clerk_would(dsn: str) -> None:
    """No-shows by time, late arrivals, judgements, repeats; and plans with their dates."""
    with a_place(dsn) as place:
        run_state_machine_as_test(lambda: Whistles(place), settings=steps(8, 30))
