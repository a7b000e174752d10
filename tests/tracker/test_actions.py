"""What follows from an agency's report: signing, returning, resolving, and by whom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.events import (
    AgencyAction,
    CallbackDue,
    OrderActionReported,
    OrderBreached,
    OrderResolved,
    OrderReturned,
    OrderReturnRefused,
    Satisfaction,
)
from services.runtime.ids import new_id
from services.runtime.step import Early, Ignored, Step
from services.tracker.decide.case import CallbackState, CaseState, OrderState
from tests.builders import NOON, a_matter
from tests.tracker.stories import (
    GOVERNMENT,
    STREET,
    WATER,
    Outcome,
    Story,
    prompt_policy,
    routed,
)


def refused_as(outcome: Outcome) -> str:
    """Why a return that an agency reported doesn't count."""
    assert isinstance(outcome, Step)
    (fact,) = outcome.facts
    assert isinstance(fact, OrderReturnRefused)
    return fact.refused_as


@pytest.fixture
def story() -> Story:
    """A case that a street leads and the water company assists."""
    story = Story()
    story.hear(routed(assists=(WATER,)))
    story.facts.clear()
    return story


def test_signing_stops_the_sign_clock_only(story) -> None:
    """The promise to the citizen runs on."""
    story.sign()
    assert story.said == ["OrderSigned"]
    assert story.lead.state is OrderState.SIGNED
    assert story.running(story.lead) == {"at-risk", "due"}


def test_signing_twice_is_ignored(story) -> None:
    """A second click changes nothing."""
    story.sign()
    assert story.sign() == Ignored("order-signed-not-signed")
    assert story.said == ["OrderSigned"]


def test_progress_is_a_note_and_moves_no_clock(story) -> None:
    """Reporting progress must not win time."""
    clocks = dict(story.clocks)
    story.report(AgencyAction.PROGRESS, note="已联系物业")
    assert story.said == []
    assert story.clocks == clocks
    assert story.open.notes[-1].detail["note"] == "已联系物业"


def test_a_return_hands_the_case_back_to_the_router(story) -> None:
    """The router decides anew; until then nobody has it."""
    story.give_back()
    assert story.said == ["OrderReturned"]
    assert story.last(OrderReturned).attempt == 1
    assert (story.open.state, story.open.lead) == (CaseState.HELD, None)
    assert story.running(story.open.orders[0]) == set()
    assert story.running(story.assist) == {"sign", "at-risk", "due"}


def test_an_assist_cannot_return(story) -> None:
    """It was asked for its part; it resolves with the reason instead."""
    assert refused_as(story.give_back(story.assist)) == "assists"


def test_a_resolved_order_cannot_be_returned(story) -> None:
    """Who says it is done has taken it on."""
    story.resolve()
    assert story.give_back() == Ignored("order-resolved-not-returned")


def test_a_reopened_order_cannot_be_returned() -> None:
    """In the second round it is too late to find that it was never theirs."""
    story = Story(prompt_policy())
    story.hear(routed())
    story.resolve()
    story.answer(solved=False, satisfaction=Satisfaction.DISSATISFIED)
    assert story.lead.round == 2
    assert refused_as(story.give_back()) == "reopened"


def test_the_leads_answer_resolves_the_case_and_plans_the_callback(story) -> None:
    """The policy waits an hour before it asks; the case waits with it."""
    story.sign()
    story.resolve()
    assert story.said == ["OrderSigned", "OrderResolved"]
    assert story.last(OrderResolved).is_on_time
    assert story.open.state is CaseState.RESOLVED
    assert story.callback.state is CallbackState.WAITING
    assert story.running(story.lead) == set()
    story.wait(timedelta(hours=1))
    assert story.said[-1] == "CallbackDue"


def test_without_a_delay_the_citizen_is_asked_in_the_same_step() -> None:
    """A demonstration, or a city that asks at once, needs no timer."""
    story = Story(prompt_policy())
    story.hear(routed(matter=a_matter(reporter="token-1", language="en")))
    story.resolve()
    asked = story.last(CallbackDue)
    assert story.said[-2:] == ["OrderResolved", "CallbackDue"]
    assert (asked.agency, asked.answer, asked.reporter) == (STREET, "已清运", "token-1")
    assert asked.lapses_at == NOON + timedelta(days=3)
    assert asked.language == "en"


