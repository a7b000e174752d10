"""A trained model beside a policy: it advises, or is put aside and says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from services.events import Place
from services.learning import save
from services.learning.card import card_of
from services.learning.training import train, usable
from services.policy import Policy
from services.router.adapters import Advisers
from services.router.decide import Complaint, Held, Routed, route
from tests.learning.towns import orders
from tests.policies import AGENCIES, a_policy

NEW_TO_THE_CATALOGUE = Complaint(text="采石路9号开发商不交房，实在受不了。", place=Place())
#: On orders held out, from a confidence of 0.3 on 98 in 100 were right.
SURE = {"curve": [{"coverage": 0.5, "precision": 0.98, "confidence": 0.3}]}


def willing(policy: Policy) -> Policy:
    """A policy that lets a model decide, without the rules that would decide before it."""
    routing = replace(policy.routing, model_precision_min=0.98)
    return replace(policy, routing=routing, catalogue=(), hash="without-rules")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the invented town."""
    policy, examples = a_policy(), usable(orders())
    model = train(examples, policy)
    model.card = card_of(model, examples, policy, source="orders.csv", scores=SURE)
    path = tmp_path_factory.mktemp("model") / "town.model"
    save(model, path)
    return path


def in_use() -> float | None:
    """What Prometheus is told."""
    return REGISTRY.get_sample_value("whistle_model_in_use")


def test_a_model_dispatches_by_its_curve_with_reasons(file: Path) -> None:
    """The city's own orders say who had such matters, and the fact says which model did."""
    policy = willing(a_policy())
    decision = route(NEW_TO_THE_CATALOGUE, policy, adviser=Advisers(file).in_force(policy))
    assert isinstance(decision, Routed)
    assert (decision.lead, decision.decided_by) == ("city-housing", "model")
    assert decision.model is not None
    assert len(decision.model) == 64
    assert "like LZ" in decision.explanation
    assert in_use() == 1.0


def test_a_precision_that_was_never_reached_lets_the_model_suggest_only(file: Path) -> None:
    """The card is the only evidence there is."""
    policy = willing(a_policy())
    policy = replace(policy, routing=replace(policy.routing, model_precision_min=0.99))
    decision = route(NEW_TO_THE_CATALOGUE, policy, adviser=Advisers(file).of(policy))
    assert isinstance(decision, Held)
    first = decision.candidates[0]
    assert (first.agency, first.confidence is not None) == ("city-housing", True)


@pytest.mark.parametrize("is_there", [True, False], ids=["foreign", "missing"])
def test_a_model_that_does_not_fit_is_put_aside(file: Path, *, is_there: bool) -> None:
    """Complaints go to people then; the router goes on."""
    other = a_policy(agencies=AGENCIES.replace("city-housing,市住建局", "city-housing,市水务局"))
    advisers = Advisers(file if is_there else file.with_name("missing.model"))
    assert advisers.in_force(other if is_there else a_policy()) is None
    assert in_use() == 0.0


def test_without_a_model_nobody_is_asked() -> None:
    """Most cities begin without one."""
    assert Advisers().of(a_policy()) is None


def test_a_question_about_an_old_policy_keeps_the_model_of_the_one_in_force(file: Path) -> None:
    """Operators look into old complaints all day."""
    advisers, now = Advisers(file), a_policy()
    used = advisers.in_force(now)
    old = a_policy(agencies=AGENCIES.replace("city-housing,市住建局", "city-housing,市水务局"))
    assert advisers.of(old) is None
    assert in_use() == 1.0
    assert advisers.of(now) is used
