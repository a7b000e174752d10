"""The services of `open311.toml`: which categories are offered, and what each asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.categories import Category
    from services.policy.toml_tables import Table

#: A text by language (two letters).
Texts = dict[str, str]

_SHOWN_LANGUAGES = ("zh", "en")


class Datatype(StrEnum):
    """Kinds of answers (GeoReport v2, GET Service Definition)."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    SINGLE = "singlevaluelist"
    MULTIPLE = "multivaluelist"


LISTED = frozenset({Datatype.SINGLE, Datatype.MULTIPLE})


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a list."""

    key: str
    name: Texts


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """A question that a service asks."""

    code: str
    datatype: Datatype
    is_question: bool  #: False: it only tells the person something (`variable` false).
    is_required: bool
    description: Texts
    hint: Texts  #: How to write the answer (`datatype_description`).
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class ServiceRule:
    """A category as apps offer it."""

    code: str
    name: Texts
    description: Texts
    group: Texts  #: The name of the category at the top.
    keywords: tuple[str, ...]
    attributes: tuple[AttributeRule, ...]


@dataclass(frozen=True, slots=True)
class _Wording:
    """What a table `[[service]]` says better than `categories.csv`."""

    name: Texts
    description: Texts
    keywords: tuple[str, ...]


def read_services(
    table: Table, kinds: Mapping[str, Category], language: str
) -> dict[str, ServiceRule]:
    """Read `depth`, `without`, `[[service]]` and `[[attribute]]`.

    Args:
        table: The file's outermost table.
        kinds: The city's categories.
        language: The city's.

    Returns:
        What is offered, by category code.
    """
    chains = {code: _chain(code, kinds) for code in kinds}
    without = set(_known(table, "without", kinds))
    deep = table.integer("depth", least=1, default=99)
    parents = {kind.parent for kind in kinds.values()}
    wordings = _wordings(table, kinds, language)
    asked = _attributes(table, kinds, language)
    return {
        code: _service(kinds[code], kinds[chain[-1]], wordings, _asked_of(chain, asked), language)
        for code, chain in chains.items()
        if (len(chain) == deep or (len(chain) < deep and code not in parents))
        and without.isdisjoint(chain)
    }


def _chain(code: str, kinds: Mapping[str, Category]) -> tuple[str, ...]:
    """The category, its parent and so on; a circle, noted elsewhere, is cut."""
    chain: list[str] = []
    kind = kinds.get(code)
    while kind is not None and kind.code not in chain:
        chain.append(kind.code)
        kind = kinds.get(kind.parent or "")
    return tuple(chain)


def _service(
    kind: Category,
    top: Category,
    wordings: Mapping[str, _Wording],
    attributes: tuple[AttributeRule, ...],
    language: str,
) -> ServiceRule:
    own, above = wordings.get(kind.code), wordings.get(top.code)
    name = {language: kind.name} | (own.name if own else {})
    return ServiceRule(
        code=kind.code,
        name=name,
        description=(own.description if own else {}) or name,
        group={language: top.name} | (above.name if above else {}),
        keywords=(own.keywords if own else ()) or kind.words,
        attributes=attributes,
    )


def _wordings(table: Table, kinds: Mapping[str, Category], language: str) -> dict[str, _Wording]:
    wordings: dict[str, _Wording] = {}
    for inner in table.each("service"):
        code = inner.text("category")
        if code and code not in kinds:
            inner.error(f"no category has the code {code!r}", "category")
        if code in wordings:
            inner.error(f"the service {code!r} is here twice", "category")
        description = _texts(inner, "description")
        if description and language not in description:
            inner.error(f"`description` lacks the city's language, {language}", "description")
        wordings[code] = _Wording(_texts(inner, "name"), description, inner.texts("keywords"))
        inner.finish()
    return wordings


def _attributes(
    table: Table, kinds: Mapping[str, Category], language: str
) -> list[tuple[tuple[str, ...], AttributeRule]]:
    asked: list[tuple[tuple[str, ...], AttributeRule]] = []
    seen: set[tuple[str, str]] = set()
    for inner in table.each("attribute"):
        categories = _known(inner, "categories", kinds)
        if not inner.values.get("categories"):
            inner.error("`categories` is missing")
        rule = _attribute(inner, language)
        for category in categories:
            if (category, rule.code) in seen:
                inner.error(f"{category} asks for {rule.code!r} twice", "code")
            seen.add((category, rule.code))
        asked.append((categories, rule))
        inner.finish()
    return asked


def _attribute(table: Table, language: str) -> AttributeRule:
    written = table.text("datatype")
    if written and written not in tuple(Datatype):
        table.error(f"`datatype` must be one of {', '.join(Datatype)}", "datatype")
        written = ""
    datatype = Datatype(written or Datatype.STRING)
    choices = _choices(table, language)
    if datatype in LISTED and not choices:
        table.error(f"a {datatype} needs `values`", "datatype")
    if datatype not in LISTED and choices:
        table.error(f"a {datatype} has no `values`", "values")
    is_question = flag(table, "variable", default=True)
    is_required = flag(table, "required", default=False)
    if is_required and not is_question:
        table.error("what isn't a question can't be required", "required")
    code = table.text("code")
    if code and not (code.isascii() and code.replace("-", "").replace("_", "").isalnum()):
        table.error("`code` must be letters, digits, - and _", "code")
    return AttributeRule(
        code=code,
        datatype=datatype,
        is_question=is_question,
        is_required=is_required,
        description=_needed_texts(table, "description", language),
        hint=_texts(table, "datatype_description"),
        choices=choices,
    )


def _choices(table: Table, language: str) -> tuple[Choice, ...]:
    choices: dict[str, Choice] = {}
    for inner in table.each("values"):
        key = inner.text("key")
        if key in choices:
            inner.error(f"the value {key!r} is here twice", "key")
        choices[key] = Choice(key, _needed_texts(inner, "name", language))
        inner.finish()
    return tuple(choices.values())


def _asked_of(
    chain: tuple[str, ...], asked: list[tuple[tuple[str, ...], AttributeRule]]
) -> tuple[AttributeRule, ...]:
    """The questions for a category and for those above it; the first of a code counts."""
    fitting: dict[str, AttributeRule] = {}
    for categories, rule in asked:
        if not set(categories).isdisjoint(chain):
            fitting.setdefault(rule.code, rule)
    return tuple(fitting.values())


def _known(table: Table, key: str, kinds: Mapping[str, Category]) -> tuple[str, ...]:
    codes = table.texts(key)
    for code in codes:
        if code not in kinds:
            table.error(f"no category has the code {code!r}", key)
    return codes


def _texts(table: Table, key: str) -> Texts:
    inner = table.table(key)
    texts = {code: inner.text(code) for code in _SHOWN_LANGUAGES if code in inner.values}
    for language in _SHOWN_LANGUAGES:
        inner.asked.add(language)
    inner.finish()
    return texts


def _needed_texts(table: Table, key: str, language: str) -> Texts:
    texts = _texts(table, key)
    if language not in texts:
        table.error(f"`{key}` lacks the city's language, {language}", key)
    return texts


def flag(table: Table, key: str, *, default: bool) -> bool:
    """Read `true` or `false`."""
    table.asked.add(key)
    value: Any = table.values.get(key, default)
    if not isinstance(value, bool):
        table.error(f"`{key}` must be true or false", key)
        return default
    return value
