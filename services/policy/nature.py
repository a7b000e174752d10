"""`nature.toml`: words that show what a person wants: to ask, to complain, to propose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import Nature

if TYPE_CHECKING:
    from services.policy.toml_tables import Table

FILE = "nature.toml"


@dataclass(frozen=True, slots=True)
class NatureWord:
    """A word that shows a nature."""

    text: str
    nature: Nature
    unless: tuple[str, ...] = ()  #: None of these may stand in the same title or text.
    is_opening: bool = False  #: Counts only in a title, or where a text begins.


def read_nature(table: Table) -> tuple[NatureWord, ...]:
    """Read `[[natures]]`, each with `nature`, `words`, and perhaps `opening_words`, `unless`.

    Args:
        table: The file's outermost table; an empty one where the file is missing.

    Returns:
        The words in file order.
    """
    words: list[NatureWord] = []
    for inner in table.each("natures"):
        named = inner.text("nature")
        known = [nature.value for nature in Nature if nature is not Nature.UNKNOWN]
        if named and named not in known:
            inner.error(f"nature {named!r} is none of {', '.join(known)}", "nature")
        nature = Nature(named) if named in known else Nature.UNKNOWN
        unless = inner.texts("unless")
        anywhere, opening = inner.texts("words"), inner.texts("opening_words")
        if not anywhere and not opening:
            inner.error("a nature needs `words` or `opening_words`")
        words += [NatureWord(text, nature, unless) for text in anywhere]
        words += [NatureWord(text, nature, unless, is_opening=True) for text in opening]
        inner.text("source")
        inner.finish()
    _refuse_twice(table, words)
    table.finish()
    return tuple(words)


def _refuse_twice(table: Table, words: list[NatureWord]) -> None:
    seen: dict[str, Nature] = {}
    for word in words:
        if word.text in seen:
            table.error(f"{word.text!r} is here twice", "natures")
        seen[word.text] = word.nature
