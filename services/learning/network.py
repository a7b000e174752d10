"""A small network: pieces -> one hidden layer -> several answers at once.

The department, the very office, the category and the one above it are learned together:
what tells categories apart shapes the hidden layer, which helps departments with few orders.
Only rows of pieces that a batch holds are touched, so a step costs the same for any
vocabulary. Written on numpy and scipy: no framework would be worth its size here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from services.learning.members import softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import EllipsisType

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

HIDDEN = 192
EPOCHS = 10
_BATCH = 64
_RATE = 0.004
_HIDDEN_DROPPED = 0.5
_PIECES_DROPPED = 0.3
_SMOOTHING = 0.02
_DECAY = (0.9, 0.999)  #: Of Adam's first and second moments.


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One answer to learn."""

    classes: Ints  #: By row; -1 where nobody knows.
    size: int  #: How many classes there are.
    weight: float  #: How much its errors count.


@dataclass(slots=True, eq=False)
class Moments:
    """A parameter under Adam."""

    value: Floats
    first: Floats
    second: Floats

    @classmethod
    def of(cls, value: Floats) -> Moments:
        """Begin at a value."""
        return cls(value, np.zeros_like(value), np.zeros_like(value))

    def step(
        self, slope: Floats, rate: float, number: int, rows: Ints | EllipsisType = ...
    ) -> None:
        """Go down a slope; `rows` are those it is about."""
        first, second = _DECAY
        self.first[rows] = first * self.first[rows] + (1 - first) * slope
        self.second[rows] = second * self.second[rows] + (1 - second) * slope * slope
        mean = self.first[rows] / (1 - first**number)
        spread = np.sqrt(self.second[rows] / (1 - second**number))
        self.value[rows] -= rate * mean / (spread + 1e-8)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """What was learned."""

    pieces: Floats  #: Vocabulary x hidden.
    bias: Floats
    heads: tuple[tuple[Floats, Floats], ...]  #: By task: hidden x classes, and a bias.


def learn_network(
    rows: sparse.csr_matrix, tasks: Sequence[Task], seed: int, step: Callable[[], None]
) -> Network:
    """Learn.

    Args:
        rows: Weighted pieces, one order a row (a sparse matrix).
        tasks: What to answer.
        seed: Of everything random.
        step: Called after each of `EPOCHS` epochs.
    """
    chance = np.random.default_rng(seed)
    trainer = _Trainer(rows, tasks, chance)
    for _ in range(EPOCHS):
        order = chance.permutation(rows.shape[0])
        for start in range(0, len(order), _BATCH):
            trainer.learn(order[start : start + _BATCH])
        step()
    return trainer.network()


class _Trainer:
    def __init__(
        self, rows: sparse.csr_matrix, tasks: Sequence[Task], chance: np.random.Generator
    ) -> None:
        self._rows, self._tasks, self._chance = rows, tasks, chance
        self._steps = EPOCHS * -(-rows.shape[0] // _BATCH)
        self._number = 0
        self._pieces = Moments.of(self._drawn(rows.shape[1], HIDDEN, 0.15))
        self._bias = Moments.of(np.zeros(HIDDEN, dtype=np.float32))
        self._heads = [
            (
                Moments.of(self._drawn(HIDDEN, task.size, HIDDEN**-0.5)),
                Moments.of(np.zeros(task.size, dtype=np.float32)),
            )
            for task in tasks
        ]

    def _drawn(self, height: int, width: int, spread: float) -> Floats:
        drawn = self._chance.standard_normal((height, width), dtype=np.float32)
        return drawn * np.float32(spread)

    def _kept(self, shape: tuple[int, ...], dropped: float) -> Floats:
        kept = self._chance.random(shape, dtype=np.float32) >= dropped
        scaled: Floats = kept.astype(np.float32) / np.float32(1 - dropped)
        return scaled

    def learn(self, chosen: Ints) -> None:
        """Take one step on a batch."""
        self._number += 1
        rate = _RATE * (1 - self._number / (self._steps + 1))
        batch = self._rows[chosen]
        columns, local = np.unique(batch.indices, return_inverse=True)
        weights = batch.data * self._kept(batch.data.shape, _PIECES_DROPPED)
        shape = (len(chosen), len(columns))
        batch = sparse.csr_matrix((weights, local, batch.indptr), shape=shape)
        hidden = np.maximum(batch @ self._pieces.value[columns] + self._bias.value, 0)
        mask = self._kept(hidden.shape, _HIDDEN_DROPPED)
        slope = self._learn_heads(hidden * mask, chosen, rate)
        slope *= mask * (hidden > 0)
        self._pieces.step(batch.T @ slope, rate, self._number, columns)
        self._bias.step(slope.sum(axis=0), rate, self._number)

    def _learn_heads(self, hidden: Floats, chosen: Ints, rate: float) -> Floats:
        above = np.zeros_like(hidden)
        for (head, bias), task in zip(self._heads, self._tasks, strict=True):
            wanted = task.classes[chosen]
            if (wanted < 0).all():
                continue
            slope = softmax(hidden @ head.value + bias.value) - _SMOOTHING / task.size
            slope[np.arange(len(chosen)), np.maximum(wanted, 0)] -= 1 - _SMOOTHING
            slope[wanted < 0] = 0
            slope *= task.weight / len(chosen)
            above += slope @ head.value.T
            head.step(hidden.T @ slope, rate, self._number)
            bias.step(slope.sum(axis=0), rate, self._number)
        return above

    def network(self) -> Network:
        """Give what was learned."""
        heads = tuple((head.value, bias.value) for head, bias in self._heads)
        return Network(self._pieces.value, self._bias.value, heads)
