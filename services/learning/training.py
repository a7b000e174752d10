"""From settled orders to a model. Needs scikit-learn and scipy; using a model doesn't.

How sure a model is is learned on a fifth of the groups that the rest of it hasn't seen; then
everything is learned again on all orders, which leaves the calibration a little modest.
"""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from services.learning.confidence import category_evidence, learn_confidence
from services.learning.families import learn_bayes, learn_linear
from services.learning.features import learn_vocabulary, pieces, reading_form
from services.learning.members import softmax
from services.learning.model import Classes, Model
from services.learning.neighbours import ORDERS_MAX, Past, unit_length
from services.learning.network import EPOCHS, Task, learn_network
from services.learning.orders import sorted_marks
from services.learning.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from services.learning.example import Example
    from services.policy import Policy

    Ints = NDArray[np.int64]
    Weighed = tuple[NDArray[np.intp], NDArray[np.float32]]

#: A department with fewer orders isn't learned: a person knows it better.
ORDERS_OF_LABEL_MIN = 10
_ORDERS_OF_OFFICE_MIN = 3
#: A category with fewer is learned as the one above it.
_ORDERS_OF_CATEGORY_MIN = 30
_FOLDS = 5
#: Calls of `step` that one `train` makes.
STEPS = 2 * (EPOCHS + 2) + 1


class TooFewError(ValueError):
    """There is too little to learn from; the message says of what."""


def usable(examples: Iterable[Example]) -> list[Example]:
    """Choose what can be learned from: words, and a label with enough orders.

    Raises:
        TooFewError: Fewer than two labels have `ORDERS_OF_LABEL_MIN` orders.
    """
    told = [one for one in examples if one.text.strip() and one.label]
    counts = Counter(one.label for one in told)
    kept = [one for one in told if counts[one.label] >= ORDERS_OF_LABEL_MIN]
    if len({one.label for one in kept}) < 2:  # noqa: PLR2004 - one label is no choice
        raise TooFewError(
            f"fewer than two departments have {ORDERS_OF_LABEL_MIN} orders: nothing to learn"
        )
    return kept


def train(
    examples: Sequence[Example],
    policy: Policy,
    marks: Iterable[int] = (),
    step: Callable[[], None] = lambda: None,
) -> Model:
    """Learn a model.

    Args:
        examples: The orders that may be learned from.
        policy: Whose agencies and categories are told.
        marks: Of the orders, for `Model.seen`.
        step: Called `STEPS` times.

    Raises:
        TooFewError: There is too little to learn from.
    """
    orders = usable(examples)
    classes = _classes_of(orders)
    rest = [one for one in orders if _fold(one.group)]
    checked = [one for one in orders if not _fold(one.group)]
    confidences: dict[str, Any] = {}
    try:
        sample = usable(rest)
    except TooFewError:
        sample = []
    if sample and checked:
        inner = _classes_of(sample)
        confidences = _confidences(_learn(sample, inner, step), inner, checked)
    step()
    weights = replace(_learn(orders, classes, step), **confidences)
    return Model(weights, classes, card={}, seen=sorted_marks(marks), policy=policy)


def _fold(group: str) -> int:
    return zlib.crc32(f"calibration:{group}".encode()) % _FOLDS


def _classes_of(orders: Sequence[Example]) -> Classes:
    labels = tuple(sorted({one.label for one in orders}))
    offices = _frequent((one.unit for one in orders), _ORDERS_OF_OFFICE_MIN)
    above = (code for one in orders for code in one.categories)
    categories = _frequent(above, _ORDERS_OF_CATEGORY_MIN)
    had = {(one.label, one.unit) for one in orders}
    offices_of = tuple(
        tuple(number for number, office in enumerate(offices) if (label, office) in had)
        for label in labels
    )
    return Classes(labels, offices, categories, offices_of)


def _frequent(values: Iterable[str], least: int) -> tuple[str, ...]:
    counts = Counter(values)
    return tuple(sorted(value for value, count in counts.items() if value and count >= least))


def _numbers(values: Sequence[str], classes: Sequence[str]) -> Ints:
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers.get(value, -1) for value in values], dtype=np.int64)


def _learn(orders: Sequence[Example], classes: Classes, step: Callable[[], None]) -> Weights:
    found = [pieces(reading_form(one.text, one.title), one.nature, one.title) for one in orders]
    vocabulary = learn_vocabulary(found)
    weighed = [vocabulary.weigh(one) for one in found]
    rows = _matrix(weighed, len(vocabulary.keys))
    step()
    labels = _numbers([one.label for one in orders], classes.labels)
    linear, bias = learn_linear(rows, labels, len(classes.labels))
    bayes = learn_bayes(rows, labels, len(classes.labels))
    step()
    network = learn_network(rows, _tasks(orders, classes, labels), 0, step)
    plenty = np.log(np.bincount(labels, minlength=len(classes.labels)) / len(labels))
    latest = sorted(range(len(orders)), key=lambda at: orders[at].date)[-ORDERS_MAX:]
    hidden = np.maximum(rows[latest] @ network.pieces + network.bias, 0)
    # Half precision, as in a file: a model suggests the same before and after.
    kept = unit_length(hidden).astype(np.float16).astype(np.float32)
    past = Past(
        kept,
        labels[latest],
        tuple(orders[at].order_id for at in latest),
        tuple(orders[at].date for at in latest),
    )
    return Weights(
        vocabulary=vocabulary,
        pieces=np.ascontiguousarray(np.hstack((linear, bayes, network.pieces)), dtype=np.float16),
        linear_bias=bias,
        hidden_bias=network.bias,
        heads=network.heads,
        plenty=plenty.astype(np.float32),
        past=past,
    )


def _matrix(weighed: Sequence[Weighed], width: int) -> csr_matrix:
    starts = np.cumsum([0, *(len(columns) for columns, _ in weighed)])
    columns = np.concatenate([columns for columns, _ in weighed])
    weights = np.concatenate([weights for _, weights in weighed])
    return sparse.csr_matrix((weights, columns, starts), shape=(len(weighed), width))


def _tasks(orders: Sequence[Example], classes: Classes, labels: Ints) -> list[Task]:
    offices = _numbers([one.unit for one in orders], classes.offices)
    categories = _numbers([_learnable(one, classes) for one in orders], classes.categories)
    return [
        Task(labels, len(classes.labels), 1.0),
        Task(offices, len(classes.offices), 0.3),
        Task(categories, len(classes.categories), 0.4),
    ]


def _learnable(order: Example, classes: Classes) -> str:
    """Name the narrowest category of an order that has enough orders."""
    return next((code for code in order.categories if code in classes.categories), "")


def _confidences(weights: Weights, inner: Classes, checked: Sequence[Example]) -> dict[str, Any]:
    votes, is_right, matters, is_matter = [], [], [], []
    for one in checked:
        reading = weights.read(one.text, one.title, one.nature)
        if not len(reading.columns):
            continue
        votes.append(reading.evidence(reading.near()))
        is_right.append(inner.labels[int(reading.scores.argmax())] == one.label)
        if one.categories and inner.categories:
            head, bias = weights.heads[2]
            chances = softmax(reading.hidden @ head + bias)
            matters.append(category_evidence(chances))
            is_matter.append(inner.categories[int(chances.argmax())] in one.categories)
    learned: dict[str, Any] = {}
    if votes:
        learned["confidence"] = learn_confidence(np.array(votes), np.array(is_right))
    if matters:
        learned["category_confidence"] = learn_confidence(np.array(matters), np.array(is_matter))
    return learned
