"""View: what the public may see, kept from the tracker's facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.events import (
    CaseEscalated,
    CaseFollowed,
    CaseMerged,
    CaseReopened,
    DeadlineRecomputed,
    Fact,
    OrderAtRisk,
    OrderBreached,
    OrderRecalled,
    OrderResolved,
    OrderReturned,
    OrderSigned,
    Satisfaction,
)
from services.intake.decide.view import Callback, Moment, Status, View, apply
from services.intake.http.words import MOMENT_WORDS, STATUS_WORDS
from services.runtime.step import Ignored, Step
from tests.builders import NOON, an_event
from tests.intake.tracked import (
    AGENCY,
    CALLBACK,
    DUE_AT,
    ORDER,
    callback_due,
    closed,
    dispatched,
    opened,
)

SIGNED = OrderSigned(order_id=ORDER, agency=AGENCY)
RETURNED = OrderReturned(order_id=ORDER, agency=AGENCY, attempt=1, reason="不归我管")
RECALLED = OrderRecalled(order_id=ORDER, agency=AGENCY)
BREACHED = OrderBreached(order_id=ORDER, agency=AGENCY, clock="handle", due_at=DUE_AT)
ESCALATED = CaseEscalated(order_id=ORDER, agency=AGENCY, level=1, raised_to="government-990101")
RESOLVED = OrderResolved(order_id=ORDER, agency=AGENCY, answer="已办", is_on_time=True)
REOPENED = CaseReopened(
    round=2, callback_id=CALLBACK, is_solved=False, satisfaction=Satisfaction.DISSATISFIED
)
EVERY_FACT = (
    opened(), opened("held"), opened("diverted"), dispatched(), dispatched(role="assist"), SIGNED,
    RETURNED, RECALLED, BREACHED, ESCALATED, RESOLVED, callback_due(), REOPENED,
    *(closed(r) for r in ("confirmed", "unconfirmed", "unsatisfied", "withdrawn", "diverted")),
)  # fmt: skip


def _after(*facts: Fact, view: View | None = None) -> View:
    view = view or View()
    for fact in facts:
        step = apply(an_event(fact, source="tracker"), view)
        assert isinstance(step, Step), step
        view = step.state
    return view


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ((opened("held"),), Status.BEING_ASSESSED),
        ((opened("diverted"),), Status.DIVERTED),
        ((opened(), dispatched()), Status.DISPATCHED),
        ((opened(), dispatched(), SIGNED), Status.IN_PROGRESS),
        ((opened(), dispatched(), RETURNED), Status.BEING_ASSESSED),
        ((opened(), dispatched(), RESOLVED), Status.ANSWERED),
        ((opened(), dispatched(), RESOLVED, REOPENED), Status.REOPENED),
        ((opened(), dispatched(), RESOLVED, closed("confirmed")), Status.CLOSED),
        ((opened(), closed("withdrawn")), Status.WITHDRAWN),
    ],
)
def test_the_status_follows_the_tracker(facts: tuple[Fact, ...], status: Status) -> None:
    """The public sees the same as the dispatcher, in fewer words."""
    assert _after(*facts).status is status


def test_the_expected_date_is_the_leads_and_goes_with_the_order() -> None:
    """Nobody should wait for a date that no longer holds."""
    assert _after(dispatched()).expected_at == DUE_AT
    assert _after(dispatched(role="assist")).expected_at is None
    assert _after(dispatched(), RETURNED).expected_at is None
    assert _after(dispatched(), closed()).expected_at is None


@pytest.mark.parametrize(
    ("role", "is_still", "expected"),
    [
        ("lead", False, DUE_AT + timedelta(days=1)),
        ("lead", True, None),
        ("assist", False, DUE_AT),
    ],
)
def test_a_promise_that_is_counted_anew_moves_the_date(role, is_still, expected) -> None:
    """While a clock stands still there is no date to give."""
    fact = DeadlineRecomputed(
        order_id=ORDER,
        agency=AGENCY,
        role=role,
        was_due_at=DUE_AT,
        due_at=DUE_AT + timedelta(days=1),
        at_risk_at=DUE_AT,
        is_still=is_still,
        approved_by="duty",
        timeline=(),
    )
    assert _after(dispatched(), fact).expected_at == expected


def test_a_late_fact_does_not_bring_a_closed_case_back_to_life() -> None:
    """A withdrawn complaint stays withdrawn, whatever was on its way."""
    assert _after(dispatched(), SIGNED, view=View(Status.WITHDRAWN)).status is Status.WITHDRAWN


def test_a_returned_order_gives_no_more_rights() -> None:
    """An agency that said it isn't theirs needs no telephone number."""
    assert _after(dispatched()).orders[ORDER].is_returned is False
    assert _after(dispatched(), RETURNED).orders[ORDER].is_returned is True