def test_an_unsigned_order_may_be_resolved(story) -> None:
    """Doing the work is accepting it; the sign clock stops too."""
    story.resolve()
    assert story.lead.state is OrderState.RESOLVED
    assert story.running(story.lead) == set()


def test_an_assists_answer_ends_its_own_clock_only(story) -> None:
    """The case is the lead's (首接负责)."""
    story.resolve(story.assist)
    assert story.said == ["OrderResolved"]
    assert story.open.state is CaseState.HANDLING
    assert story.open.callback is None
    assert story.running(story.lead) == {"sign", "at-risk", "due"}


def test_an_assist_may_answer_after_the_lead(story) -> None:
    """Its clock runs on while the citizen is being asked."""
    story.resolve()
    story.resolve(story.assist)
    assert story.assist.state is OrderState.RESOLVED
    assert story.open.state is CaseState.RESOLVED


def test_resolving_twice_is_ignored(story) -> None:
    """One answer, one call-back."""
    story.resolve()
    assert story.resolve() == Ignored("order-resolved-not-resolved")


@pytest.mark.parametrize("action", list(AgencyAction))
def test_only_the_orders_own_agency_is_heard(story, action) -> None:
    """A key of one agency must not move another's order."""
    before = story.open
    outcome = story.report(action, agency=GOVERNMENT)
    assert outcome == Ignored("order-of-another-agency")
    assert story.open is before


def test_an_order_of_another_case_is_ignored(story) -> None:
    """The order's id may be anything; it came through the door."""
    fact = OrderActionReported(
        order_id=new_id(), agency=STREET, action=AgencyAction.SIGN, reported_at=NOON
    )
    assert story.hear(fact) == Ignored("order-unknown")


def test_a_report_before_the_case_is_open_is_early() -> None:
    """It came on another topic than the router's word; its time will come."""
    fact = OrderActionReported(
        order_id=new_id(), agency=STREET, action=AgencyAction.SIGN, reported_at=NOON
    )
    assert Story().hear(fact) == Early("case-not-open")


def test_an_answer_on_the_very_instant_is_on_time(story) -> None:
    """Due at is the last good instant."""
    story.now = story.lead.clock.due_at
    story.resolve()
    assert story.last(OrderResolved).is_on_time


def test_an_answer_after_the_instant_is_late_and_has_its_breach(story) -> None:
    """It may overtake the deadline's firing; every late answer has a breach all the same."""
    story.now = story.lead.clock.due_at + timedelta(microseconds=1)
    story.resolve()
    assert story.said == ["OrderBreached", "CaseEscalated", "OrderResolved"]
    assert not story.last(OrderResolved).is_on_time
    assert story.running(story.lead) == set()


def test_an_answer_reported_in_time_but_read_late_is_on_time(story) -> None:
    """Our own backlog isn't the agency's delay."""
    due_at = story.lead.clock.due_at
    story.now = due_at + timedelta(minutes=5)
    story.report(AgencyAction.RESOLVE, reported_at=due_at - timedelta(minutes=5))
    assert story.said == ["OrderResolved"]
    assert story.last(OrderResolved).is_on_time


def test_a_breach_that_was_told_stands(story) -> None:
    """Whoever committed first has won; the figures may not contradict each other."""
    due_at = story.lead.clock.due_at
    story.wait(due_at)
    story.facts.clear()
    story.report(AgencyAction.RESOLVE, reported_at=due_at - timedelta(minutes=5))
    assert story.said == ["OrderResolved"]
    assert not story.last(OrderResolved).is_on_time


def test_a_report_cannot_come_from_the_future(story) -> None:
    """A clock that runs ahead at the door doesn't make an agency late."""
    due_at = story.lead.clock.due_at
    story.now = due_at
    story.report(AgencyAction.RESOLVE, reported_at=due_at + timedelta(seconds=3))
    assert story.last(OrderResolved).is_on_time


def test_a_late_signature_has_its_breach(story) -> None:
    """The same for the sign clock."""
    story.now += timedelta(hours=3)
    story.sign()
    assert story.said == ["OrderBreached", "OrderSigned"]
    assert story.last(OrderBreached).clock == "sign"


def test_a_signature_after_its_breach_is_taken(story) -> None:
    """Late is better than never, and told once."""
    story.wait(timedelta(hours=3))
    story.sign()
    assert story.said == ["OrderBreached", "OrderBreached", "OrderSigned"]
    assert {fact.agency for fact in story.all(OrderBreached)} == {STREET, WATER}
