"""Agencies that don't agree whose a complaint is, and what the router makes of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from services.events import (
    ComplaintHeld,
    ComplaintReceived,
    ComplaintRouted,
    OrderReturned,
    Place,
)
from services.policy import Policy
from services.router.decide import (
    Complaint,
    Designation,
    Held,
    Route,
    Routed,
    Verdict,
    closed,
    faults_of,
    received,
    returned,
    route,
    settle,
)
from services.runtime.step import Early, Ignored, Step
from tests.builders import NOON, a_matter
from tests.router.catalogues import LINZHOU, a_rule, with_rules

CAUSE, ORDER, KEY = UUID(int=1), UUID(int=2), UUID(int=3)
LATER = NOON + timedelta(hours=1)
EAST = Place(district="990101")
WATER, GOVERNMENT = "water-company", "government-990101"


def begun(policy: Policy = LINZHOU) -> Route:
    """A complaint about water that the water company has."""
    fact = ComplaintReceived(matter=a_matter(text="家里停水了", place=EAST))
    step = received(CAUSE, fact, None, policy, NOON)
    assert isinstance(step, Step)
    return step.state


def back(state: Route, agency: str, suggests: str | None = None) -> Step[Route]:
    """Its agency returns it."""
    fact = OrderReturned(
        order_id=ORDER,
        agency=agency,
        attempt=state.attempt,
        reason="不归我们管",
        suggests=suggests,
    )
    step = returned(CAUSE, fact, state, LINZHOU, LATER)
    assert isinstance(step, Step)
    return step


def test_agencies_that_name_each_other_are_heard_at_once() -> None:
    """Ping-pong is found at the second return, before the limit: the citizen waits for nothing."""
    step = back(begun(), WATER, suggests=GOVERNMENT)
    (fact,) = step.facts
    assert isinstance(fact, ComplaintRouted)
    assert fact.lead == GOVERNMENT
    step = back(step.state, GOVERNMENT, suggests=WATER)
    (fact,) = step.facts
    assert isinstance(fact, ComplaintHeld)
    assert (fact.reason, fact.handles_meanwhile) == ("ping-pong", WATER)
    assert "市自来水公司、东区政府相互推诿" in fact.explanation


def test_whom_a_returning_agency_names_is_suggested_first() -> None:
    """Its word is evidence, not a decision: the catalogue stands until a person changes it."""
    step = back(begun(), WATER, suggests="city-housing")
    (fact,) = step.facts
    assert isinstance(fact, ComplaintRouted)
    assert fact.lead == GOVERNMENT
    first = fact.alternatives[0]
    assert (first.agency, first.reason) == ("city-housing", "water-company says it is theirs")


def test_the_first_receiver_goes_on_whenever_returns_leave_it_to_a_person() -> None:
    """Nobody left to ask is a dispute like any other (首接负责)."""
    step = back(back(begun(), WATER).state, GOVERNMENT)
    (fact,) = step.facts
    assert isinstance(fact, ComplaintHeld)
    assert (fact.reason, fact.handles_meanwhile) == ("returned-out", WATER)


def test_a_first_hold_names_nobody_to_go_on() -> None:
    """Nobody has had it."""
    fact = ComplaintReceived(matter=a_matter(text="邻居吵架", place=Place()))
    step = received(CAUSE, fact, None, LINZHOU, NOON)
    assert isinstance(step, Step)
    (told,) = step.facts
    assert isinstance(told, ComplaintHeld)
    assert told.handles_meanwhile is None


def test_the_record_keeps_why_it_was_returned() -> None:
    """The catalogue's error list needs the agency's words, not only a count."""
    because = back(begun(), WATER, suggests=GOVERNMENT).state.unstored[-1].because
    assert because is not None
    assert (because.agency, because.reason, because.suggests) == (WATER, "不归我们管", GOVERNMENT)


def test_a_decision_after_returns_is_a_designation_with_those_who_were_heard() -> None:
    """It can't be returned again, so the record must say that it was a consultation's."""
    step = back(back(begun(), WATER, suggests=GOVERNMENT).state, GOVERNMENT, suggests=WATER)
    decision = Designation(WATER, (), None, "会商认定", (WATER, GOVERNMENT))
    settled = settle(decision, KEY, step.state, LINZHOU, LATER)
    assert isinstance(settled, Step)
    (fact,) = settled.facts
    assert isinstance(fact, ComplaintRouted)
    assert (fact.is_designated, fact.consulted) == (True, (WATER, GOVERNMENT))


def test_a_decision_about_a_complaint_nobody_had_is_no_designation() -> None:
    """An operator who guesses wrong the first time must not bind the agency."""
    fact = ComplaintReceived(matter=a_matter(text="邻居吵架", place=Place()))
    step = received(CAUSE, fact, None, LINZHOU, NOON)
    assert isinstance(step, Step)
    settled = settle(Designation(WATER, (), None, "x"), KEY, step.state, LINZHOU, LATER)
    assert isinstance(settled, Step)
    (told,) = settled.facts
    assert isinstance(told, ComplaintRouted)
    assert told.is_designated is False


def test_an_agency_that_was_heard_must_exist() -> None:
    """A typing error must not enter the record of a consultation."""
    decision = Designation(WATER, (), None, "x", ("nobody",))
    assert [field for field, _ in faults_of(decision, LINZHOU)] == ["consulted.0"]


def test_a_held_complaint_whose_case_ended_waits_for_nobody() -> None:
    """Withdrawn, or done by whoever went on meanwhile: triage shows only what needs a person."""
    held = back(back(begun(), WATER).state, GOVERNMENT).state
    step = closed(held)
    assert isinstance(step, Step)
    assert (step.state.outcome, step.facts) == ("closed", ())
    assert closed(step.state) == Ignored("not-held")
    assert closed(None) == Early("not-routed-yet")


def test_a_city_department_leads_where_duties_overlap() -> None:
    """Two rules fit equally closely; the city's department leads over the district's."""
    rules = (
        a_rule("a", GOVERNMENT, words=("噪音",)),
        a_rule("b", "city-housing", words=("噪音",)),
    )
    decision = route(Complaint(text="夜里噪音大", place=EAST), with_rules(rules))
    assert isinstance(decision, Routed)
    assert (decision.lead, decision.rule) == ("city-housing", "b")
    assert "由市级部门牵头" in decision.explanation
    verdicts = {trial.rule: trial.verdict for trial in decision.trace.trials}
    assert verdicts == {"a": Verdict.LESS_SPECIFIC, "b": Verdict.CHOSEN}


def test_two_city_departments_are_still_a_conflict() -> None:
    """Nothing says which of them leads: a person does."""
    rules = (
        a_rule("a", "city-transport", words=("噪音",)),
        a_rule("b", "city-housing", words=("噪音",)),
    )
    decision = route(Complaint(text="夜里噪音大", place=EAST), with_rules(rules))
    assert isinstance(decision, Held)
    assert decision.reason == "conflict"
