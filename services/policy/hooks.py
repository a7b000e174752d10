"""`hooks/{source}.toml`: how another system's calls become complaints.

A mapping says how its source signs, and which JMESPath expression gives which field. Names
with other letters than A to Z need double quotes in JMESPath: `"诉求内容"`. A source's secret
never stands here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import jmespath
from jmespath.exceptions import JMESPathError

from services.events import Channel, Nature, Urgency
from services.policy.city import is_time_zone
from services.policy.hook_examples import HookExample, read_hook_examples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.categories import Category
    from services.policy.toml_tables import Table

FOLDER = "hooks"
_NAME = re.compile(r"hooks/[a-z0-9][a-z0-9-]{0,39}\.toml")

#: What a mapping may fill. All but these are texts: `longitude` and `latitude` are numbers,
#: `is_secret` says yes or no, `media_urls` is a list of addresses or one.
FIELDS = (
    "text",
    "title",
    "external_id",
    "received_at",
    "channel",
    "nature",
    "urgency",
    "category",
    "language",
    "district",
    "street",
    "community",
    "address",
    "longitude",
    "latitude",
    "name",
    "phone",
    "is_secret",
    "media_urls",
)

#: Fields whose values are words of ours, which a `[values.FIELD]` table translates to.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "channel": tuple(Channel),
    "nature": tuple(Nature),
    "urgency": tuple(Urgency),
    "is_secret": ("yes", "no"),
}

#: The Chinese charsets all mean their superset.
_CHARSETS = {"utf-8": "utf-8", "gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030"}

_SIGNATURES = ("standard-webhooks", "shared-secret")
_CONTENTS = ("json", "form")
_HEADER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._/-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2}")

_REPLAY_WITHIN_S = 300


@dataclass(frozen=True, slots=True)
class Expression:
    """A JMESPath expression, parsed once."""

    text: str
    line: int
    parsed: Any  #: What `jmespath.compile` gives.


@dataclass(frozen=True, slots=True)
class HookMapping:
    """How one system's calls are checked and read."""

    source: str  #: As in `POST /v1/hooks/{source}`.
    origin: str  #: Goes into `ComplaintReceived.origin`.
    signature: Literal["standard-webhooks", "shared-secret"]
    header: str | None  #: Holds the shared secret; lower case.
    replay_within_s: int  #: How far away a signed instant may be.
    content: Literal["json", "form"]
    charset: str | None  #: As Python names it; None: as the call says, else UTF-8.
    when: Expression | None  #: Calls for which it gives nothing are no complaints.
    items: Expression | None  #: Gives the list of complaints where a call may hold several.
    fields: Mapping[str, Expression]
    constants: Mapping[str, str]  #: Where the expression gives nothing.
    values: Mapping[str, Mapping[str, str]]  #: What the system says -> what we say, by field.
    received_formats: tuple[str, ...]  #: `iso`, `unix`, `unix-ms` or `strptime` formats.
    time_zone: str  #: For instants written without one.
    examples: tuple[HookExample, ...]
    file: str


def is_file(name: str) -> bool:
    """Tell whether a file of a bundle is a mapping."""
    return _NAME.fullmatch(name) is not None


def charset_of(name: str) -> str | None:
    """Give Python's name of a charset that may be declared; None for any other."""
    return _CHARSETS.get(name.strip().strip('"').lower())


def read_hooks(
    tables: Mapping[str, Table], categories: Mapping[str, Category], time_zone: str
) -> dict[str, HookMapping]:
    """Read every mapping.

    Args:
        tables: By file name, such as `hooks/water.toml`.
        categories: By code; a mapping may name none but these.
        time_zone: The city's, where a mapping names none.

    Returns:
        Mappings by source.
    """
    found = (_mapping(file, tables[file], categories, time_zone) for file in sorted(tables))
    return {mapping.source: mapping for mapping in found}


def _mapping(
    file: str, table: Table, categories: Mapping[str, Category], time_zone: str
) -> HookMapping:
    source = file.removeprefix(f"{FOLDER}/").removesuffix(".toml")
    signature, header, replay_within_s = _signing(table)
    mapping = HookMapping(
        source=source,
        origin=_matching(table, "origin", _ORIGIN, "hook:city-app") or f"hook:{source}",
        signature=signature,
        header=header,
        replay_within_s=replay_within_s,
        content=_chosen(table, "content", _CONTENTS, "json"),
        charset=_charset(table),
        when=_expression(table, "when"),
        items=_expression(table, "items"),
        fields=_fields(table.table("fields")),
        constants=table.pairs("constants"),
        values={name: table.table("values").pairs(name) for name in table.table("values").values},
        received_formats=table.texts("received_formats") or ("iso",),
        time_zone=table.optional_text("time_zone") or time_zone,
        examples=read_hook_examples(table, FIELDS),
        file=file,
    )
    table.finish()
    _check_whole(table, mapping)
    _check_words(table, mapping, categories)
    return mapping


