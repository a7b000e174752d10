"""How events and people move what the router remembers, without any database."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.events import (
    ComplaintDiverted,
    ComplaintHeld,
    ComplaintReceived,
    ComplaintRouted,
    Diversion,
    OrderReturned,
    Place,
)
from services.router.decide import (
    AlreadyDecided,
    Designation,
    NotReceived,
    Refusal,
    Route,
    faults_of,
    received,
    returned,
    settle,
)
from services.runtime.step import Early, Ignored, Step
from tests.builders import NOON, a_matter
from tests.router.catalogues import LINZHOU

CAUSE, ORDER, KEY = UUID(int=1), UUID(int=2), UUID(int=3)
LATER = NOON + timedelta(hours=1)
EAST = Place(district="990101")


def first(**matter: object) -> Step[Route]:
    fact = ComplaintReceived(matter=a_matter(**matter), origin="import:letters")
    step = received(CAUSE, fact, None, LINZHOU, NOON)
    assert isinstance(step, Step)
    return step


def back(state: Route | None, agency: str, attempt: int = 1) -> object:
    fact = OrderReturned(order_id=ORDER, agency=agency, attempt=attempt, reason="不归我们管")
    return returned(CAUSE, fact, state, LINZHOU, LATER)


def test_a_received_complaint_is_told_once_with_the_category_found() -> None:
    """Later services rely on the category the router settled on; the record keeps the original."""
    step = first(text="家里停水了", place=EAST)
    (fact,) = step.facts
    assert isinstance(fact, ComplaintRouted)
    assert (fact.lead, fact.attempt, fact.matter.category) == (
        "water-company",
        1,
        "utilities-water",
    )
    assert step.state.matter.category is None
    assert step.state.source == "import:letters"
    assert step.policy == LINZHOU.hash
    assert [decided.origin.event for decided in step.state.unstored] == [CAUSE]


def test_a_complaint_that_is_known_is_not_routed_again() -> None:
    """One complaint, one first outcome."""
    known = first().state
    again = received(CAUSE, ComplaintReceived(matter=a_matter()), known, LINZHOU, LATER)
    assert again == Ignored("already-routed")


def test_a_return_routes_anew_and_remembers_who_returned_it() -> None:
    """Attempt 2, and never the same agency."""
    step = back(first(text="家里停水了", place=EAST).state, "water-company")
    assert isinstance(step, Step)
    (fact,) = step.facts
    assert isinstance(fact, ComplaintRouted)
    assert (fact.lead, fact.attempt, fact.excluded) == (
        "government-990101",
        2,
        ("water-company",),
    )
    assert (step.state.decisions, step.state.first_outcome) == (2, "routed")


def test_returns_add_up_until_a_person_must_decide() -> None:
    """The second return leaves nobody: held with both excluded."""
    step = back(first(text="家里停水了", place=EAST).state, "water-company")
    assert isinstance(step, Step)
    step = back(step.state, "government-990101", 2)
    assert isinstance(step, Step)
    (fact,) = step.facts
    assert isinstance(fact, ComplaintHeld)
    assert (fact.reason, fact.attempt) == ("returned-out", 3)
    assert step.state.excluded == ("water-company", "government-990101")
    assert (step.state.outcome, step.state.lead, step.state.decided_by) == ("held", None, None)


@pytest.mark.parametrize(
    ("agency", "attempt", "reason"),
    [
        ("water-company", 2, "return-superseded"),
        ("city-transport", 1, "return-not-by-lead"),
    ],
)
def test_a_return_that_does_not_fit_changes_nothing(agency: str, attempt: int, reason: str) -> None:
    """Late and repeated returns must not send the complaint round again."""
    state = first(text="家里停水了", place=EAST).state
    assert back(state, agency, attempt) == Ignored(reason)


def test_a_return_before_its_complaint_waits() -> None:
    """Two topics: the tracker's may be read first."""
    assert back(None, "water-company") == Early("not-routed-yet")


def test_a_held_complaint_can_not_be_returned() -> None:
    """Nobody has it."""
    state = first(text="邻居吵架", place=Place()).state
    assert back(state, "water-company") == Ignored("return-superseded")


def test_a_person_designates_a_lead() -> None:
    """Even one that returned it (指定办理); its street is supervised by its district as ever."""
    held = first(text="燃气泄漏", place=Place()).state
    decision = Designation("street-990101001", ("city-housing",), None, "已核实地点")
    step = settle(decision, KEY, held, LINZHOU, LATER)
    assert isinstance(step, Step)
    (fact,) = step.facts
    assert isinstance(fact, ComplaintRouted)
    assert (fact.lead, fact.assists, fact.copies) == (
        "street-990101001",
        ("city-housing",),
        ("government-990101",),
    )
    assert (fact.standard, fact.decided_by, fact.attempt) == ("emergency", "operator", 1)
    assert fact.explanation == "已核实地点"
    assert step.state.unstored[-1].origin.operator == KEY
    assert (step.state.outcome, step.state.first_outcome) == ("routed", "held")


def test_a_designated_agency_is_excluded_no_more() -> None:
    """Else its next return would count twice and the record contradict itself."""
    step = back(first(text="家里停水了", place=EAST).state, "water-company")
    assert isinstance(step, Step)
    step = back(step.state, "government-990101", 2)
    assert isinstance(step, Step)
    decision = Designation("water-company", (), "ordinary", "由你单位办理")
    settled = settle(decision, KEY, step.state, LINZHOU, LATER)
    assert isinstance(settled, Step)
    (fact,) = settled.facts
    assert isinstance(fact, ComplaintRouted)
    assert (fact.excluded, fact.standard, fact.attempt) == (
        ("government-990101",),
        "ordinary",
        3,
    )


def test_a_person_may_find_that_no_order_is_due() -> None:
    """Then the citizen is told why."""
    held = first(text="邻居吵架", place=Place()).state
    decision = Refusal(Diversion.BEYOND_DUTY, None, "请与邻居协商。", "民事纠纷")
    step = settle(decision, KEY, held, LINZHOU, LATER)
    assert isinstance(step, Step)
    (fact,) = step.facts
    assert isinstance(fact, ComplaintDiverted)
    assert (fact.decided_by, fact.reply) == ("operator", "请与邻居协商。")
    assert step.state.explanation == "民事纠纷"


def test_a_person_who_comes_too_late_changes_nothing() -> None:
    """Two operators open the same complaint: the first decides."""
    decision = Designation("city-housing", (), None, "x")
    routed = first(text="家里停水了", place=EAST).state
    assert settle(decision, KEY, routed, LINZHOU, LATER) == AlreadyDecided(
        "routed", "water-company"
    )
    assert settle(decision, KEY, None, LINZHOU, LATER) == NotReceived()


@pytest.mark.parametrize(
    ("decision", "fields"),
    [
        (Designation("nobody", (), None, "x"), ["lead"]),
        (Designation("hotline", (), None, "x"), ["lead"]),
        (Designation("city-housing", ("city-transport", "y"), None, "x"), ["assists.1"]),
        (Designation("city-housing", (), "at-once", "x"), ["standard"]),
        (Designation("city-housing", ("city-transport",), "ordinary", "x"), []),
    ],
)
def test_a_designation_names_its_faults(decision: Designation, fields: list[str]) -> None:
    """An operator's typing error must not become an order to nobody."""
    assert [field for field, _ in faults_of(decision, LINZHOU)] == fields
