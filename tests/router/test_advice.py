"""What a learned model may decide, and what it may only suggest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from services.events import Place
from services.policy import Policy
from services.router.decide import Complaint, Held, Routed, route
from services.router.decide.advice import Advice, Advised
from tests.router.catalogues import LINZHOU

TARGET = 0.98
SOMETHING_NEW = Complaint(text="河边的步道塌了一块", place=Place())


def sure_policy(target: float | None = TARGET) -> Policy:
    """Linzhou, which lets a model decide from a precision on."""
    return replace(LINZHOU, routing=replace(LINZHOU.routing, model_precision_min=target))


@dataclass
class Model:
    """A model that says what it is told to, and counts how often it is asked."""

    agency: str = "city-transport"
    confidence: float = 0.95
    category: Advised | None = None
    others: tuple[Advised, ...] = ()
    asked: int = field(default=0)

    def advise(self, complaint: Complaint) -> Advice:
        """Say it."""
        self.asked += 1
        assert complaint.text
        first = Advised(self.agency, self.confidence, "words: 步道")
        return Advice("model-1", (first, *self.others), self.category)

    def sure_from(self, precision: float) -> float:
        """Be right that often from nine in ten on."""
        return {TARGET: 0.9}[precision]


def test_a_model_dispatches_where_the_catalogue_has_no_answer() -> None:
    """Above the policy's target; the fact says which model, and how sure it was."""
    decision = route(SOMETHING_NEW, sure_policy(), adviser=Model())
    assert isinstance(decision, Routed)
    assert (decision.lead, decision.decided_by, decision.rule) == ("city-transport", "model", None)
    assert (decision.confidence, decision.model) == (0.95, "model-1")
    assert "95%" in decision.explanation


@pytest.mark.parametrize(
    ("policy", "model"),
    [
        (sure_policy(), Model(confidence=0.89)),
        (sure_policy(None), Model(confidence=0.999)),
        (sure_policy(), Model(agency="an-agency-of-another-city")),
        (sure_policy(), Model(agency="hotline")),
    ],
    ids=["not sure", "no target", "unknown agency", "cannot lead"],
)
def test_what_a_model_may_not_decide_is_held_for_a_person(policy: Policy, model: Model) -> None:
    """A guess is never an order."""
    decision = route(SOMETHING_NEW, policy, adviser=model)
    assert isinstance(decision, Held)


def test_a_person_sees_the_three_likeliest_with_reasons_and_confidence() -> None:
    """Below the target it still spares the person the search."""
    others = tuple(Advised(code, 0.1, "like order 7") for code in ("city-housing", "water-company"))
    model = Model(confidence=0.6, others=(*others, Advised("government-990101", 0.01, "")))
    decision = route(SOMETHING_NEW, sure_policy(), adviser=model)
    assert isinstance(decision, Held)
    shown = [(one.agency, one.confidence, one.reason) for one in decision.candidates]
    assert shown == [
        ("city-transport", 0.6, "words: 步道"),
        ("city-housing", 0.1, "like order 7"),
        ("water-company", 0.1, "like order 7"),
    ]


def test_a_model_that_is_sure_of_the_category_lets_the_catalogue_decide() -> None:
    """The rule stands above the model: it is what officials wrote and can be asked about."""
    category = Advised("utilities-water", 0.99, "words: 步道")
    complaint = replace(SOMETHING_NEW, place=Place(district="990101"))
    decision = route(complaint, sure_policy(), adviser=Model(category=category))
    assert isinstance(decision, Routed)
    assert (decision.decided_by, decision.lead) == ("rule", "water-company")
    assert (decision.category, decision.trace.category_from) == ("utilities-water", "model")


def test_no_model_is_asked_where_the_catalogue_knows() -> None:
    """Rules cost microseconds, a model milliseconds."""
    model = Model()
    decision = route(
        Complaint(text="家里停水了", place=Place(district="990101")), sure_policy(), adviser=model
    )
    assert isinstance(decision, Routed)
    assert (decision.decided_by, model.asked) == ("rule", 0)


def test_a_model_is_asked_once_for_a_complaint() -> None:
    """Category, agency and candidates come from the same advice."""
    model = Model(confidence=0.1)
    route(SOMETHING_NEW, sure_policy(), adviser=model)
    assert model.asked == 1


def test_an_agency_that_returned_it_is_not_asked_again_by_a_model() -> None:
    """The model knows the past, not that this agency has just said no."""
    decision = route(SOMETHING_NEW, sure_policy(), ("city-transport",), 2, adviser=Model())
    assert isinstance(decision, Held)
    assert "city-transport" not in [one.agency for one in decision.candidates]
