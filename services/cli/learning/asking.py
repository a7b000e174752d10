"""A model asked about orders whose department is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.learning.measures import Judged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.cli.learning.orders import Order
    from services.learning import Model


def askable(model: Model, orders: Sequence[Order]) -> list[Order]:
    """Choose the orders whose department the model learned: only those count."""
    known = frozenset(model.classes.labels)
    return [order for order in orders if order.example.label in known]


def judged(model: Model, orders: Sequence[Order]) -> list[Judged]:
    """Ask about every order whose department the model learned."""
    found = []
    for order in askable(model, orders):
        said, confidence = model.ranked(order.example)
        found.append(Judged(order.example.label, said, confidence))
    return found


def category_figures(model: Model, orders: Sequence[Order]) -> dict[str, float | int | None]:
    """Measure the category: right if it is the order's own or one above it."""
    told = [order.example for order in orders if order.example.categories]
    if not told or not model.classes.categories:
        return {"n": 0, "right": None, "confidence": None}
    answers = [model.category(one) for one in told]
    right = sum(code in one.categories for (code, _), one in zip(answers, told, strict=True))
    sure = sum(confidence for _, confidence in answers)
    return {
        "n": len(told),
        "right": round(right / len(told), 4),
        "confidence": round(sure / len(told), 4),
    }
