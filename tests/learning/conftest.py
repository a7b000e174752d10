"""One model of the invented town, trained once for all tests."""

from __future__ import annotations

import pytest

from services.learning import Model
from services.learning.card import card_of
from services.learning.orders import marks_of
from services.learning.training import train, usable
from services.policy import Policy
from tests.learning.towns import orders
from tests.policies import a_policy


@pytest.fixture(scope="session")
def town() -> Policy:
    return a_policy()


@pytest.fixture(scope="session")
def model(town: Policy) -> Model:
    examples = usable(orders())
    marks = [m for one in examples for m in marks_of([("order", one.order_id)])]
    made = train(examples, town, marks)
    made.card = card_of(made, examples, town, source="orders.csv", scores={"top1": 0.9})
    return made
