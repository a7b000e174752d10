"""Commands: follow-ups that are allowed, and those that aren't."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.events import (
    AgencyAction,
    CallbackAnswered,
    ComplaintSupplemented,
    ComplaintWithdrawn,
    Satisfaction,
)
from services.intake.decide.commands import (
    Rejected,
    Veil,
    Verdict,
    answer,
    objection,
    report_action,
    supplement,
    withdraw,
)
from services.intake.decide.view import Callback, Status, View
from services.runtime.step import Ignored, Step
from tests.builders import NOON
from tests.intake.callers import PHONE
from tests.intake.tracked import AGENCY, CALLBACK, ORDER

LAPSES_AT = NOON + timedelta(days=3)
ASKED = View(callbacks={CALLBACK: Callback(CALLBACK, LAPSES_AT, ORDER, AGENCY)})
VERDICT = Verdict(True, False, Satisfaction.DISSATISFIED, f"打{PHONE}找我")


def test_more_facts_are_told_without_identities() -> None:
    """The second text is masked like the first."""
    step = supplement(View(), "facts", f"新情况，电话{PHONE}", NOON)
    assert isinstance(step, Step)
    assert step.facts == (ComplaintSupplemented(kind="facts", text="新情况，电话[电话]"),)


@pytest.mark.parametrize(
    ("view", "code"),
    [
        (None, "no-such-complaint"),
        (View(withdrawn_at=NOON), "withdrawn"),
        (View(closed_at=NOON), "closed"),
        (View(status=Status.DIVERTED), "diverted"),
        (View(status=Status.DIVERTED, closed_at=NOON), "diverted"),
    ],
)
def test_nothing_is_added_to_what_is_over(view: View | None, code: str) -> None:
    """A new matter must be a new complaint, with its own clock."""
    outcome = supplement(view, "urge", "快一点", NOON)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert objection(view) == outcome


def test_further_words_are_veiled_like_the_first() -> None:
    """Name and, for somebody who asked for secrecy, the door."""
    veil = Veil("白小树", is_secret=True)
    step = supplement(View(), "facts", "白小树住在柳树社区3号楼502室", NOON, veil)
    assert isinstance(step, Step)
    (fact,) = step.facts
    assert isinstance(fact, ComplaintSupplemented)
    assert "白小树" not in fact.text
    assert "502" not in fact.text
    assert "白小树" not in repr(veil)


def test_withdrawing_twice_is_no_fault_and_is_told_once() -> None:
    """People press a button again when they see nothing happen."""
    step = withdraw(View(), None, NOON)
    assert isinstance(step, Step)
    assert step.facts == (ComplaintWithdrawn(),)
    assert step.state.status is Status.WITHDRAWN
    assert isinstance(withdraw(step.state, None, NOON), Ignored)


def test_the_first_answer_counts() -> None:
    """Each question has one verdict, or the rates would depend on who clicks more."""
    step = answer(ASKED, CALLBACK, VERDICT, NOON, answered_by="citizen")
    assert isinstance(step, Step)
    (fact,) = step.facts
    assert isinstance(fact, CallbackAnswered)
    assert fact.wish == "打[电话]找我"
    again = answer(step.state, CALLBACK, VERDICT, NOON, answered_by="operator")
    assert again == Rejected("already-answered")


def test_a_link_proves_that_its_question_exists() -> None:
    """It may reach the citizen before the tracker's fact reaches us."""
    step = answer(View(), CALLBACK, VERDICT, NOON, answered_by="citizen", lapses_at=LAPSES_AT)
    assert isinstance(step, Step)
    assert step.state.callbacks[CALLBACK].answered_at == NOON
    without = answer(View(), CALLBACK, VERDICT, NOON, answered_by="operator")
    assert without == Rejected("no-such-callback")


def test_a_late_answer_is_refused() -> None:
    """The case has gone on without it."""
    assert answer(ASKED, CALLBACK, VERDICT, LAPSES_AT, answered_by="citizen") == Rejected("over")
    closed = replace(ASKED.callbacks[CALLBACK], closed_at=NOON)
    view = View(callbacks={CALLBACK: closed})
    assert answer(view, CALLBACK, VERDICT, NOON, answered_by="citizen") == Rejected("over")


def test_an_agencys_note_is_masked() -> None:
    """Agencies write down whom they called."""
    fact = report_action(ORDER, AGENCY, AgencyAction.RESOLVE, f"已联系{PHONE}", NOON)
    assert fact.note == "已联系[电话]"
