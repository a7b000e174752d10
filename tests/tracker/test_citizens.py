"""What follows from a citizen's word, or from silence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.events import (
    CallbackAnswered,
    CallbackAttempted,
    CallbackLapsed,
    CaseClosed,
    CaseEscalated,
    CaseReopened,
    ComplaintReceived,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    OrderDispatched,
    Satisfaction,
    SupervisionOpened,
)
from services.runtime.ids import new_id
from services.runtime.step import Early, Ignored
from services.tracker.decide.case import CallbackState, CaseState, OrderState
from tests.builders import NOON, a_matter
from tests.policies import SLA, a_policy
from tests.tracker.stories import (
    GOVERNMENT,
    STREET,
    WATER,
    Story,
    diverted,
    held,
    prompt_policy,
    routed,
)

PROMPT = SLA.replace('delay = "1h"', 'delay = "0s"')
ONE_LEVEL = '[[escalation]]\nlevel = 1\nraised_to = "superior-of(agency)"\n'
BAD = Satisfaction.DISSATISFIED
URGE = ComplaintSupplemented(kind="urge", text="怎么还没人来")


@pytest.fixture
def asked() -> Story:
    """A case whose citizen has just been asked."""
    story = Story(prompt_policy())
    story.hear(routed(assists=(WATER,)))
    story.sign()
    story.resolve()
    story.facts.clear()
    return story


@pytest.mark.parametrize("satisfaction", [Satisfaction.SATISFIED, Satisfaction.BASICALLY])
def test_solved_and_not_dissatisfied_closes_the_case(asked, satisfaction) -> None:
    """The one good end."""
    asked.answer(satisfaction=satisfaction)
    closed = asked.last(CaseClosed)
    assert (closed.reason, closed.is_solved) == ("confirmed", True)
    assert closed.satisfaction is satisfaction
    assert asked.callback.state is CallbackState.ANSWERED


@pytest.mark.parametrize(
    ("solved", "satisfaction"),
    [(True, BAD), (False, BAD), (False, Satisfaction.BASICALLY), (False, Satisfaction.SATISFIED)],
)
def test_anything_else_sends_the_same_agency_back(asked, solved, satisfaction) -> None:
    """Solved on paper isn't solved; a fresh clock of the same standard."""
    asked.wait(timedelta(days=2))
    asked.facts.clear()
    asked.answer(solved=solved, satisfaction=satisfaction)
    assert asked.said == ["CaseReopened", "CaseEscalated", "OrderDispatched"]
    assert asked.last(CaseReopened).round == 2
    again = asked.last(OrderDispatched)
    assert (again.agency, again.role, again.round) == (STREET, "lead", 2)
    assert again.due_at == asked.now + timedelta(days=7)
    assert asked.open.state is CaseState.HANDLING
    assert asked.running(asked.lead) == {"sign", "at-risk", "due"}


def test_a_second_bad_verdict_closes_as_unsatisfied(asked) -> None:
    """No round is left (rounds_max 2); the record says how it ended."""
    asked.answer(solved=False, satisfaction=BAD)
    asked.resolve()
    asked.answer(solved=False, satisfaction=BAD)
    closed = asked.last(CaseClosed)
    assert (closed.reason, closed.is_solved, closed.satisfaction) == ("unsatisfied", False, BAD)
    assert [callback.round for callback in asked.open.callbacks] == [1, 2]


def test_a_bad_verdict_raises_the_case_by_a_level_before_the_agency_goes_back(asked) -> None:
    """Whoever the ladder names is told of the order that didn't help, not of the new one."""
    failed = asked.lead
    asked.answer(solved=False, satisfaction=BAD)
    raised = asked.last(CaseEscalated)
    assert (raised.level, raised.raised_to, raised.because) == (1, GOVERNMENT, "dissatisfied")
    assert (raised.order_id, raised.agency) == (failed.order_id, STREET)
    assert asked.open.level == 1


def test_a_second_bad_verdict_is_seen_to_by_the_top_after_the_case_has_closed(asked) -> None:
    """The case ends, the matter doesn't: nobody but an officer ends this supervision."""
    asked.answer(solved=False, satisfaction=BAD)
    asked.resolve()
    asked.facts.clear()
    asked.answer(solved=False, satisfaction=BAD)
    assert asked.said == ["CaseClosed", "SupervisionOpened"]
    opened = asked.last(SupervisionOpened)
    assert (opened.because, opened.level, opened.raised_to) == ("dissatisfied", 1, GOVERNMENT)
    assert (opened.order_id, opened.agency) == (asked.lead.order_id, STREET)
    assert [held.is_open for held in asked.open.supervisions] == [True]
    assert asked.clocks == {}


