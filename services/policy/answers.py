"""`answers.toml`: questions that are settled by an answer, without an order.

The hotline keeps the answers, and the agency that each is about must keep it up to date
(接诉即办工作条例 art. 31): every entry names that owner, the day it was last reviewed, and the
last day it may be used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import TYPE_CHECKING

from services.events import Nature
from services.policy.examples import Example, read_examples

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.policy.toml_tables import Table

FILE = "answers.toml"

#: What may be answered instead of being handled. Help, complaints and reports within duty are
#: dispatched (art. 11), and of an unknown nature nobody has said that it is only a question.
ANSWERABLE = (Nature.CONSULTATION, Nature.SUGGESTION, Nature.PRAISE)

#: What an entry's example expects: that this entry answers, or that no entry does.
ANSWERED, NOT_ANSWERED = "answered", "not-answered"


@dataclass(frozen=True, slots=True)
class KnowledgeEntry:
    """An answer, and the questions it is for.

    Every condition given must hold: the category (that code or any below it), any one of the
    words and none of the excluding ones, any one of the natures, any one of the places.
    """

    id: str
    category: str | None
    words: tuple[str, ...]
    unless_words: tuple[str, ...]
    natures: tuple[Nature, ...]
    places: tuple[str, ...]  #: Division codes; none: anywhere.
    answer: Mapping[str, str]  #: What the citizen is told, by language.
    owner: str  #: Code of the agency that keeps it up to date.
    source: str
    reviewed: date  #: When the owner last found it right.
    valid_until: date  #: The last day, in the city's time, on which it may be used.
    examples: tuple[Example, ...]
    line: int  #: Of the `[[answers]]` header.


def read_answers(table: Table) -> tuple[KnowledgeEntry, ...]:
    """Read the answers.

    Args:
        table: The file's outermost table; an empty one where the file is missing.

    Returns:
        The entries in file order, which decides nothing. Codes are checked later.
    """
    entries: dict[str, KnowledgeEntry] = {}
    for inner in table.each("answers"):
        entry = _entry(inner)
        if entry.id in entries:
            inner.error(f"entry {entry.id} stands in line {entries[entry.id].line} too", "id")
        entries[entry.id] = entry
    table.finish()
    return tuple(entries.values())


def _entry(table: Table) -> KnowledgeEntry:
    reviewed = table.day("reviewed")
    entry = KnowledgeEntry(
        id=table.text("id"),
        category=table.optional_text("category"),
        words=table.texts("words"),
        unless_words=table.texts("unless_words"),
        natures=_natures(table),
        places=table.texts("places"),
        answer=table.pairs("answer"),
        owner=table.text("owner"),
        source=table.text("source"),
        reviewed=reviewed,
        valid_until=table.day("valid_until"),
        examples=tuple(_as_question(example, reviewed) for example in read_examples(table)),
        line=table.line,
    )
    if entry.category is None and not entry.words:
        table.error("the entry would answer every question: name a category or words")
    if not entry.answer:
        table.error("the entry has no answer")
    if entry.valid_until <= entry.reviewed and "valid_until" in table.values:
        table.error("it may not be used any longer than it was right", "valid_until")
    table.optional_text("note")
    table.finish()
    return entry


def _natures(table: Table) -> tuple[Nature, ...]:
    """Read `natures`; none means consultation."""
    named = table.texts("natures")
    for nature in named:
        if nature not in ANSWERABLE:
            known = ", ".join(ANSWERABLE)
            table.error(f"nature {nature!r} is no question: none of {known}", "natures")
    return tuple(n for n in ANSWERABLE if n in named) or (Nature.CONSULTATION,)


def _as_question(example: Example, reviewed: date) -> Example:
    """Let an example be a consultation, asked on the day of the review, unless it says else."""
    at = example.at or datetime.combine(reviewed, time(12))
    return replace(example, nature=example.nature or Nature.CONSULTATION, at=at)
