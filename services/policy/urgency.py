"""`urgency.toml`: words that show that a matter can't wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.policy.toml_tables import Table

FILE = "urgency.toml"


@dataclass(frozen=True, slots=True)
class Word:
    """A word, and the words that take its meaning away."""

    text: str
    unless: tuple[str, ...] = ()  #: None of these may stand in the text.


@dataclass(frozen=True, slots=True)
class UrgencyWords:
    """What raises a complaint's urgency at the door; nothing here lowers it."""

    emergency: tuple[Word, ...]
    urgent: tuple[Word, ...]


def read_urgency(table: Table) -> UrgencyWords:
    """Read `[[emergency]]` and `[[urgent]]`, each with `words` and perhaps `unless`.

    Args:
        table: The file's outermost table.

    Returns:
        The words.
    """
    seen: set[str] = set()
    words = UrgencyWords(_words(table, "emergency", seen), _words(table, "urgent", seen))
    table.finish()
    return words


def _words(table: Table, key: str, seen: set[str]) -> tuple[Word, ...]:
    words = []
    for inner in table.each(key):
        unless = inner.texts("unless")
        for text in inner.texts("words"):
            if text in seen:
                inner.error(f"{text!r} is here twice", "words")
            seen.add(text)
            words.append(Word(text, unless))
        inner.text("source")
        inner.finish()
    return tuple(words)
