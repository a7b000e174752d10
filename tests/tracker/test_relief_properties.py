"""Relief, whatever happens: every open order has a clock, and every timeline adds up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.events import AgencyAction, OfficerAction
from services.tracker.decide.case import Order, OrderState
from tests.tracker.officers import ask, decide, strict_policy
from tests.tracker.stories import GOVERNMENT, WATER, Story, routed

DAY = timedelta(days=1)


#: Nothing that is granted makes an order due earlier; ending a pause before its time does.
_GRANTS = ("approve", "pause at once")


def _decided(story: Story, action: OfficerAction) -> None:
    for order in story.open.orders:
        for request in order.requests:
            decide(story, action, request_id=request.request_id)


def _pause(story: Story, reason: str, days: int | None = None) -> None:
    until = story.now + days * DAY if days else None
    ask(story, AgencyAction.PAUSE, reason=reason, until=until)


_HAPPENINGS: dict[str, Callable[[Story], object]] = {
    "an hour": lambda s: s.wait(timedelta(hours=1)),
    "a day": lambda s: s.wait(DAY),
    "a week": lambda s: s.wait(7 * DAY),
    "a month": lambda s: s.wait(30 * DAY),
    "sign": lambda s: s.sign(),
    "contact": lambda s: s.report(AgencyAction.CONTACT),
    "pause": lambda s: _pause(s, "inspection", 4),
    "pause at once": lambda s: _pause(s, "unreachable"),
    "extend": lambda s: ask(s, AgencyAction.EXTEND, until=s.lead.clock.due_at + DAY),
    "defer": lambda s: ask(s, AgencyAction.DEFER, until=s.now + 60 * DAY),
    "continue": lambda s: ask(s, AgencyAction.CONTINUE),
    "approve": lambda s: _decided(s, OfficerAction.APPROVE),
    "refuse": lambda s: _decided(s, OfficerAction.REFUSE),
    "return": lambda s: s.give_back(),
    "route": lambda s: s.hear(routed(lead=GOVERNMENT, attempt=s.open.attempt)),
    "resolve": lambda s: s.resolve(),
    "dissatisfied": lambda s: s.open.callback and s.answer(solved=False),
}


@given(st.lists(st.sampled_from(sorted(_HAPPENINGS)), max_size=25))
def test_whatever_happens_every_open_order_has_a_clock_and_a_timeline_that_adds_up(
    happenings: list[str],
) -> None:
    """No dead end, no negative time, and nothing is due while its clock stands still."""
    story = Story(strict_policy())
    story.hear(routed(assists=(WATER,)))
    for what in happenings:
        before = {order.order_id: order.clock.due_at for order in story.open.orders}
        _HAPPENINGS[what](story)
        if what in _GRANTS:
            after = {order.order_id: order.clock.due_at for order in story.open.orders}
            assert all(after[one] >= due_at for one, due_at in before.items())
        for order in story.open.orders:
            _check(story, order)


def _check(story: Story, order: Order) -> None:
    clock, ledger = order.clock, order.ledger
    ends = [(a.ends_at, b.starts_at) for a, b in pairwise(clock.timeline)]
    assert all(end == start for end, start in ends)
    assert clock.timeline[-1].ends_at == clock.due_at
    assert clock.at_risk_at <= clock.due_at
    assert all(p.until is not None and p.since <= p.until for p in ledger[:-1])
    assert all(a.until <= b.since for a, b in pairwise(ledger) if a.until)
    is_still = order.state in (OrderState.PAUSED, OrderState.DEFERRED)
    assert is_still == bool(ledger and ledger[-1].until is None)
    running = story.running(order) - {"contact", "sign", "unsigned"}
    if not order.is_open:
        assert not story.running(order)
        assert not order.requests
    elif is_still:
        assert running == {"resume"}
    else:
        assert "due" in running or order.breached_at is not None
