"""A verdict that counts in no rate: who may say so, of what, and why."""

from __future__ import annotations

import pytest

from services.events import OfficerAction, Satisfaction, VerdictExcluded
from tests.tracker.graded import graded_policy
from tests.tracker.officers import decide, ignored
from tests.tracker.stories import Outcome, Story, routed


def a_verdict(satisfaction: Satisfaction = Satisfaction.SATISFIED) -> Story:
    """A case whose citizen has answered."""
    story = Story(graded_policy())
    story.hear(routed())
    story.resolve()
    story.answer(satisfaction=satisfaction)
    return story


def exclude(story: Story, role: str = "supervisor", **changes: object) -> Outcome:
    """An officer leaves the latest verdict out."""
    fields = {"callback_id": story.callback.callback_id, "reason": "malicious"} | changes
    return decide(story, OfficerAction.EXCLUDE, role, **fields)


def test_a_supervisor_excludes_a_verdict_and_it_is_told_why() -> None:
    """Each exclusion needs a reason, an approver, and a trace."""
    story = a_verdict()
    exclude(story, note="核实为虚假诉求")
    exclusion = story.callback.exclusion
    assert exclusion is not None
    assert (exclusion.reason, exclusion.approved_by) == ("malicious", "supervisor-1")
    assert (exclusion.excluded_at, exclusion.note) == (story.now, "核实为虚假诉求")
    told = story.last(VerdictExcluded)
    assert (told.callback_id, told.reason) == (story.callback.callback_id, "malicious")
    assert (told.approved_by, told.note) == ("supervisor-1", "核实为虚假诉求")
    assert story.callback.satisfaction is Satisfaction.SATISFIED  # What was said stays.


def test_an_earlier_rounds_verdict_is_excluded_by_itself() -> None:
    """One round's malice says nothing about the next one's."""
    story = a_verdict(Satisfaction.DISSATISFIED)
    story.resolve()
    story.answer()
    first, second = story.open.callbacks
    exclude(story, callback_id=first.callback_id)
    assert story.open.callbacks[0].exclusion is not None
    assert story.open.callbacks[1] == second


def test_an_operator_may_not_exclude() -> None:
    """Whoever dispatches must not judge what counts."""
    story = a_verdict()
    assert ignored(exclude(story, "operator")) == "needs-a-supervisor"
    assert story.callback.exclusion is None


@pytest.mark.parametrize("reason", ["we-look-bad", None])
def test_only_reasons_of_the_policy_count(reason) -> None:
    """A reason anybody can look up, or none."""
    story = a_verdict()
    assert ignored(exclude(story, reason=reason)) == "unknown-exclusion"


def test_a_verdict_is_excluded_once() -> None:
    """The first approver stays answerable."""
    story = a_verdict()
    exclude(story)
    before = story.callback
    assert ignored(exclude(story, reason="beyond-duty")) == "verdict-excluded-already"
    assert story.callback == before


def test_what_has_no_verdict_cannot_be_excluded() -> None:
    """Neither a question that is out, nor one that nobody answered, nor another case's."""
    story = Story(graded_policy())
    story.hear(routed())
    story.resolve()
    assert ignored(exclude(story)) == "callback-asked"
    story.lapse()
    assert ignored(exclude(story)) == "callback-lapsed"
    assert ignored(exclude(story, callback_id=None)) == "callback-unknown"
    assert ignored(exclude(story, callback_id=story.complaint_id)) == "callback-unknown"


def test_a_city_without_reasons_excludes_nothing() -> None:
    """The default: every verdict counts."""
    story = Story()
    story.hear(routed())
    story.resolve()
    story.wait(story.callback.lapses_at - story.now - (story.callback.lapses_at - story.now) / 2)
    story.answer()
    assert ignored(exclude(story)) == "unknown-exclusion"
