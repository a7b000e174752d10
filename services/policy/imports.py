"""`imports.toml`: how the columns of a city's records become complaints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.events import Channel, Nature
from services.policy.city import is_time_zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.toml_tables import Table

FILE = "imports.toml"

#: What a mapping may fill from columns; the first filled column of a list counts.
#: `category_path` alone uses all its columns, as levels from the top down.
FIELDS = (
    "external_id",
    "text",
    "title",
    "received_at",
    "category",
    "category_path",
    "district",
    "street",
    "community",
    "nature",
)
_REQUIRED = ("external_id", "text", "received_at")


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """How one kind of file is read by `whistle import FILE --mapping NAME`."""

    name: str
    origin: str  #: Goes into `ComplaintReceived.origin`, such as `import:haikou`.
    columns: Mapping[str, tuple[str, ...]]  #: Columns by field of `FIELDS`.
    received_formats: tuple[str, ...]  #: `strptime` formats, tried in order.
    time_zone: str  #: IANA name for instants written without one.
    natures: Mapping[str, Nature]  #: What the file says -> nature.
    channel: Channel
    language: str


def read_imports(table: Table, time_zone: str, language: str) -> dict[str, ImportMapping]:
    """Read the tables `[imports.NAME]`.

    Args:
        table: The file's outermost table.
        time_zone: The city's, where a mapping names none.
        language: The city's, where a mapping names none.

    Returns:
        Mappings by name.
    """
    mappings = {
        name: _mapping(name, inner, time_zone, language)
        for name, inner in table.named("imports").items()
    }
    table.finish()
    return mappings


def _mapping(name: str, table: Table, time_zone: str, language: str) -> ImportMapping:
    inner = table.table("columns")
    columns = {field: inner.texts(field) for field in inner.values if field in FIELDS}
    inner.finish()
    for field in _REQUIRED:
        if not columns.get(field):
            inner.error(f"no column gives `{field}`")
    channel = table.optional_text("channel") or Channel.BATCH
    if channel not in tuple(Channel):
        table.error(f"no channel is called {channel!r}", "channel")
        channel = Channel.BATCH
    mapping = ImportMapping(
        name=name,
        origin=table.text("origin"),
        columns=columns,
        received_formats=table.texts("received_formats"),
        time_zone=table.optional_text("time_zone") or time_zone,
        natures=_natures(table.table("natures")),
        channel=Channel(channel),
        language=table.optional_text("language") or language,
    )
    if not is_time_zone(mapping.time_zone):
        table.error(f"no time zone is called {mapping.time_zone!r}", "time_zone")
    if not mapping.received_formats:
        table.error("`received_formats` is missing")
    table.finish()
    return mapping


def _natures(table: Table) -> dict[str, Nature]:
    natures: dict[str, Nature] = {}
    for said in table.values:
        text = table.text(said)
        if text in tuple(Nature):
            natures[said] = Nature(text)
        else:
            table.error(f"nature {text!r} is none of {', '.join(Nature)}", said)
    return natures
