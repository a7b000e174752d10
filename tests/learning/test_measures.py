"""The figures of an evaluation."""

from __future__ import annotations

from services.learning.measures import Judged, figures


def test_the_figures_of_four_answers() -> None:
    """Worked by hand: 3 of 4 first, all within three, the surest half wholly right."""
    found = figures(
        [
            Judged("a", ("a", "b"), 0.9),
            Judged("a", ("a", "b"), 0.8),
            Judged("b", ("a", "b"), 0.7),
            Judged("b", ("b", "a"), 0.6),
        ]
    )
    assert (found["n"], found["top1"], found["top3"]) == (4, 0.75, 1.0)
    # a: precision 2/3, recall 1; b: precision 1, recall 1/2.
    assert found["macro_f1"] == round((0.8 + 2 / 3) / 2, 4)
    assert found["coverage_at_98"] == 0.5
    assert found["departments"]["b"] == {"n": 2, "precision": 1.0, "recall": 0.5, "f1": 0.6667}


def test_a_model_as_sure_as_it_is_right_has_no_calibration_error() -> None:
    """Four answers at 0.75 of which three are right."""
    said = [Judged("a", ("a",), 0.75)] * 3 + [Judged("b", ("a",), 0.75)]
    assert figures(said)["ece"] == 0.0


def test_no_answers_are_no_share() -> None:
    """Nothing asked: None, not zero."""
    assert figures([])["top1"] is None
