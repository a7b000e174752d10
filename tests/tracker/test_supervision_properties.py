"""Whatever happens in whatever order: what must always hold of levels and supervisions."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.events import CaseEscalated, SupervisionClosed, SupervisionOpened
from services.tracker.decide.case import CaseState, OrderState, Supervision
from tests.policies import a_policy
from tests.tracker.stories import Story
from tests.tracker.test_ladder import TALL
from tests.tracker.test_react import HAPPENINGS
from tests.tracker.test_supervision import RULES

POLICY = a_policy(sla=TALL.replace("rounds_max = 2", "rounds_max = 3") + RULES)


@given(happenings=st.lists(HAPPENINGS, max_size=30))
def test_no_order_of_events_loses_or_doubles_a_supervision(happenings) -> None:
    """At each step, and when everything that was still to come has come."""
    story = Story(POLICY)
    for happen in happenings:
        happen(story)
        if story.case is not None:
            _check(story)
    story.wait(timedelta(days=60))
    if story.case is not None:
        _check(story)
        _check_end(story)


def _check(story: Story) -> None:
    opened = [fact.supervision_id for fact in story.all(SupervisionOpened)]
    closed = [fact.supervision_id for fact in story.all(SupervisionClosed)]
    kept = story.open.supervisions
    assert opened == [held.supervision_id for held in kept]
    assert len(set(opened)) == len(opened)
    assert sorted(closed) == sorted(h.supervision_id for h in kept if not h.is_open)
    still = Counter((h.because, h.level, h.order_id) for h in kept if h.is_open)
    assert not still or max(still.values()) == 1
    assert all(_has_a_reason(story, held) for held in kept if held.is_open)
    _check_levels(story)


def _has_a_reason(story: Story, held: Supervision) -> bool:
    """An open supervision is of something that isn't done."""
    case = story.open
    order = case.order(held.order_id) if held.order_id else None
    if order is None:
        return case.state in {CaseState.HELD, CaseState.HANDLING, CaseState.RESOLVED}
    is_beyond = held.because == "dissatisfied" and case.closed_as == "unsatisfied"
    is_unsigned = order.state is OrderState.DISPATCHED
    return is_beyond or (order.is_open and (held.because != "unsigned" or is_unsigned))


def _check_levels(story: Story) -> None:
    leads = {order.order_id for order in story.open.orders if order.role == "lead"}
    told = [fact.level for fact in story.all(CaseEscalated) if fact.order_id in leads]
    assert told == sorted(told)
    assert story.open.level == (told[-1] if told else 0)
    by_time = Counter(
        (f.order_id, f.level) for f in story.all(CaseEscalated) if f.because == "overdue"
    )
    assert not by_time or max(by_time.values()) == 1
    for subject, kind in story.clocks:
        if kind == "ladder":
            order = story.open.order(subject)
            assert order is not None
            assert order.is_open and order.breached_at is not None  # noqa: PT018
            assert order.role == "lead"


def _check_end(story: Story) -> None:
    """Two months later somebody above sees to everything that is still open."""
    case = story.open
    seen_to = {held.order_id for held in case.supervisions if held.is_open}
    if case.state is CaseState.HELD:
        assert None in seen_to
    for order in case.orders:
        if order.is_open and order.role == "lead" and order.breached_at is not None:
            assert story.open.level == len(POLICY.escalation)
            assert order.order_id in seen_to
