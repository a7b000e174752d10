"""Clocks that stand still: pauses, deferrals (挂账), and what is due afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.events import (
    AgencyAction,
    ClockPaused,
    ClockResumed,
    ComplaintWithdrawn,
    OfficerAction,
    OrderDeferred,
    OrderResolved,
    SupervisionOpened,
)
from services.tracker.decide.case import CaseState, OrderState
from tests.builders import NOON
from tests.tracker.officers import (
    a_signed_story,
    approve,
    ask,
    decide,
    defer,
    extend,
    ignored,
    pause,
)
from tests.tracker.stories import GOVERNMENT, STREET, Story, held, routed

DAY = timedelta(days=1)
WEEK = NOON + 7 * DAY


@pytest.fixture
def story() -> Story:
    """A case whose lead and assist have signed."""
    return a_signed_story()


# Pauses.


def test_what_the_policy_grants_pauses_at_once(story) -> None:
    """Nobody has to be asked where the rules say it all."""
    pause(story, "unreachable")
    assert story.said == ["ReliefRequested", "ClockPaused"]
    fact = story.last(ClockPaused)
    assert (fact.since, fact.until) == (NOON, NOON + 3 * DAY)
    assert (fact.reason, fact.approved_by) == ("unreachable", "policy")
    assert story.lead.state is OrderState.PAUSED
    assert story.open.state is CaseState.HANDLING
    assert story.running(story.lead) == {"contact", "resume"}


def test_a_pause_over_the_due_instant_lets_nothing_break(story) -> None:
    """Asked on the sixth day, for ten: the seventh passes, and nobody is blamed."""
    story.resolve(story.assist)
    story.report(AgencyAction.CONTACT)
    story.wait(5 * DAY)
    pause(story, until=NOON + 15 * DAY)
    approve(story, "operator")
    story.facts.clear()
    story.wait(9 * DAY)
    assert story.said == []
    assert story.lead.clock.due_at == NOON + 17 * DAY  # 5 days ran, 10 stood still, 2 are left.
    story.wait(DAY)
    assert story.said == ["ClockResumed"]
    resumed = story.last(ClockResumed)
    assert resumed.due_at == NOON + 17 * DAY
    assert resumed.timeline[0].starts_at == NOON
    assert [step.runs for step in resumed.timeline] == [True, False, True]
    story.wait(2 * DAY)
    assert story.said[:3] == ["ClockResumed", "OrderAtRisk", "OrderBreached"]


def test_the_agency_or_an_officer_ends_a_pause_before_its_time(story) -> None:
    """What was waited for has come; only the time that it took is counted out."""
    for ends in (
        lambda: ask(story, AgencyAction.CONTINUE),
        lambda: decide(story, OfficerAction.CONTINUE, "operator", order_id=story.lead.order_id),
    ):
        due_at = story.lead.clock.due_at
        pause(story)
        approve(story, "operator")
        story.wait(DAY)
        ends()
        assert story.lead.state is OrderState.SIGNED
        assert story.lead.clock.due_at == due_at + DAY
        assert {"at-risk", "due"} <= story.running(story.lead)
        assert "resume" not in story.running(story.lead)
    assert [pause.until - pause.since for pause in story.lead.ledger] == [DAY, DAY]


def test_a_pause_counts_from_when_it_was_asked_for(story) -> None:
    """The two days in which nobody decided are ours."""
    pause(story)
    story.wait(2 * DAY)
    approve(story, "operator")
    assert story.last(ClockPaused).since == NOON
    ask(story, AgencyAction.CONTINUE)
    assert story.lead.clock.due_at == WEEK + 2 * DAY


def test_a_pause_approved_after_its_end_still_counts(story) -> None:
    """The clock goes on at once, at the instant that was asked for."""
    pause(story, until=NOON + DAY)
    story.wait(2 * DAY)
    approve(story, "operator")
    story.wait(timedelta(seconds=1))
    assert story.lead.state is OrderState.SIGNED
    assert story.lead.ledger[-1].until == NOON + DAY
    assert story.lead.clock.due_at == WEEK + DAY


def test_an_extension_in_a_pause_holds_from_its_grant_on(story) -> None:
    """What of the pause comes after the grant puts it off."""
    extend(story, until=WEEK + 4 * DAY)
    pause(story, until=NOON + 6 * DAY)
    approve(story, "operator")  # The pause: noon to noon + 6 d.
    story.wait(5 * DAY)
    extension = next(r for r in story.lead.requests if r.relief == "extension")
    # By the pause alone it is due at 7 d + 6 d = 13 d, so 11 d is nothing more.
    late = decide(story, OfficerAction.APPROVE, request_id=extension.request_id)
    assert ignored(late) == "until-not-later"
    decide(
        story,
        OfficerAction.APPROVE,
        request_id=extension.request_id,
        until=NOON + 15 * DAY,
    )
    assert story.lead.state is OrderState.PAUSED
    story.wait(DAY)
    # Granted at 5 d, one more day stood still: 15 d + 1 d.
    assert story.lead.clock.due_at == NOON + 16 * DAY


def test_a_paused_order_is_not_returned(story) -> None:
    """Whoever asked for a pause has accepted the matter."""
    pause(story, "unreachable")
    assert ignored(story.give_back()) == "order-paused-not-returned"
    assert story.lead.state is OrderState.PAUSED


def test_resolving_ends_the_pause_first(story) -> None:
    """Done is done; the answer is in time if the clock still had time."""
    pause(story)
    approve(story, "operator")
    story.wait(8 * DAY)
    story.facts.clear()
    story.resolve()
    assert story.said == ["ClockResumed", "OrderResolved"]
    assert story.last(OrderResolved).is_on_time is True
    assert story.lead.ledger[-1].until == NOON + 8 * DAY
    assert story.running(story.lead) == set()


def test_a_withdrawal_ends_a_pause_silently(story) -> None:
    """No clock ticks on for a closed case, not even one that stands still."""
    pause(story, "unreachable")
    story.hear(ComplaintWithdrawn())
    assert story.lead.state is OrderState.RECALLED
    assert story.lead.ledger[-1].until == story.now
    assert not story.clocks


def test_the_next_agency_gets_what_was_left_of_a_paused_promise(story) -> None:
    """The citizen's promise moves with the lead's pause, and not by the re-route."""
    pause(story)
    approve(story, "operator")
    story.wait(2 * DAY)
    ask(story, AgencyAction.CONTINUE)
    story.wait(DAY)
    story.give_back()
    story.hear(routed(lead=GOVERNMENT, attempt=2))
    assert story.lead.agency == GOVERNMENT
    assert story.lead.clock.due_at == WEEK + 2 * DAY
    story.sign()
    pause(story)
    approve(story, "operator")
    story.wait(DAY)
    ask(story, AgencyAction.CONTINUE)
    assert story.lead.clock.due_at == WEEK + 3 * DAY  # What the first agency had counts on.


def test_a_reopening_starts_a_fresh_clock(story) -> None:
    """A new round, without the old one's pauses."""
    pause(story, "unreachable")
    story.resolve()
    story.wait(timedelta(hours=1))
    story.answer(solved=False)
    assert story.lead.round == 2
    assert story.lead.clock.due_at == story.now + 7 * DAY
    assert not story.lead.ledger