def _signing(table: Table) -> tuple[Literal["standard-webhooks", "shared-secret"], str | None, int]:
    signature = _chosen(table, "signature", _SIGNATURES, "standard-webhooks")
    header = _matching(table, "header", _HEADER, "x-city-token")
    within = table.optional_duration("replay_within")
    if signature == "shared-secret":
        if header is None:
            table.error("a shared secret needs the `header` that holds it, in lower case")
        if within is not None:
            table.error("a shared secret signs no instant: leave it out", "replay_within")
    elif header is not None:
        table.error("only a shared secret has a `header`", "header")
    seconds = int(within.rough_seconds) if within else _REPLAY_WITHIN_S
    return signature, header, seconds


def _chosen(table: Table, key: str, known: tuple[str, ...], default: str) -> Any:  # noqa: ANN401 - a Literal
    said = table.optional_text(key) or default
    if said not in known:
        table.error(f"`{key}` must be one of {', '.join(known)}", key)
        return default
    return said


def _matching(table: Table, key: str, pattern: re.Pattern[str], like: str) -> str | None:
    said = table.optional_text(key)
    if said is not None and not pattern.fullmatch(said):
        table.error(f"`{key}` must look like {like}", key)
    return said


def _charset(table: Table) -> str | None:
    said = table.optional_text("charset")
    if said is None:
        return None
    charset = charset_of(said)
    if charset is None:
        table.error(f"`charset` must be one of {', '.join(_CHARSETS)}", "charset")
    return charset


def _fields(table: Table) -> dict[str, Expression]:
    fields: dict[str, Expression] = {}
    for name in table.values:
        if name in FIELDS and (found := _expression(table, name)):
            fields[name] = found
    table.finish()  # Names every field that there isn't.
    return fields


def _expression(table: Table, key: str) -> Expression | None:
    text = table.optional_text(key)
    if text is None:
        return None
    try:
        return Expression(text, table.line_of(key), jmespath.compile(text))
    except JMESPathError as error:
        hint = "" if text.isascii() or '"' in text else '; such a name needs quotes: "诉求内容"'
        first = str(error).strip().split("\n")[0]
        table.error(f"`{key}` is no JMESPath expression: {first}{hint}", key)
        return None


def _check_whole(table: Table, mapping: HookMapping) -> None:
    if "text" not in mapping.fields:
        table.error("`text` has no expression: a complaint without words", "fields")
    if mapping.signature == "shared-secret" and "external_id" not in mapping.fields:
        message = "a source without signed ids must give `external_id`: else a call that is sent"
        table.error(f"{message} twice becomes two complaints", "fields")
    if not is_time_zone(mapping.time_zone):
        table.error(f"no time zone is called {mapping.time_zone!r}", "time_zone")
    if not mapping.examples:
        table.error("the mapping has no [[examples]]")


def _check_words(table: Table, mapping: HookMapping, categories: Mapping[str, Category]) -> None:
    """Whatever a mapping says by itself must be a word that the door knows."""
    for name, said in mapping.constants.items():
        if name not in FIELDS or name == "media_urls":
            table.error(f"no field is called {name!r}", "constants", name)
        else:
            _check_word(table, name, said, categories, ("constants", name))
    for name, pairs in mapping.values.items():
        if name not in FIELDS:
            table.error(f"no field is called {name!r}", "values", name)
            continue
        if name not in mapping.fields:
            table.error(f"no expression gives `{name}`", "values", name)
        for theirs, ours in pairs.items():
            _check_word(table, name, ours, categories, ("values", name, theirs))


def _check_word(
    table: Table,
    name: str,
    said: str,
    categories: Mapping[str, Category],
    where: tuple[str, ...],
) -> None:
    if name == "category" and said not in categories:
        table.error(f"no category has the code {said!r}", *where)
    elif name == "language" and not _LANGUAGE.fullmatch(said):
        table.error(f"a language is two letters, not {said!r}", *where)
    elif name in _WORDS and said not in _WORDS[name]:
        table.error(f"{name} {said!r} is none of {', '.join(_WORDS[name])}", *where)
