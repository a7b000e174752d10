"""What follows when an instant has passed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.events import CaseEscalated, OrderAtRisk, OrderBreached
from services.runtime.ids import new_id
from services.runtime.step import Deadline, Ignored
from services.tracker.decide import react_due
from services.tracker.decide.case import CaseState, OrderState
from tests.builders import NOON
from tests.policies import SLA, a_policy
from tests.tracker.stories import GOVERNMENT, STREET, WATER, Story, prompt_policy, routed


@pytest.fixture
def story() -> Story:
    """A case that a street leads."""
    story = Story()
    story.hear(routed())
    story.facts.clear()
    return story


def test_an_unsigned_order_breaches_its_sign_clock_and_goes_on(story) -> None:
    """The agency still has to do the work."""
    story.wait(timedelta(hours=2))
    breach = story.last(OrderBreached)
    assert (breach.clock, breach.due_at) == ("sign", NOON + timedelta(hours=2))
    assert story.said == ["OrderBreached"]
    assert story.lead.state is OrderState.DISPATCHED
    assert story.open.level == 0


def test_nothing_breaks_before_its_instant(story) -> None:
    """Not by a microsecond."""
    story.wait(story.lead.clock.due_at - timedelta(microseconds=1))
    assert all(fact.clock == "sign" for fact in story.all(OrderBreached))


def test_a_signed_order_is_warned_then_breached_and_escalated(story) -> None:
    """The street's superior is its district government."""
    story.sign()
    story.facts.clear()
    story.wait(timedelta(days=7))
    assert story.said == ["OrderAtRisk", "OrderBreached", "CaseEscalated"]
    assert story.last(OrderAtRisk).due_at == story.lead.clock.due_at
    assert story.last(OrderBreached).clock == "handle"
    raised = story.last(CaseEscalated)
    assert (raised.agency, raised.level, raised.raised_to) == (STREET, 1, GOVERNMENT)


def test_an_order_nobody_signed_breaches_its_handle_clock_too(story) -> None:
    """Not signing must not be a way around the promise."""
    story.wait(timedelta(days=7))
    assert [fact.clock for fact in story.all(OrderBreached)] == ["sign", "handle"]
    assert "CaseEscalated" in story.said


def test_a_breached_order_can_still_be_signed_and_resolved(story) -> None:
    """Late is better than never."""
    story.wait(timedelta(days=8))
    story.sign()
    story.resolve()
    assert story.open.state is CaseState.RESOLVED


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("sign", "order-resolved-not-sign-due"),
        ("at-risk", "order-resolved-not-at-risk"),
        ("due", "order-resolved-not-due"),
    ],
)
def test_a_deadline_that_lost_against_the_answer_is_ignored(story, kind, reason) -> None:
    """It was claimed while the answer was being committed: one winner."""
    clock = story.clocks[story.lead.order_id, kind]
    story.resolve()
    before = story.open
    assert react_due(clock, story.open, story.policy, story.now) == Ignored(reason)
    assert story.open is before


def test_a_sign_deadline_that_lost_against_the_signature_is_ignored(story) -> None:
    """The same for the sign clock."""
    clock = story.clocks[story.lead.order_id, "sign"]
    story.sign()
    outcome = react_due(clock, story.open, story.policy, story.now)
    assert outcome == Ignored("order-signed-not-sign-due")


@pytest.mark.parametrize("kind", ["sign", "at-risk", "due"])
def test_a_deadline_that_fires_twice_is_told_once(story, kind) -> None:
    """Whatever delivered it again."""
    clock = story.clocks[story.lead.order_id, kind]
    story.wait(clock.due_at)
    said = len(story.facts)
    assert isinstance(react_due(clock, story.open, story.policy, story.now), Ignored)
    assert len(story.facts) == said


def test_a_deadline_of_an_order_nobody_knows_is_ignored(story) -> None:
    """A row left over must not stop the timers."""
    stray = Deadline(story.complaint_id, new_id(), "due", story.now)
    assert react_due(stray, story.open, story.policy, story.now) == Ignored("deadline-unknown")
    odd = Deadline(story.complaint_id, story.lead.order_id, "odd", story.now)
    assert react_due(odd, story.open, story.policy, story.now) == Ignored("deadline-unknown")


def test_the_citizen_is_asked_when_the_delay_is_over(story) -> None:
    """And asked once."""
    story.resolve()
    clock = story.clocks[story.callback.callback_id, "callback"]
    story.wait(timedelta(hours=1))
    assert story.said[-1] == "CallbackDue"
    outcome = react_due(clock, story.open, story.policy, story.now)
    assert outcome == Ignored("callback-asked")


def test_a_callback_that_was_withdrawn_is_not_asked(story) -> None:
    """The deadline was claimed while the withdrawal was being committed."""
    stray = Deadline(story.complaint_id, new_id(), "callback", story.now)
    assert react_due(stray, story.open, story.policy, story.now) == Ignored("callback-not-current")


TALL = SLA.replace(
    'raised_to = "superior-of(agency)"\n',
    'raised_to = "superior-of(agency)"\n\n[[escalation]]\nlevel = 2\nraised_to = "hotline"\n',
)


def test_the_next_breach_of_a_case_is_raised_one_level_higher_and_no_further() -> None:
    """A case that breaks its promise again goes up the ladder; the top hears of each.

    So it does with each bad verdict.
    """
    story = Story(a_policy(sla=TALL.replace("rounds_max = 2", "rounds_max = 4")))
    story.hear(routed())
    for _ in range(2):
        story.wait(timedelta(days=8))
        story.resolve()
        story.wait(timedelta(hours=1))
        story.answer(solved=False)
    raised = [(fact.level, fact.raised_to, fact.because) for fact in story.all(CaseEscalated)]
    assert raised == [
        (1, GOVERNMENT, "breached"),
        (2, "hotline", "dissatisfied"),
        (2, "hotline", "breached"),
        (2, "hotline", "dissatisfied"),
    ]


def test_an_assists_breach_is_told_to_its_own_superior_and_does_not_raise_the_case() -> None:
    """The lead has kept its promise."""
    story = Story(prompt_policy())
    story.hear(routed(assists=(WATER,)))
    story.resolve()
    story.facts.clear()
    story.wait(timedelta(days=7))
    assert story.last(CaseEscalated).raised_to == "city-housing"
    assert story.last(OrderBreached).answerable == STREET  # First receiver (首接负责).
    assert story.open.level == 0


def test_a_city_without_a_ladder_has_breaches_without_escalation() -> None:
    """Nobody is named, so nobody is told."""
    ladder = '[[escalation]]\nlevel = 1\nraised_to = "superior-of(agency)"\n'
    story = Story(a_policy(sla=SLA.replace(ladder, "")))
    story.hear(routed())
    story.wait(timedelta(days=7))
    assert "OrderBreached" in story.said
    assert "CaseEscalated" not in story.said