def test_a_bad_verdict_without_a_ladder_is_seen_to_by_the_hotline() -> None:
    """Somebody always is."""
    no_ladder = PROMPT.replace(ONE_LEVEL, "").replace("rounds_max = 2", "rounds_max = 1")
    story = Story(a_policy(sla=no_ladder))
    story.hear(routed())
    story.resolve()
    story.answer(solved=False, satisfaction=BAD)
    assert "CaseEscalated" not in story.said
    opened = story.last(SupervisionOpened)
    assert (opened.level, opened.raised_to) == (0, "hotline")


@pytest.mark.parametrize(("after", "reason"), [(0, None), (1, "unsatisfied")])
def test_a_bad_verdict_reopens_only_within_the_window(after, reason) -> None:
    """Two days after being asked: at the last instant it does, a microsecond later it closes."""
    sla = PROMPT.replace("rounds_max = 2", 'rounds_max = 2\nreopen_within = "2d"')
    story = Story(a_policy(sla=sla))
    story.hear(routed())
    story.resolve()
    story.wait(timedelta(days=2, microseconds=after))
    bad = story.verdict(solved=False, satisfaction=BAD)
    story.hear(bad, time=story.now)
    assert story.open.closed_as == reason
    assert ("SupervisionOpened" in story.said) is (reason is not None)


def test_nobody_but_the_citizen_and_an_operator_can_have_given_a_verdict(asked) -> None:
    """Who handled the matter isn't the one who asks; intake lets no agency's key through either."""
    told = asked.verdict().model_dump() | {"answered_by": "agency"}
    with pytest.raises(ValidationError, match="answered_by"):
        CallbackAnswered.model_validate(told)


def test_the_window_opens_when_the_citizen_is_asked(asked) -> None:
    """Whoever is asked after the expiry of a long limit could never answer earlier."""
    rules = SLA.replace("rounds_max = 2", 'rounds_max = 2\nreopen_within = "1h"')
    story = Story(a_policy(sla=rules.replace("rounds_max", 'ask_after = "expiry"\nrounds_max')))
    story.hear(routed())
    story.resolve()
    story.wait(timedelta(days=7, hours=2))
    story.hear(story.verdict(solved=False, satisfaction=BAD), time=story.now)
    assert story.open.state is CaseState.HANDLING


def test_an_answer_that_an_outage_of_ours_delayed_is_within_the_window() -> None:
    """What counts is when the citizen answered."""
    sla = PROMPT.replace("rounds_max = 2", 'rounds_max = 2\nreopen_within = "2d"')
    story = Story(a_policy(sla=sla))
    story.hear(routed())
    story.resolve()
    answered_at = story.now + timedelta(days=1)
    story.wait(timedelta(days=3))
    story.hear(story.verdict(solved=False, satisfaction=BAD), time=answered_at)
    assert story.open.state is CaseState.HANDLING


@pytest.mark.parametrize(
    ("ask_after", "answers_on", "asked_on", "lapses_on"),
    [
        # Handled on day 1 of 7; the delay is an hour, it lapses three days later.
        ("reply", timedelta(days=1), timedelta(days=1, hours=1), timedelta(days=4)),
        ("expiry", timedelta(days=1), timedelta(days=7, hours=1), timedelta(days=10)),
        # A late answer: the limit has expired already.
        ("expiry", timedelta(days=9), timedelta(days=9, hours=1), timedelta(days=12)),
    ],
)
def test_the_citizen_is_asked_after_the_reply_or_the_expiry(
    ask_after, answers_on, asked_on, lapses_on
) -> None:
    """接诉即办工作条例 art. 23: an early answer need not be asked about early."""
    sla = SLA.replace("rounds_max = 2", f'rounds_max = 2\nask_after = "{ask_after}"')
    story = Story(a_policy(sla=sla))
    story.hear(routed())
    story.wait(NOON + answers_on)
    story.resolve()
    clock = story.clocks[story.callback.callback_id, "callback"]
    assert (clock.due_at, story.callback.lapses_at) == (NOON + asked_on, NOON + lapses_on)


def test_a_second_good_verdict_confirms(asked) -> None:
    """Going back paid."""
    asked.answer(solved=False, satisfaction=BAD)
    asked.resolve()
    asked.answer()
    assert asked.last(CaseClosed).reason == "confirmed"


def test_the_callback_of_an_earlier_round_is_not_current(asked) -> None:
    """An old link answers nothing."""
    old = asked.callback.callback_id
    asked.answer(solved=False, satisfaction=BAD)
    asked.resolve()
    fact = CallbackAnswered(
        callback_id=old,
        answered_by="citizen",
        is_contacted=True,
        is_solved=True,
        satisfaction=Satisfaction.SATISFIED,
    )
    assert asked.hear(fact) == Ignored("callback-not-current")


