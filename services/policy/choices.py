"""`sla.toml`, choices and limits: which standard a kind of matter gets, and which it can't exceed.

The order, each step only if the one before names none: the catalogue rule that decided, the
narrowest of `[[choices]]` that fits, the category (its own or the nearest above it), the city's
fallback. Urgency, and then every statute in `[[limits]]` that fits, may make it stricter and
never looser.

Of two choices that fit, the deeper category is the narrower; then the one that asks for a
nature, an urgency, a difficulty. Two that are equally narrow have the same conditions, so they
are a fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from services.events import Nature, Urgency

if TYPE_CHECKING:
    from services.policy.catalogue import Rule
    from services.policy.policy import Policy
    from services.policy.toml_tables import Table

_Word = TypeVar("_Word", bound=StrEnum)


class Kind(NamedTuple):
    """What a matter is, as far as it decides about its standard."""

    category: str | None
    urgency: Urgency = Urgency.NORMAL
    nature: Nature = Nature.UNKNOWN
    difficulty: str | None = None  #: A word of the city's; no service says one by itself.


@dataclass(frozen=True, slots=True)
class Choice:
    """A standard for matters of a kind; every condition that is given must hold."""

    standard: str
    category: str | None  #: This one, or any below it.
    nature: Nature | None
    urgency: Urgency | None
    difficulty: str | None
    source: str
    basis: str | None
    line: int = 0  #: Of the table's header, for faults.

    @property
    def conditions(self) -> tuple[object, ...]:
        """What it asks for; two with the same are equally narrow."""
        return self.category, self.nature, self.urgency, self.difficulty

    @property
    def key(self) -> str:
        """What it asks for, in words that stay when it moves in its file."""
        return " + ".join(str(condition) for condition in self.conditions if condition)

    def fits(self, kind: Kind, chain: tuple[str, ...]) -> bool:
        """Tell whether a matter is of the kind.

        Args:
            kind: Of the matter.
            chain: Its category and those above it.
        """
        return (
            (self.category is None or self.category in chain)
            and self.nature in (None, kind.nature)
            and self.urgency in (None, kind.urgency)
            and self.difficulty in (None, kind.difficulty)
        )


def read_choices(table: Table) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    """Read `[[choices]]` and `[[limits]]`; a limit must name its law in `basis`.

    Args:
        table: The outermost table of `sla.toml`.

    Returns:
        Choices and limits, in file order, which decides nothing.
    """
    choices = tuple(map(_choice, table.each("choices")))
    limits = []
    for inner in table.each("limits"):
        limits.append(_choice(inner))
        if limits[-1].basis is None:
            inner.error("a limit needs its law: `basis` is missing")
    return choices, tuple(limits)


def _choice(table: Table) -> Choice:
    choice = Choice(
        standard=table.text("standard"),
        category=table.optional_text("category"),
        nature=_word(table, "nature", Nature),
        urgency=_word(table, "urgency", Urgency),
        difficulty=table.optional_text("difficulty"),
        source=table.text("source"),
        basis=table.optional_text("basis"),
        line=table.line,
    )
    if not any(choice.conditions):
        table.error("it would hold for every matter: name a category, nature, urgency …")
    table.finish()
    return choice


def _word(table: Table, key: str, words: type[_Word]) -> _Word | None:
    text = table.optional_text(key)
    known = [word.value for word in words if word is not Nature.UNKNOWN]
    if text is None or text in known:
        return None if text is None else words(text)
    table.error(f"{key} {text!r} is none of {', '.join(known)}", key)
    return None


def usual_standard(policy: Policy, rule: Rule | None, kind: Kind) -> str:
    """Name the standard of a kind of matter, before urgency and limits make it stricter."""
    if rule is not None and rule.standard is not None:
        return rule.standard
    if (choice := chosen(policy, kind)) is not None:
        return choice.standard
    found = policy.categories.get(kind.category or "")
    return (found.standard if found else None) or policy.routing.fallback_standard


def chosen(policy: Policy, kind: Kind) -> Choice | None:
    """The narrowest choice that fits a matter; None where none does."""
    chain = policy.category_chain(kind.category)
    fitting = [choice for choice in policy.choices if choice.fits(kind, chain)]
    return max(fitting, key=lambda choice: _narrowness(policy, choice), default=None)


def _narrowness(policy: Policy, choice: Choice) -> tuple[int, bool, bool, bool]:
    depth = len(policy.category_chain(choice.category))
    asked = (choice.nature, choice.urgency, choice.difficulty)
    nature, urgency, difficulty = (value is not None for value in asked)
    return depth, nature, urgency, difficulty


def within_limits(policy: Policy, key: str, kind: Kind) -> tuple[str, Choice | None]:
    """Make a standard as strict as every statute that fits a matter.

    Args:
        policy: With the limits.
        key: Of the standard that was settled on.
        kind: Of the matter.

    Returns:
        The key of a standard, and the limit that it is from; None where no limit is stricter.
    """
    chain = policy.category_chain(kind.category)
    deciding: Choice | None = None
    for limit in policy.limits:
        if limit.fits(kind, chain) and policy.stricter(key, limit.standard) != key:
            key, deciding = limit.standard, limit
    return key, deciding
