"""The first contact, what relief is refused, and more time (延期)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.events import (
    AgencyAction,
    ClockPaused,
    DeadlineExtended,
    OrderAtRisk,
    OrderBreached,
    OrderContacted,
    OrderResolved,
    ReliefRefused,
)
from services.tracker.decide.relief_words import REFUSALS, refused
from services.tracker.decide.turn import Turn
from tests.builders import NOON
from tests.tracker.officers import (
    a_signed_story,
    approve,
    ask,
    defer,
    extend,
    ignored,
    pause,
    strict_policy,
)
from tests.tracker.stories import GOVERNMENT, STREET, Story, routed

DAY = timedelta(days=1)
WEEK = NOON + 7 * DAY


@pytest.fixture
def story() -> Story:
    """A case whose lead and assist have signed."""
    return a_signed_story()


# The first contact.


def test_a_contact_in_time_says_so_once(story) -> None:
    """响应: the citizen has been spoken to. A second click changes nothing."""
    assert "contact" in story.running(story.lead)
    story.report(AgencyAction.CONTACT)
    assert story.last(OrderContacted).is_on_time is True
    assert "contact" not in story.running(story.lead)
    assert ignored(story.report(AgencyAction.CONTACT)) == "contacted-before"


def test_a_missed_contact_is_a_breach_that_raises_nobody(story) -> None:
    """It is told, and counted; the ladder is for what isn't handled."""
    story.report(AgencyAction.CONTACT, story.assist)
    story.wait(2 * DAY)
    assert story.said == ["OrderContacted", "OrderBreached"]
    breach = story.last(OrderBreached)
    assert (breach.clock, breach.due_at) == ("contact", NOON + DAY)
    assert story.open.level == 0
    story.report(AgencyAction.CONTACT)
    assert story.last(OrderContacted).is_on_time is False


def test_a_late_contact_that_overtakes_its_deadline_gets_its_breach(story) -> None:
    """So that every late contact has one."""
    story.now = NOON + 2 * DAY
    story.report(AgencyAction.CONTACT)
    assert story.said == ["OrderBreached", "OrderContacted"]
    assert story.last(OrderContacted).is_on_time is False


# What is refused.


def _refused(story: Story) -> str:
    fact = story.last(ReliefRefused)
    assert not story.lead.requests
    return fact.refused_as


@pytest.mark.parametrize("action", [AgencyAction.EXTEND, AgencyAction.PAUSE, AgencyAction.DEFER])
def test_whoever_has_not_signed_asks_for_nothing(action) -> None:
    """Signing accepts the matter; before that it may still be returned."""
    story = Story(strict_policy())
    story.hear(routed())
    ask(story, action, until=WEEK + DAY, reason="inspection")
    assert _refused(story) == "not-signed"
    assert story.last(ReliefRefused).why == "请先签收。"


@pytest.mark.parametrize("action", [AgencyAction.EXTEND, AgencyAction.PAUSE])
def test_more_time_must_be_asked_for_before_the_order_is_due(story, action) -> None:
    """What counts is when the agency asked, not when we got round to it."""
    story.now = WEEK + timedelta(hours=1)
    ask(story, action, until=WEEK + DAY, reason="inspection")
    assert _refused(story) == "too-late"
    assert f"{WEEK:%m-%d}" in story.last(ReliefRefused).why
    ask(story, action, until=WEEK + DAY, reason="inspection", reported_at=WEEK)
    assert len(story.lead.requests) == 1


@pytest.mark.parametrize(
    ("asks", "refused_as"),
    [
        (lambda s: extend(s, note=None), "incomplete"),
        (lambda s: extend(s, until=None), "incomplete"),
        (lambda s: extend(s, until=WEEK), "not-longer"),
        (lambda s: extend(s, until=WEEK + 6 * DAY), "too-long"),
        (lambda s: pause(s, reason=None), "incomplete"),
        (lambda s: pause(s, reason="holiday"), "unknown-reason"),
        (lambda s: pause(s, until=NOON), "past"),
        (lambda s: pause(s, until=NOON + 31 * DAY), "too-long"),
        (lambda s: defer(s, note=None), "incomplete"),
        (lambda s: defer(s, until=None), "incomplete"),
        (lambda s: defer(s, until=NOON - DAY), "past"),
        (lambda s: defer(s, until=NOON + 366 * DAY), "too-long"),
    ],
)
def test_what_breaks_a_limit_is_refused_at_once_with_words(story, asks, refused_as) -> None:
    """An officer needn't look at it, and the agency learns what it can ask for."""
    asks(story)
    assert story.said == ["ReliefRefused"]
    assert _refused(story) == refused_as
    assert story.running(story.lead) == {"contact", "at-risk", "due"}


def test_one_request_of_a_kind_is_open_at_a_time(story) -> None:
    """Asking again and again is no way to get it."""
    extend(story)
    extend(story, until=WEEK + 4 * DAY)
    pause(story)
    assert story.said == ["ReliefRequested", "ReliefRefused", "ReliefRequested"]
    assert story.last(ReliefRefused).refused_as == "open-request"
    assert len(story.lead.requests) == 2


