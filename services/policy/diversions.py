"""`diversions.toml`: what gets no order because the statute names another way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import Diversion
from services.policy.examples import Example, read_examples

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.policy.toml_tables import Table

FILE = "diversions.toml"


@dataclass(frozen=True, slots=True)
class DiversionRule:
    """Words that show that a complaint belongs elsewhere, and what to say then.

    A rule of `repeat` has no words: intake says what repeats an open complaint.
    """

    id: str
    diversion: Diversion
    words: tuple[str, ...]  #: Any of them in the text.
    unless_words: tuple[str, ...]  #: None of them in the text.
    target: str | None  #: 110, 119, a court …; None for a repeat.
    reply: Mapping[str, str]  #: What the citizen is told, by language.
    basis: str | None
    source: str
    date: date
    examples: tuple[Example, ...]
    line: int  #: Of the `[[rules]]` header.


def read_diversions(table: Table) -> tuple[DiversionRule, ...]:
    """Read the diversions.

    Args:
        table: The file's outermost table.

    Returns:
        The rules in file order, which decides nothing: emergencies come first anyway.
    """
    rules: dict[str, DiversionRule] = {}
    for inner in table.each("rules"):
        rule = _rule(inner)
        if rule.id in rules:
            inner.error(f"rule {rule.id} stands in line {rules[rule.id].line} too", "id")
        rules[rule.id] = rule
    table.finish()
    return tuple(rules.values())


def _rule(table: Table) -> DiversionRule:
    kind = table.text("diversion")
    if kind and kind not in tuple(Diversion):
        table.error(f"diversion {kind!r} is none of {', '.join(Diversion)}", "diversion")
    is_known = kind in tuple(Diversion)
    rule = DiversionRule(
        id=table.text("id"),
        diversion=Diversion(kind) if is_known else Diversion.BEYOND_DUTY,
        words=table.texts("words"),
        unless_words=table.texts("unless_words"),
        target=table.optional_text("target"),
        reply=table.pairs("reply"),
        basis=table.optional_text("basis"),
        source=table.text("source"),
        date=table.day("date"),
        examples=() if kind == Diversion.REPEAT else read_examples(table),
        line=table.line,
    )
    if bool(rule.words) == (rule.diversion is Diversion.REPEAT):
        table.error("a repeat is known by its complaint and has no words; all others need words")
    if not rule.reply:
        table.error("the rule has no reply")
    table.finish()
    return rule
