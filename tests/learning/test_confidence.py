"""Calibrated confidence."""

from __future__ import annotations

import numpy as np

from services.learning.confidence import learn_confidence


def _learned() -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(3)
    lead = chance.uniform(0, 4, 4_000).astype(np.float32)
    is_right = chance.random(4_000) < 1 / (1 + np.exp(1 - lead))
    return lead[:, None], is_right


def test_a_greater_lead_is_never_less_sure() -> None:
    """Confidence is monotone in what speaks for an answer."""
    sure = learn_confidence(*_learned())
    told = [sure.of(np.array([lead], dtype=np.float32)) for lead in np.linspace(-1, 6, 50)]
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] < 1


def test_confidence_is_how_often_it_is_right() -> None:
    """Among answers told to be right in p of the cases, p are."""
    evidence, is_right = _learned()
    sure = learn_confidence(evidence, is_right)
    told = np.array([sure.of(row) for row in evidence])
    for least in (0.3, 0.5, 0.7, 0.9):
        band = (told >= least) & (told < least + 0.1)
        assert abs(is_right[band].mean() - told[band].mean()) < 0.06


def test_answers_that_are_all_right_are_not_certain() -> None:
    """A clean sample doesn't make anything certain."""
    evidence = np.ones((50, 2), dtype=np.float32)
    sure = learn_confidence(evidence, np.ones(50, dtype=bool))
    assert sure.of(evidence[0]) < 1