def test_answering_twice_counts_once(asked) -> None:
    """The first verdict stands."""
    asked.answer()
    assert asked.answer(solved=False, satisfaction=BAD) == Ignored("callback-answered")
    assert asked.said == ["CaseClosed"]


def test_an_answer_before_anybody_asked_is_ignored() -> None:
    """The link doesn't exist yet; somebody guessed."""
    story = Story()
    story.hear(routed())
    story.resolve()
    assert story.answer() == Ignored("callback-waiting")


def test_a_lapsed_callback_closes_unconfirmed(asked) -> None:
    """Silence isn't consent, and isn't a verdict either."""
    asked.lapse()
    closed = asked.last(CaseClosed)
    assert (closed.reason, closed.is_solved, closed.satisfaction) == ("unconfirmed", None, None)
    assert asked.callback.lapse_reason == "no-answer"


def test_a_callback_left_out_of_the_sample_closes_too_and_is_kept_apart(asked) -> None:
    """Nobody was silent: nobody was asked."""
    fact = CallbackLapsed(callback_id=asked.callback.callback_id, reason="not-sampled")
    asked.hear(fact, source="notifier")
    assert asked.last(CaseClosed).reason == "unconfirmed"
    assert asked.callback.lapse_reason == "not-sampled"


def test_an_answer_and_a_lapse_have_one_winner(asked) -> None:
    """They come on two topics; whichever is read first decides."""
    asked.answer()
    assert asked.lapse() == Ignored("callback-answered")


def test_a_lapse_of_a_callback_nobody_knows_is_ignored(asked) -> None:
    """It may be of another installation's past."""
    fact = CallbackLapsed(callback_id=new_id(), reason="no-contact")
    assert asked.hear(fact, source="notifier") == Ignored("callback-not-current")


def test_an_assists_open_order_is_recalled_when_the_case_closes(asked) -> None:
    """No clock ticks on a closed case."""
    asked.answer()
    assert asked.assist.state is OrderState.RECALLED
    assert asked.clocks == {}


def test_an_assists_open_order_outlives_a_reopening(asked) -> None:
    """Its part isn't done yet, whatever the citizen said about the lead's."""
    asked.answer(solved=False, satisfaction=BAD)
    assert asked.assist.is_open


@pytest.mark.parametrize("stage", ["held", "handling", "waiting", "asked"])
def test_a_withdrawal_closes_wherever_the_case_stands(stage) -> None:
    """The citizen may change their mind at any time."""
    story = Story(prompt_policy() if stage == "asked" else None)
    story.hear(held() if stage == "held" else routed(assists=(WATER,)))
    if stage in {"waiting", "asked"}:
        story.resolve()
    story.hear(ComplaintWithdrawn(reason="已自行解决"))
    assert story.last(CaseClosed).reason == "withdrawn"
    assert story.open.state is CaseState.CLOSED
    assert story.clocks == {}
    assert not any(order.is_open for order in story.open.orders)
    assert story.open.callback is None or story.callback.state is CallbackState.DROPPED


def test_an_urge_is_counted_and_moves_no_clock() -> None:
    """催办: supervisors see how often somebody had to ask again."""
    story = Story()
    story.hear(routed())
    clocks = dict(story.clocks)
    story.hear(URGE)
    story.hear(URGE)
    story.hear(ComplaintSupplemented(kind="facts", text="还有一处"))
    assert story.open.urges == 2
    assert story.clocks == clocks
    assert [line.kind for line in story.open.notes[-3:]] == ["ComplaintSupplemented"] * 3


@pytest.mark.parametrize("fact", [URGE, ComplaintWithdrawn()])
def test_a_closed_case_hears_nothing_more(fact) -> None:
    """What comes after the end is a new complaint."""
    story = Story()
    story.hear(diverted())
    assert isinstance(story.hear(fact), Ignored)


@pytest.mark.parametrize("fact", [URGE, ComplaintWithdrawn()])
def test_a_follow_up_before_the_case_is_open_is_early(fact) -> None:
    """The router hasn't spoken yet; a withdrawal must not get lost for that."""
    assert Story().hear(fact) == Early("case-not-open")


@pytest.mark.parametrize(
    "fact",
    [
        ComplaintReceived(matter=a_matter()),
        CallbackAttempted(callback_id=new_id(), attempt=1, channel="sms", outcome="sent"),
    ],
)
def test_what_is_others_business_is_passed_over(fact) -> None:
    """The tracker reads whole topics, and parks nothing that it will never need."""
    assert Story().hear(fact) == Ignored("not-mine")
