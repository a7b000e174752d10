"""Sampling: nobody who handles a matter chooses or foresees who is asked."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

import pytest

from services.events import CallbackLapsed, SupervisionOpened
from services.notifier.decide import CallbackState, Directory, Watch, plan, watch
from tests.builders import NOON
from tests.notifier.asking import a_callback, an_asking
from tests.notifier.stories import CALLBACK, COMPLAINT, a_callback_due, a_dispatch, a_tracked_event
from tests.notifier.test_watch import Open

MANY = [uuid5(COMPLAINT, str(number)) for number in range(20_000)]
NONE = an_asking(sample=0.0)


@pytest.mark.parametrize("share", [0.12, 0.5])
def test_the_share_that_is_asked_is_the_policys(share):
    """Within five standard deviations of 20,000 draws."""
    asking = an_asking(sample=share)
    drawn = sum(asking.is_drawn(one) for one in MANY)
    deviation = (len(MANY) * share * (1 - share)) ** 0.5
    assert abs(drawn - len(MANY) * share) < 5 * deviation


def test_a_draw_is_the_same_whenever_it_is_made_and_different_with_another_secret():
    """After a crash the same people are asked; who lacks the secret can't foresee whom."""
    asking = an_asking(sample=0.5)
    other = replace(asking, secret=b"t" * 32)
    drawn = [asking.is_drawn(one) for one in MANY]
    assert drawn == [an_asking(sample=0.5).is_drawn(one) for one in MANY]
    agreeing = sum(a == other.is_drawn(one) for a, one in zip(drawn, MANY, strict=True))
    assert abs(agreeing - len(MANY) / 2) < 5 * (len(MANY) / 4) ** 0.5


def test_a_greater_share_asks_everybody_a_smaller_one_would():
    """Changing the policy doesn't reshuffle."""
    few, more = an_asking(sample=0.1), an_asking(sample=0.3)
    assert all(more.is_drawn(one) for one in MANY if few.is_drawn(one))
    assert not any(NONE.is_drawn(one) for one in MANY)
    assert all(an_asking().is_drawn(one) for one in MANY)


def test_who_is_not_drawn_ends_at_once_and_is_told_apart():
    """No message, no clock; the tracker closes the case and counts it by itself."""
    step = plan(a_callback_due(), COMPLAINT, COMPLAINT, NONE, NOON)
    assert step.state.state is CallbackState.LAPSED
    assert step.facts == (CallbackLapsed(callback_id=CALLBACK, reason="not-sampled"),)
    assert step.set_deadlines == ()


def test_a_reopened_round_is_always_asked_about():
    """Whether the second try helped is what the city wants to know."""
    assert a_callback(NONE, round=2).state is CallbackState.DUE


def test_a_secret_or_supervised_matter_is_always_asked_about():
    """Leaving these out would hide the worst."""
    opened = SupervisionOpened(supervision_id=COMPLAINT, because="unsigned", level=1, raised_to="c")
    for fact in (opened, a_dispatch(is_secret=True)):
        state = watch(a_tracked_event(fact, 2), Watch(), Directory(), Open(), NOON).state
        assert state.is_always_asked
        after = watch(a_tracked_event(a_dispatch(), 3), state, Directory(), Open(), NOON).state
        step = plan(
            a_callback_due(),
            COMPLAINT,
            COMPLAINT,
            NONE,
            NOON,
            is_always_asked=after.is_always_asked,
        )
        assert step.state.state is CallbackState.DUE


def test_the_secret_is_never_shown():
    """Whoever reads a log must not learn to foresee draws."""
    assert "secret" not in repr(an_asking())
    assert UUID(int=0).bytes not in repr(NONE).encode()
