"""The whistle's tables: every state can be reached and left, and nothing waits for nobody."""

from __future__ import annotations

import pytest

from services.runtime.step import Ignored
from services.tracker.decide.whistle import (
    CALL,
    CALL_FINAL,
    CALL_WAITS_FOR,
    CLOCK_KINDS,
    LAPSE,
    WHISTLE,
    WHISTLE_FINAL,
    WHISTLE_WAITS_FOR,
    CallState,
    CallTrigger,
    WhistleState,
    WhistleTrigger,
    next_call,
    next_whistle,
)
from services.tracker.decide.whistle_chart import whistle_mermaid


def _from(start: CallState) -> set[CallState]:
    """Every state that can follow one, however late."""
    found, left = {start}, [start]
    while left:
        state = left.pop()
        for (before, _), after in CALL.items():
            if before is state and after not in found:
                found.add(after)
                left.append(after)
    return found


def test_every_state_of_a_call_can_be_reached() -> None:
    """A state that nothing leads to is dead code that a reader must understand all the same."""
    assert _from(CallState.CALLED) == set(CallState)


@pytest.mark.parametrize("state", sorted(set(CallState) - CALL_FINAL))
def test_every_call_that_is_not_over_can_end(state: CallState) -> None:
    """No dead end; and the end of the whistle alone is enough for it."""
    assert _from(state) & CALL_FINAL
    for trigger in (CallTrigger.ENDED, CallTrigger.ENDED_OVERDUE):
        assert next_call(state, trigger) in CALL_FINAL


@pytest.mark.parametrize("state", sorted(CALL_FINAL))
def test_nothing_leads_out_of_the_end_of_a_call(state: CallState) -> None:
    """LEFT is said in both lists: it may get words, and goes nowhere."""
    assert {after for (before, _), after in CALL.items() if before is state} <= {state}


@pytest.mark.parametrize("trigger", sorted(CallTrigger))
def test_everything_that_can_happen_to_a_call_happens_somewhere(trigger: CallTrigger) -> None:
    """A trigger without a place in the table would always be ignored."""
    assert any(known is trigger for _, known in CALL)


def test_a_whistle_is_open_once_and_then_closed_for_good() -> None:
    """Whatever closes it; only judgements still change what is written about it."""
    assert {after for (_, _), after in WHISTLE.items()} == set(WhistleState)
    leading_out = {t for (before, t) in WHISTLE if before in WHISTLE_FINAL}
    assert leading_out == {WhistleTrigger.JUDGED}
    assert {t for _, t in WHISTLE} == set(WhistleTrigger)


def test_every_state_that_is_not_final_waits_for_somebody_or_a_deadline() -> None:
    """And the deadlines that are named exist."""
    assert set(CALL_WAITS_FOR) == set(CallState) - CALL_FINAL
    assert set(WHISTLE_WAITS_FOR) == set(WhistleState) - WHISTLE_FINAL
    named = " ".join(word for waits in CALL_WAITS_FOR.values() for word in waits)
    assert all(f"`{kind}`" in named for kind in CLOCK_KINDS)
    assert f"`{LAPSE}`" in WHISTLE_WAITS_FOR[WhistleState.OPEN][0]


@pytest.mark.parametrize("state", sorted(CallState))
@pytest.mark.parametrize("trigger", sorted(CallTrigger))
def test_what_is_not_in_the_table_is_ignored_with_both_names(
    state: CallState, trigger: CallTrigger
) -> None:
    """The whole product of states and triggers; the reason says which habit is behind it."""
    found = next_call(state, trigger)
    expected = CALL.get((state, trigger))
    assert found == (expected or Ignored(f"call-{state}-not-{trigger}"))


def test_a_whistle_is_not_routed_twice() -> None:
    """The router's word may come again."""
    assert next_whistle(WhistleState.OPEN, WhistleTrigger.ROUTED) == Ignored(
        "whistle-open-not-routed"
    )


def test_the_page_shows_every_transition() -> None:
    """What the page doesn't show is ignored; a reader relies on that."""
    page = whistle_mermaid()
    for (before, trigger), after in CALL.items():
        assert f"| {before} | {trigger} | {after} |" in page
    for (state, what), then in WHISTLE.items():
        assert f"| {state or '(none yet)'} | {what} | {then} |" in page