def test_a_pause_of_one_order_leaves_the_others_alone(story) -> None:
    """Lead and assist have clocks of their own."""
    pause(story, "unreachable")
    assert {"at-risk", "due"} <= story.running(story.assist)
    assert story.assist.clock.due_at == WEEK


# Deferrals.


def test_a_deferral_stands_in_the_register_and_somebody_above_sees_to_it(story) -> None:
    """挂账: a plan, a date, and supervision until it is done."""
    story.wait(2 * DAY)
    defer(story)
    story.facts.clear()
    request = story.lead.requests[0]
    decide(story, OfficerAction.APPROVE, request_id=request.request_id)
    assert story.said == ["OrderDeferred", "SupervisionOpened"]
    fact, supervised = story.last(OrderDeferred), story.last(SupervisionOpened)
    assert (fact.plan, fact.planned_at) == ("需等待厂家供货", NOON + 100 * DAY)
    assert (supervised.because, supervised.raised_to) == ("deferred", GOVERNMENT)
    assert story.lead.state is OrderState.DEFERRED
    assert story.open.state is CaseState.HANDLING
    assert "resume" in story.running(story.lead)


def test_at_the_plans_date_the_clock_goes_on_with_what_was_left(story) -> None:
    """Two of seven days had passed."""
    story.wait(2 * DAY)
    defer(story)
    approve(story)
    story.wait(NOON + 100 * DAY)
    assert story.lead.state is OrderState.SIGNED
    assert story.lead.clock.due_at == NOON + 105 * DAY
    assert [held.is_open for held in story.open.supervisions] == [True]
    story.resolve()
    assert [held.closed_because for held in story.open.supervisions] == ["resolved"]


def test_a_deferral_asked_for_too_late_forgives_nothing(story) -> None:
    """The matter is put off and supervised, but it was late."""
    story.wait(8 * DAY)
    defer(story)
    approve(story)
    assert story.lead.state is OrderState.DEFERRED
    assert story.lead.breached_at == WEEK
    story.wait(NOON + 100 * DAY)
    assert story.lead.clock.due_at == WEEK
    story.resolve()
    assert story.last(OrderResolved).is_on_time is False


def test_a_designation_ends_the_pause_of_whoever_handled_it_meanwhile(story) -> None:
    """The designated agency gets what is left, as if the clock had gone on that instant."""
    story.wait(DAY)
    story.give_back()
    story.hear(held(attempt=2, excluded=(STREET,), handles_meanwhile=STREET))
    story.sign()
    pause(story)
    approve(story, "operator")
    story.wait(2 * DAY)
    meanwhile = story.lead
    story.hear(routed(lead=GOVERNMENT, attempt=2, is_designated=True))
    assert story.lead.agency == GOVERNMENT
    assert story.lead.clock.due_at == WEEK + 2 * DAY
    recalled = story.open.order(meanwhile.order_id)
    assert recalled is not None
    assert recalled.state is OrderState.RECALLED
    assert recalled.ledger[-1].until == story.now
    assert not story.running(recalled)
