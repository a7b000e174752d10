"""Words, replies, notices and the calendar: what people read, or are read by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import Diversion
from services.policy import calendar, categories, diversions

if TYPE_CHECKING:
    from datetime import date

    from services.policy.diversions import DiversionRule
    from services.policy.faults import FaultLog
    from services.policy.policy import Policy

#: A single character stands inside too many other words.
_SHORTEST_WORD = 2


def check_texts(policy: Policy, faults: FaultLog, today: date | None) -> None:
    """Check words and replies.

    Args:
        policy: As read.
        faults: Where faults go.
        today: Where given, the calendar must reach this year, or it is a warning.
    """
    _check_category_words(policy, faults)
    _check_diversions(policy, faults)
    if today is not None and not policy.calendar.is_published(today.year):
        message = f"{today.year} isn't here: due dates that count working days are provisional"
        faults.warning(calendar.FILE, 1, message)


def _check_category_words(policy: Policy, faults: FaultLog) -> None:
    seen: dict[str, str] = {}
    for category in policy.categories.values():
        for word in category.words:
            if len(word) < _SHORTEST_WORD:
                faults.warning(
                    categories.FILE, category.line, f"{word!r} is too short to tell much"
                )
            other = seen.setdefault(word, category.code)
            if other != category.code:
                line = policy.categories[other].line
                message = f"the word {word!r} speaks for {other} (line {line}) too"
                faults.warning(categories.FILE, category.line, message)


def _check_diversions(policy: Policy, faults: FaultLog) -> None:
    seen: dict[str, DiversionRule] = {}
    for rule in policy.diversions:
        for word in rule.words:
            other = seen.setdefault(word, rule)
            if other is not rule:
                message = f"the word {word!r} stands in {other.id} (line {other.line}) too"
                faults.error(diversions.FILE, rule.line, message)
        if rule.reply and policy.city.language not in rule.reply:
            message = f"the reply lacks the city's language, {policy.city.language}"
            faults.error(diversions.FILE, rule.line, message)
        for example in rule.examples:
            _check_expectation(policy, example.expect, example.line, faults)
    repeats = [rule for rule in policy.diversions if rule.diversion is Diversion.REPEAT]
    if len(repeats) != 1:
        line = repeats[1].line if repeats else 1
        faults.error(
            diversions.FILE, line, f"there must be one rule for repeats, not {len(repeats)}"
        )


def _check_expectation(policy: Policy, expect: str, line: int, faults: FaultLog) -> None:
    """A diversion's example expects a diversion, or `not-diverted` and no more."""
    known = {f"diverted:{diversion}" for diversion in Diversion} | {"not-diverted", "held"}
    if expect and expect not in known and expect not in policy.agencies:
        faults.error(diversions.FILE, line, f"{expect!r} is neither an agency nor an outcome")
