"""Whatever happens in whatever order: what must always hold of a case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.events import (
    AgencyAction,
    CaseClosed,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    OrderBreached,
    Satisfaction,
    SupervisionOpened,
)
from services.runtime.step import Early, Ignored, Step
from services.tracker.decide.case import CallbackState, CaseState, OrderState
from services.tracker.decide.react import remember
from tests.builders import NOON, an_event
from tests.tracker.stories import (
    GOVERNMENT,
    STREET,
    WATER,
    Story,
    diverted,
    held,
    prompt_policy,
    routed,
    the_policy,
)

AGENCIES = [STREET, GOVERNMENT, WATER]


def _report(action: AgencyAction, which: int) -> Callable[[Story], Any]:
    def happen(story: Story) -> Any:
        if not (story.case and story.case.orders):
            return None
        order = story.case.orders[which % len(story.case.orders)]
        return story.report(action, order)

    return happen


def _answer(solved: bool, satisfaction: Satisfaction) -> Callable[[Story], Any]:
    def happen(story: Story) -> Any:
        if story.case and story.case.callback:
            return story.answer(solved=solved, satisfaction=satisfaction)
        return None

    return happen


def _lapse(story: Story) -> Any:
    return story.lapse() if story.case and story.case.callback else None


def _hear(fact: Any) -> Callable[[Story], Any]:
    return lambda story: story.hear(fact)


def _wait(by: timedelta) -> Callable[[Story], Any]:
    return lambda story: story.wait(by)


def _routings(lead: str, attempt: int, assists: list[str]) -> Callable[[Story], Any]:
    return _hear(routed(lead=lead, attempt=attempt, assists=tuple(assists)))


HAPPENINGS = st.one_of(
    st.builds(
        _routings,
        st.sampled_from(AGENCIES),
        st.integers(1, 3),
        st.lists(st.sampled_from(AGENCIES), max_size=2),
    ),
    st.builds(_report, st.sampled_from(AgencyAction), st.integers(0, 5)),
    st.builds(_report, st.sampled_from(AgencyAction), st.integers(0, 5)),
    st.builds(_answer, st.booleans(), st.sampled_from(Satisfaction)),
    st.builds(_wait, st.timedeltas(timedelta(0), timedelta(days=9))),
    st.sampled_from(
        [
            _lapse,
            _hear(held()),
            _hear(held(attempt=2)),
            _hear(diverted()),
            _hear(ComplaintWithdrawn()),
            _hear(ComplaintSupplemented(kind="urge", text="快点")),
        ]
    ),
)


def _check_state(story: Story) -> None:
    case = story.open
    open_leads = [o for o in case.orders if o.is_open and o.role == "lead"]
    assert len(open_leads) == (case.state is CaseState.HANDLING)
    has_open_callback = case.callback is not None and case.callback.is_open
    assert has_open_callback == (case.state is CaseState.RESOLVED)
    if case.state is CaseState.CLOSED:
        assert not any(order.is_open for order in case.orders)
    open_agencies = [o.agency for o in case.orders if o.is_open]
    assert len(open_agencies) == len(set(open_agencies))


def _check_clocks(story: Story) -> None:
    """Exactly the clocks run that have something to tell."""
    expected = set()
    for order in story.open.orders:
        if order.is_open:
            if order.state is OrderState.DISPATCHED and order.sign_breached_at is None:
                expected.add((order.order_id, "sign"))
            if order.warned_at is None:
                expected.add((order.order_id, "at-risk"))
            if order.breached_at is None:
                expected.add((order.order_id, "due"))
    callback = story.open.callback
    if callback is not None and callback.state is CallbackState.WAITING:
        expected.add((callback.callback_id, "callback"))
    assert set(story.clocks) == expected | _watched(story)


def _watched(story: Story) -> set[tuple[UUID, str]]:
    """A case that nobody has is watched until somebody above sees to it."""
    held_by = [s for s in story.open.supervisions if s.is_open and s.because == "unassigned"]
    is_held = story.open.state is CaseState.HELD
    assert is_held or not held_by
    return {(story.complaint_id, "unassigned")} if is_held and not held_by else set()


def _check_facts(story: Story) -> None:
    assert story.said.count("CaseOpened") == 1
    assert story.said[0] == "CaseOpened"
    assert all(fact.due_at <= story.now for fact in story.all(OrderBreached))
    is_closed = story.open.state is CaseState.CLOSED
    assert ("CaseClosed" in story.said) == is_closed
    last = story.facts[-1]
    if isinstance(last, SupervisionOpened) and last.because == "dissatisfied":
        assert is_closed  # Only this outlives the end: an officer must release it.
        last = story.facts[-2]
    assert not is_closed or isinstance(last, CaseClosed)
    late = {o.order_id for o in story.open.orders if o.is_on_time is False}
    broken = {fact.order_id for fact in story.all(OrderBreached) if fact.clock == "handle"}
    assert late <= broken
    assert story.open.history_length == len(story.open.notes)


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.lists(HAPPENINGS, max_size=14))
def test_no_order_of_events_breaks_a_case(is_prompt, happenings) -> None:
    """One lead, one question, the right clocks, one end: after every single event."""
    story = Story(prompt_policy() if is_prompt else the_policy())
    for happen in happenings:
        before, said = story.case, len(story.facts)
        outcome = happen(story)
        if isinstance(outcome, (Ignored, Early)):
            assert story.case is before
            assert len(story.facts) == said
        if story.case is not None:
            _check_state(story)
            _check_clocks(story)
            _check_facts(story)


@settings(max_examples=100, deadline=None)
@given(st.lists(HAPPENINGS, max_size=14))
def test_a_case_left_alone_ends_or_waits_for_somebody(happenings) -> None:
    """After all clocks have run out, only a named party can be what it waits for."""
    story = Story()
    for happen in happenings:
        happen(story)
    story.wait(timedelta(days=60))
    assert story.clocks == {}
    if story.case and story.case.state is CaseState.RESOLVED:
        assert story.callback.state is CallbackState.ASKED
    if story.case and story.case.state is CaseState.HANDLING:
        assert story.lead.breached_at is not None


@settings(max_examples=100, deadline=None)
@given(st.lists(HAPPENINGS, max_size=10))
def test_what_was_ignored_once_is_ignored_again(happenings) -> None:
    """A reason doesn't wear off while nothing else happens."""
    story = Story()
    for happen in happenings:
        if isinstance(happen(story), Ignored):
            assert isinstance(happen(story), Ignored)


def test_an_ignored_follow_up_is_kept_in_the_history_with_its_reason() -> None:
    """The door said "accepted"; an operator must see why nothing came of it."""
    story = Story()
    story.hear(routed())
    event = an_event(ComplaintWithdrawn(reason="算了"), story.complaint_id)
    step = remember(event, story.open, NOON, "case-closed-not-withdrawn")
    assert isinstance(step, Step)
    line = step.state.notes[-1]
    assert (line.kind, line.cause) == ("ComplaintWithdrawn", event.id)
    assert line.detail == {"reason": "算了", "ignored": "case-closed-not-withdrawn"}
    assert step.state.history_length == len(step.state.notes)
    assert step.facts == ()


def test_a_routers_repetition_is_nobodys_question() -> None:
    """Nothing to keep: nobody was told anything."""
    story = Story()
    story.hear(routed())
    event = an_event(routed(), story.complaint_id, source="router")
    assert remember(event, story.open, NOON, "case-handling-not-routed") is None
