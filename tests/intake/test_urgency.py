"""Urgency: raised by words, never lowered."""

from __future__ import annotations

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
