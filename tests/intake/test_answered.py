"""What the public sees of a question that was answered, and that the citizen may ask on."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.events import CaseClosed, CaseResumed, ComplaintSupplemented, Fact
from services.intake.adapters.views import PublicStatus
from services.intake.decide.commands import Rejected, supplement, withdraw
from services.intake.decide.view import Status, View, apply
from services.intake.http.words import in_words
from services.runtime.step import Step
from tests.builders import NOON, an_event
from tests.intake.tracked import dispatched, opened

ANSWER = "请到任一服务点办理公交卡。"
ANSWERED = CaseClosed(reason="answered", reply=ANSWER)
LATER = NOON + timedelta(hours=1)


def after(*facts: Fact, view: View | None = None) -> View:
    """Let the view hear the tracker."""
    view = view or View()
    for fact in facts:
        step = apply(an_event(fact, source="tracker"), view)
        assert isinstance(step, Step)
        view = step.state
    return view


def public(view: View) -> PublicStatus:
    """What is kept for anybody who knows the id."""
    timeline = [
        {"at": moment.at.isoformat(), "what": moment.what}
        | ({"reply": moment.reply} if moment.reply else {})
        for moment in view.fresh
    ]
    return PublicStatus(UUID(int=1), "LZ-1", NOON, view.status, view.expected_at, timeline)


def test_an_answered_question_is_settled_and_shows_the_answer() -> None:
    """Whoever asked on the web reads it where they look for it."""
    view = after(opened("answered"), ANSWERED)
    assert (view.status, view.closed_at) == (Status.SETTLED, NOON)
    shown = in_words(public(view), {}, "en")
    assert (shown["status"], shown["reply"]) == ("settled", ANSWER)
    assert [moment["what"] for moment in shown["timeline"]] == ["received", "closed-answered"]
    assert shown["timeline"][-1]["reply"] == ANSWER


@pytest.mark.parametrize("kind", ["facts", "urge"])
def test_a_citizen_who_is_not_content_can_ask_on(kind: str) -> None:
    """It is told to the router, and open again at once."""
    step = supplement(after(ANSWERED), kind, "服务点说办不了", LATER)  # type: ignore[arg-type]
    assert isinstance(step, Step)
    assert step.facts == (ComplaintSupplemented(kind=kind, text="服务点说办不了"),)  # type: ignore[arg-type]
    assert (step.state.status, step.state.closed_at) == (Status.BEING_ASSESSED, None)
    assert in_words(public(step.state), {}, "zh")["reply"] is None


def test_nothing_else_can_be_done_to_it() -> None:
    """What is closed can't be withdrawn, and what was withdrawn before stays so."""
    assert withdraw(after(ANSWERED), None, LATER) == Rejected("closed")
    view = after(ANSWERED, view=View(Status.WITHDRAWN, withdrawn_at=NOON))
    assert supplement(view, "facts", "还有", LATER) == Rejected("withdrawn")


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ((CaseResumed(outcome="routed"), dispatched()), Status.DISPATCHED),
        ((CaseResumed(outcome="held"),), Status.BEING_ASSESSED),
        ((CaseResumed(outcome="diverted"), CaseClosed(reason="diverted")), Status.DIVERTED),
    ],
)
def test_the_public_sees_that_it_goes_on(facts: tuple[Fact, ...], status: Status) -> None:
    """Also where the tracker's end comes after the citizen has asked on."""
    view = after(opened("answered"), ANSWERED, *facts)
    assert view.status is status
    assert (view.closed_at is None) == (status is not Status.DIVERTED)


def test_a_diverted_complaint_shows_what_its_citizen_was_told() -> None:
    """Each of the six diversions has a reply; here it can be read again."""
    view = after(opened("diverted"), CaseClosed(reason="diverted", reply="请向法院提出。"))
    assert in_words(public(view), {}, "zh")["reply"] == "请向法院提出。"