def test_an_order_is_extended_so_often_and_no_oftener(story) -> None:
    """A second time needs other means: a pause, a deferral."""
    extend(story, until=WEEK + DAY)
    approve(story)
    extend(story, until=WEEK + 2 * DAY)
    assert story.last(ReliefRefused).refused_as == "too-often"


def test_a_liar_asks_for_nothing_on_anothers_order(story) -> None:
    """Only the agency that has the order is heard."""
    outcome = pause(story, agency=GOVERNMENT)
    assert ignored(outcome) == "order-of-another-agency"
    outcome = pause(story, order=story.assist, agency=STREET)
    assert ignored(outcome) == "order-of-another-agency"


def test_an_order_that_has_ended_gets_nothing(story) -> None:
    """There is no clock any more."""
    story.resolve()
    assert ignored(pause(story)) == "order-resolved-not-requested"


@pytest.mark.parametrize("refused_as", sorted(REFUSALS))
def test_every_refusal_has_words_in_both_languages(refused_as) -> None:
    """The agency reads why, in the city's language."""
    chinese, english = (refused(refused_as, language, "9") for language in ("zh", "en"))
    assert chinese != english
    assert refused(refused_as, "fr") == refused(refused_as, "en")


# More time.


def test_an_extension_moves_the_due_instant_once_it_is_granted(story) -> None:
    """A request alone stops no clock."""
    extend(story)
    assert story.lead.clock.due_at == WEEK
    approve(story)
    fact = story.last(DeadlineExtended)
    assert fact.due_at == story.lead.clock.due_at == WEEK + 3 * DAY
    assert (fact.approved_by, fact.reason) == ("supervisor-1", "需等待厂家供货")
    assert fact.timeline[-1].ends_at == fact.due_at
    assert fact.at_risk_at == WEEK + 2 * DAY
    story.report(AgencyAction.CONTACT)
    story.report(AgencyAction.CONTACT, story.assist)
    story.resolve(story.assist)
    story.facts.clear()
    story.wait(10 * DAY)
    assert story.said == ["OrderAtRisk", "OrderBreached", "CaseEscalated"]
    assert story.last(OrderBreached).due_at == WEEK + 3 * DAY


def test_the_officer_may_grant_less_than_was_asked_for(story) -> None:
    """But nothing that is no more than before, or beyond the limit."""
    extend(story)
    assert ignored(approve(story, until=WEEK)) == "until-not-later"
    assert ignored(approve(story, until=WEEK + 6 * DAY)) == "until-too-long"
    approve(story, until=WEEK + DAY)
    assert story.lead.clock.due_at == WEEK + DAY


def test_an_extension_granted_late_forgives_the_breach_that_was_told_meanwhile(story) -> None:
    """The agency isn't punished for our delay; what was told stays in the history."""
    story.resolve(story.assist)
    extend(story)
    story.wait(7 * DAY)
    assert story.lead.breached_at == WEEK
    approve(story)
    assert story.lead.breached_at is None
    assert story.open.level == 1
    story.resolve()
    assert story.last(OrderResolved).is_on_time is True
    assert "OrderBreached" in story.said


def test_a_clock_that_is_stopped_and_started_anew_in_one_turn_runs(story) -> None:
    """Both stand in one step, and the clearing must not win."""
    turn = Turn(story.open, story.policy, story.now)
    turn.stop_handling(story.lead)
    turn.start(story.lead, "due", WEEK + DAY)
    step = turn.step()
    assert [clock.kind for clock in step.set_deadlines] == ["due"]
    assert step.clear_deadlines == ((story.lead.order_id, "at-risk"),)


def test_after_a_forgiven_breach_the_clock_warns_and_breaks_anew(story) -> None:
    """The new promise is one like any other."""
    story.resolve(story.assist)
    story.report(AgencyAction.CONTACT)
    extend(story)
    story.wait(7 * DAY)
    approve(story)
    story.facts.clear()
    story.wait(4 * DAY)
    assert [type(f) for f in story.facts[:2]] == [OrderAtRisk, OrderBreached]
    assert story.lead.breached_at == WEEK + 3 * DAY


def test_an_extension_into_the_past_is_no_use_any_more(story) -> None:
    """The officer names another instant, or refuses."""
    extend(story, until=WEEK + DAY)
    story.wait(9 * DAY)
    assert ignored(approve(story)) == "until-not-later"
    approve(story, until=WEEK + 4 * DAY)
    assert story.lead.clock.due_at == WEEK + 4 * DAY


def test_without_rules_every_request_waits_for_an_officer() -> None:
    """No limits, no reasons listed: a person decides, and 30 days are the longest pause."""
    story = Story()
    story.hear(routed())
    story.sign()
    pause(story, "whatever")
    assert len(story.lead.requests) == 1
    approve(story, "operator")
    assert story.last(ClockPaused).until == NOON + 30 * DAY