def test_an_answer_that_was_faster_than_the_question_is_kept() -> None:
    """The link may reach the citizen before the fact reaches us."""
    early = Callback(CALLBACK, NOON + timedelta(days=3), answered_at=NOON)
    view = _after(callback_due(), view=replace(View(), callbacks={CALLBACK: early}))
    assert view.callbacks[CALLBACK].answered_at == NOON
    assert view.callbacks[CALLBACK].agency == AGENCY


def test_an_open_question_ends_with_its_case() -> None:
    """Nobody should be asked about something that is closed."""
    assert _after(callback_due(), closed()).callbacks[CALLBACK].closed_at == NOON


def test_what_is_internal_is_not_shown() -> None:
    """A warning to the agency is no news for the citizen."""
    at_risk = OrderAtRisk(order_id=ORDER, agency=AGENCY, due_at=DUE_AT)
    assert apply(an_event(at_risk), View()) == Ignored("not-public")


def test_a_complaint_that_we_never_took_in_is_ignored() -> None:
    """There is nothing to show anybody."""
    assert apply(an_event(opened()), None) == Ignored("unknown-complaint")


def test_everything_that_can_be_shown_has_words_in_both_languages() -> None:
    """A citizen must never read a code."""
    shown = {moment.what for fact in EVERY_FACT for moment in _after(fact).fresh}
    assert shown <= set(MOMENT_WORDS)
    assert set(STATUS_WORDS) == set(Status)
    assert all(zh and en for zh, en in [*MOMENT_WORDS.values(), *STATUS_WORDS.values()])


def test_the_timeline_holds_no_words_of_anybody() -> None:
    """Neither the agency's answer nor its reason is public."""
    shown = repr(_after(*EVERY_FACT[:-1]).fresh)
    assert "不归我管" not in shown
    assert "已办" not in shown


def test_an_agency_whose_order_was_recalled_has_nothing_to_do_with_it_any_more() -> None:
    """It may not ask for the citizen's number; the public status stays as it is."""
    before = _after(opened(), dispatched())
    after = _after(RECALLED, view=before)
    assert after.orders[ORDER].is_returned
    assert (after.status, after.expected_at) == (before.status, before.expected_at)


def test_a_merged_complaint_is_handled_together_with_nobody_one_could_name() -> None:
    """Its caller sees that, and the answer; never another person's number or id."""
    into = UUID(int=801)
    view = _after(opened(), dispatched(), RECALLED, CaseMerged(into=into, merged_by="desk-1"))
    assert (view.status, view.expected_at) == (Status.IN_PROGRESS, None)
    assert view.fresh[-1] == Moment(NOON, "merged")
    assert all(words for words in MOMENT_WORDS["merged"])
    followed = CaseFollowed(order_id=UUID(int=802), agency=AGENCY, answer="已办")
    view = _after(followed, view=view)
    assert view.status is Status.ANSWERED
    assert view.fresh[-1] == Moment(NOON, "answered", AGENCY)
    assert str(into) not in repr(view)
