"""The tables of what may follow what: complete, without dead ends, and drawn as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from services.events import AgencyAction
from services.runtime.step import Ignored
from services.tracker.decide import lifecycle, lifecycle_chart
from services.tracker.decide.case import CaseState, OrderState
from services.tracker.decide.lifecycle import CASE, ORDER, CaseTrigger, OrderTrigger
from tests.tracker.officers import approve, ask, strict_policy
from tests.tracker.stories import Story, routed

TABLES = [
    pytest.param(CASE, None, CaseState, lifecycle.CASE_FINAL, id="case"),
    pytest.param(ORDER, OrderState.DISPATCHED, OrderState, lifecycle.ORDER_FINAL, id="order"),
]


def _reachable(table: Mapping[Any, Any], start: StrEnum | None) -> set[StrEnum | None]:
    found: set[StrEnum | None] = {start}
    while more := {n for (s, _), n in table.items() if s in found} - found:
        found |= more
    return found


@pytest.mark.parametrize(("table", "start", "states", "final"), TABLES)
def test_every_state_can_be_reached(table, start, states, final) -> None:
    """A state nobody can get into is a rule that was forgotten, or one that is dead."""
    assert _reachable(table, start) - {None} == set(states)


@pytest.mark.parametrize(("table", "start", "states", "final"), TABLES)
def test_every_state_that_is_not_final_can_still_end(table, start, states, final) -> None:
    """No complaint may get stuck where nothing can close it any more."""
    for state in set(states) - final:
        assert _reachable(table, state) & final


@pytest.mark.parametrize(("table", "start", "states", "final"), TABLES)
def test_nothing_follows_a_final_state(table, start, states, final) -> None:
    """A closed case and an ended order stay as they are; a new round has a new order."""
    assert not {s for s, _ in table} & final


def test_every_state_that_is_not_final_has_a_deadline_or_waits_for_a_named_party() -> None:
    """Nothing waits for nobody: that is how complaints are forgotten."""
    assert set(lifecycle.CASE_WAITS_FOR) == set(CaseState) - lifecycle.CASE_FINAL
    assert set(lifecycle.ORDER_WAITS_FOR) == set(OrderState) - lifecycle.ORDER_FINAL
    assert all(lifecycle.CASE_WAITS_FOR.values())
    assert all(lifecycle.ORDER_WAITS_FOR.values())


def _named(waits: tuple[str, ...]) -> set[str]:
    return set(re.findall(r"`([a-z-]+)`", " ".join(waits)))


def _orders_in_every_state() -> dict[OrderState, set[str]]:
    """Take an order through its open states, and look at which of its clocks run."""
    story = Story(strict_policy())
    story.hear(routed())
    found = {story.lead.state: story.running(story.lead)}
    story.sign()
    found[story.lead.state] = story.running(story.lead)
    ask(story, AgencyAction.DEFER, until=story.now + timedelta(days=90))
    ask(story, AgencyAction.PAUSE, reason="unreachable")
    found[story.lead.state] = story.running(story.lead)
    ask(story, AgencyAction.CONTINUE)
    approve(story, request_id=story.lead.requests[0].request_id)
    found[story.lead.state] = story.running(story.lead)
    return found


def test_an_open_order_has_the_deadlines_that_its_state_names() -> None:
    """The table says what ends a state; so the clock must really run."""
    running = _orders_in_every_state()
    assert set(running) == set(OrderState) - lifecycle.ORDER_FINAL
    for state, clocks in running.items():
        named = _named(lifecycle.ORDER_WAITS_FOR[state])
        assert named
        assert named <= clocks


@pytest.mark.parametrize(("state", "trigger"), [*product([None, *CaseState], CaseTrigger)])
def test_a_case_follows_its_table_and_nothing_else(state, trigger) -> None:
    """Whatever isn't in the table is ignored, with a reason that names both."""
    outcome = lifecycle.next_case(state, trigger)
    if (state, trigger) in CASE:
        assert outcome is CASE[state, trigger]
    else:
        assert outcome == Ignored(f"case-{state or 'new'}-not-{trigger}")


@pytest.mark.parametrize(("state", "trigger"), [*product(OrderState, OrderTrigger)])
def test_an_order_follows_its_table_and_nothing_else(state, trigger) -> None:
    """The same for orders."""
    outcome = lifecycle.next_order(state, trigger)
    if (state, trigger) in ORDER:
        assert outcome is ORDER[state, trigger]
    else:
        assert outcome == Ignored(f"order-{state}-not-{trigger}")


def test_every_trigger_is_used() -> None:
    """A trigger in no row would always be ignored."""
    assert {trigger for _, trigger in CASE} == set(CaseTrigger)
    assert {trigger for _, trigger in ORDER} == set(OrderTrigger)


def test_the_drawing_has_every_row_of_both_tables() -> None:
    """What officials read must be what the tracker does."""
    drawn = lifecycle_chart.to_mermaid()
    for (state, trigger), following in [*CASE.items(), *ORDER.items()]:
        assert f"    {state or '[*]'} --> {following}: {trigger}\n" in drawn
    # And two of a whistle, one of a proactive case.
    assert drawn.count("stateDiagram-v2") == 5
