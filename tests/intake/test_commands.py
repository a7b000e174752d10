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
    is_visible,
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


#: NUL and a lone surrogate, which no database takes; full-width digits, which hide a number.
BROKEN = "找\x00陳小樹\ud800１９００００００１２３４"
SHOWN = "找陈小树[电话]"


def test_every_further_text_comes_in_normal_form() -> None:
    """What the database can't store must be gone before it is asked; the words stay."""
    supplemented = supplement(View(), "facts", BROKEN, NOON)
    withdrawn = withdraw(View(), BROKEN, NOON)
    verdict = replace(VERDICT, wish=BROKEN)
    answered = answer(ASKED, CALLBACK, verdict, NOON, answered_by="citizen")
    reported = report_action(ORDER, AGENCY, AgencyAction.RESOLVE, BROKEN, NOON)
    assert isinstance(supplemented, Step)
    assert isinstance(withdrawn, Step)
    assert isinstance(answered, Step)
    assert supplemented.facts == (ComplaintSupplemented(kind="facts", text=SHOWN),)
    assert withdrawn.facts == (ComplaintWithdrawn(reason=SHOWN),)
    assert [fact.wish for fact in answered.facts if isinstance(fact, CallbackAnswered)] == [SHOWN]
    assert reported.note == SHOWN


def test_a_name_in_traditional_characters_is_veiled_in_further_words() -> None:
    """The words are simplified before the name is looked for, unless they are Japanese."""
    veil = Veil("陳小樹")
    assert veil.over("陳小樹家停水") == "[姓名]家停水"
    assert veil.over("陳小樹の水道") == "[姓名]の水道"


def test_words_that_nobody_sees_are_none() -> None:
    """An invisible reason is no reason."""
    assert not is_visible("\u200b \ufeff\x00")
    assert is_visible("\u200b。")
    step = withdraw(View(), "\u200b", NOON)
    assert isinstance(step, Step)
    assert step.facts == (ComplaintWithdrawn(reason=None),)
    assert report_action(ORDER, AGENCY, AgencyAction.SIGN, "\u200b", NOON).note is None
