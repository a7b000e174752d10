"""Choose the standard: how fast the order must be handled.

`services.policy.choices` has the order. Words of urgency and the urgency that came with the
complaint can only make it stricter, and so can a statute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.events import Urgency
from services.policy import standards
from services.policy.choices import chosen, usual_standard, within_limits
from services.router.decide.lexicon import normal_form

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from services.policy import Policy, Rule
    from services.policy.choices import Kind
    from services.policy.urgency import Word

#: Most urgent first.
_LEVELS = tuple(Urgency)


class UrgencyIndex:
    """The words of urgency of a policy, ready for use."""

    def __init__(self, policy: Policy) -> None:
        """Bring the words into normal form."""
        self._levels = (
            (Urgency.EMERGENCY, _prepared(policy.urgency.emergency)),
            (Urgency.URGENT, _prepared(policy.urgency.urgent)),
        )
        levels = [words for _, words in self._levels]
        speaking = {word for words in levels for word in words}
        silencing = {word for words in levels for unless in words.values() for word in unless}
        #: Words that show urgency where nobody denies them, in normal form.
        self.speaking = frozenset(speaking)
        #: Every word that matters to urgency, in normal form.
        self.words = frozenset(speaking | silencing)

    def of(self, found: AbstractSet[str], meant: AbstractSet[str]) -> tuple[Urgency, str | None]:
        """Tell how urgent the words are, and which word says so.

        Args:
            found: Words in the text, in normal form.
            meant: Those of them that nobody denies, by `denial.meant_words`.
        """
        for level, words in self._levels:
            speaking = sorted(
                word for word in meant if word in words and found.isdisjoint(words[word])
            )
            if speaking:
                return level, speaking[0]
        return Urgency.NORMAL, None


def _prepared(words: tuple[Word, ...]) -> dict[str, frozenset[str]]:
    return {normal_form(word.text): frozenset(map(normal_form, word.unless)) for word in words}


def choose_standard(
    policy: Policy,
    rule: Rule | None,
    kind: Kind,
    spoken: tuple[Urgency, str | None],
) -> tuple[str, str]:
    """Name the standard of an order, and why.

    Args:
        policy: The policy in force.
        rule: The rule that decided, or None for the fallback.
        kind: The category settled on; urgency and nature as received.
        spoken: What the words say, by `UrgencyIndex.of`.

    Returns:
        A key of `policy.standards`, and the reason in words.
    """
    word_level, word = spoken
    level = min(kind.urgency, word_level, key=_LEVELS.index)
    calm = kind._replace(urgency=Urgency.NORMAL)
    usual = usual_standard(policy, rule, calm)
    # A policy may name a standard for `urgent` only: an emergency is at least that.
    key = policy.stricter(usual, usual_standard(policy, rule, kind._replace(urgency=level)))
    for reached in _LEVELS[_LEVELS.index(level) :]:
        key = policy.stricter(key, policy.routing.urgency_standards.get(reached, key))
    limited, limit = within_limits(policy, key, kind._replace(urgency=level))
    if limit is not None:
        return limited, f"{limit.basis} allows no more than {limited}, {key} is longer"
    if key != usual:
        said = f"the word {word}" if word is not None and level is word_level else "as received"
        return key, f"{level} ({said}) calls for {key} instead of {usual}"
    return key, _usual_why(policy, rule, calm)


def _usual_why(policy: Policy, rule: Rule | None, kind: Kind) -> str:
    if rule is not None and rule.standard is not None:
        return f"the rule {rule.id} names it"
    if (choice := chosen(policy, kind)) is not None:
        return f"the choice in line {choice.line} of {standards.FILE} names it"
    if kind.category:
        return f"the standard of category {kind.category}"
    return "the fallback standard"
