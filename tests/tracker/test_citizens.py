"""What follows from a citizen's word, or from silence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.events import (
    CallbackAnswered,
    CallbackAttempted,
    CallbackLapsed,
    CaseClosed,
    CaseReopened,
    ComplaintReceived,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    OrderDispatched,
    Satisfaction,
)
from services.runtime.ids import new_id
from services.runtime.step import Early, Ignored
from services.tracker.decide.case import CallbackState, CaseState, OrderState
from tests.builders import a_matter
from tests.tracker.stories import STREET, WATER, Story, diverted, held, prompt_policy, routed

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
    assert asked.said == ["CaseReopened", "OrderDispatched"]
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
