"""Urgency: raised by words, never lowered."""

from __future__ import annotations

import pytest

from services.events import Urgency
from services.intake.decide.urgency import UrgencyScale
from services.policy import UrgencyWords, Word

SCALE = UrgencyScale(
    UrgencyWords(
        emergency=(Word("燃气泄漏", ("演练",)), Word("trapped")),
        urgent=(Word("停水", ("计划停水",)), Word("燃气泄漏检测")),
    )
)


def test_the_highest_word_counts_also_inside_a_longer_one() -> None:
    """A leak must not hide behind the word for its detector."""
    assert SCALE.rate("家里停水，楼道燃气泄漏检测报警") is Urgency.EMERGENCY
    assert SCALE.rate("家里停水") is Urgency.URGENT
    assert SCALE.rate("Somebody is TRAPPED in the lift") is Urgency.EMERGENCY


def test_a_word_that_takes_the_meaning_away_is_heeded() -> None:
    """A drill isn't a leak."""
    assert SCALE.rate("燃气泄漏演练通知") is Urgency.NORMAL
    assert SCALE.rate("计划停水通知") is Urgency.NORMAL


def test_what_was_said_is_never_lowered() -> None:
    """The operator heard the voice; the words are only words."""
    assert SCALE.rate("家里停水", Urgency.EMERGENCY) is Urgency.EMERGENCY
    assert SCALE.rate("没有这些词", Urgency.URGENT) is Urgency.URGENT


def test_a_policy_without_words_rates_nothing() -> None:
    """A city may begin with an empty list."""
    assert UrgencyScale(UrgencyWords((), ())).rate("停水") is Urgency.NORMAL


@pytest.mark.parametrize(
    "text",
    [
        "没有燃气泄漏",
        "并未发生燃气泄漏",
        "防燃气泄漏",
        "燃气泄漏知识讲座",
        "无燃气泄漏",
        "nobody was entrapped",
    ],
)
def test_what_is_denied_or_only_mentioned_is_no_emergency(text: str) -> None:
    """The crew that drives to a lecture is missing at a fire."""
    assert SCALE.rate(text) is Urgency.NORMAL
    assert SCALE.hear(text) == []


@pytest.mark.parametrize(
    "text", ["不知道有没有燃气泄漏", "是不是燃气泄漏", "没有人管燃气泄漏", "没有演习，燃气泄漏了"]
)
def test_a_question_or_a_denial_of_something_else_is_no_denial(text: str) -> None:
    """Who asks whether gas leaks must be met as if it did."""
    scale = UrgencyScale(UrgencyWords(emergency=(Word("燃气泄漏"),), urgent=()))
    assert scale.rate(text) is Urgency.EMERGENCY


def test_the_span_points_at_the_word_and_the_most_urgent_of_one_place_counts() -> None:
    """An operator checks the evidence by one look."""
    text = "İ家里停水，楼道燃气泄漏检测报警"
    found = [(text[one.start : one.end], one.urgency) for one in SCALE.hear(text)]
    assert found == [("停水", Urgency.URGENT), ("燃气泄漏", Urgency.EMERGENCY)]
