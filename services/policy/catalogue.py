"""`catalogue.toml`: the dispatch catalogue (派单目录): what goes to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import Nature
from services.policy.examples import Attributes, Example, read_attributes, read_examples
from services.policy.owners import Owner, OwnerKind, parse_owner
from services.policy.times import ALWAYS, Times, read_times

if TYPE_CHECKING:
    from datetime import date

    from services.policy.toml_tables import Table

FILE = "catalogue.toml"

_NOBODY = Owner(OwnerKind.AGENCY, "")


@dataclass(frozen=True, slots=True)
class Rule:
    """One item of the catalogue.

    Every condition given must hold: the category (that code or any below it), any
    one of the words, any one of the natures, any one of the places (that division
    or below) and none of the excepted ones, any one of the areas and none of the
    excepted ones, one of the values of each attribute, and the times.
    """

    id: str
    category: str | None
    words: tuple[str, ...]
    natures: tuple[Nature, ...]
    places: tuple[str, ...]  #: Division codes.
    except_places: tuple[str, ...]
    lead: Owner  #: Who handles it.
    assists: tuple[Owner, ...]
    copies: tuple[Owner, ...]  #: Told, not liable.
    scored: Owner | None  #: In whose rates it counts; the lead's where None.
    standard: str | None  #: The category's where None.
    basis: str | None  #: Legal ground.
    source: str
    date: date
    examples: tuple[Example, ...]
    line: int  #: Of the `[[rules]]` header.
    areas: tuple[str, ...] = ()  #: Codes of `areas.geojson`.
    except_areas: tuple[str, ...] = ()
    #: What was answered to a category's questions, such as who owns the pole.
    attributes: Attributes = ()
    times: Times = ALWAYS


def read_catalogue(table: Table) -> tuple[Rule, ...]:
    """Read the catalogue.

    Args:
        table: The file's outermost table.

    Returns:
        The rules in file order, which decides nothing. Codes are checked later.
    """
    rules: dict[str, Rule] = {}
    for inner in table.each("rules"):
        rule = _rule(inner)
        if rule.id in rules:
            inner.error(f"rule {rule.id} stands in line {rules[rule.id].line} too", "id")
        rules[rule.id] = rule
    table.finish()
    return tuple(rules.values())


def _rule(table: Table) -> Rule:
    rule = Rule(
        id=table.text("id"),
        category=table.optional_text("category"),
        words=table.texts("words"),
        natures=read_natures(table),
        places=table.texts("places"),
        except_places=table.texts("except_places"),
        lead=_lead(table),
        assists=_owners(table, "assists"),
        copies=_owners(table, "copies"),
        scored=_scored(table),
        standard=table.optional_text("standard"),
        basis=table.optional_text("basis"),
        source=table.text("source"),
        date=table.day("date"),
        examples=read_examples(table),
        line=table.line,
        areas=table.texts("areas"),
        except_areas=table.texts("except_areas"),
        attributes=read_attributes(table),
        times=read_times(table),
    )
    if rule.category is None and not (rule.words or rule.places or rule.areas):
        table.error("the rule would claim every complaint: name a category, words or places")
    table.optional_text("note")
    table.finish()
    return rule


def read_natures(table: Table) -> tuple[Nature, ...]:
    """Read `natures`; none means any."""
    natures = table.texts("natures")
    for nature in natures:
        if nature not in tuple(Nature):
            table.error(f"nature {nature!r} is none of {', '.join(Nature)}", "natures")
    return tuple(Nature(nature) for nature in natures if nature in tuple(Nature))


def _owners(table: Table, key: str) -> tuple[Owner, ...]:
    return tuple(_owner(table, text, key) for text in table.texts(key))


def _scored(table: Table) -> Owner | None:
    text = table.optional_text("scored")
    return None if text is None else _owner(table, text, "scored")


def _lead(table: Table) -> Owner:
    text = table.text("lead")
    owner = parse_owner(text)
    is_reflected = owner is not None and owner.kind is OwnerKind.REFLECT_TO
    return owner if owner and is_reflected else _owner(table, text, "lead")


def _owner(table: Table, text: str, key: str) -> Owner:
    owner = parse_owner(text) if text else _NOBODY
    if owner is not None and owner.kind is OwnerKind.REFLECT_TO:
        table.error(f"only `lead` may be {text}: nobody else is asked to do anything", key)
        return _NOBODY
    if owner is None or owner.kind is OwnerKind.SUPERIOR_OF:
        table.error(f"{text!r} is neither an agency code nor a form such as street-of(place)", key)
        return _NOBODY
    return owner
