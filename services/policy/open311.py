"""`open311.toml`: what a city offers and publishes over Open311 GeoReport v2.

Without this file a city has no Open311 at all: nothing is taken or published by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from services.policy.open311_services import flag, read_services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.categories import Category
    from services.policy.open311_services import ServiceRule
    from services.policy.toml_tables import Table

FILE = "open311.toml"


class Lists(StrEnum):
    """Which complaints the public list may show."""

    OPEN311 = "open311"  #: Those that came through Open311.
    ALL = "all"  #: Those of every channel, secret ones excepted.


@dataclass(frozen=True, slots=True)
class Open311Rules:
    """How a city speaks Open311."""

    jurisdiction_id: str
    contact: str  #: For people: whom to ask about the interface.
    key_service: str  #: For people: how to get a key.
    changeset: str  #: Sortable; clients reload their lists when it changes.
    endpoint: Literal["production", "test"]
    returns_token: bool  #: A report answers with a token instead of its id.
    shows_description: bool  #: The public sees the masked words, not just the kind.
    lists: Lists
    names_charset: bool  #: `; charset=utf-8` after the content type, as the standard has it.
    language: str  #: The city's; texts are there in it at least.
    services: Mapping[str, ServiceRule]  #: By category code, in the categories' order.


def read_open311(
    table: Table | None, kinds: Mapping[str, Category], language: str
) -> Open311Rules | None:
    """Read the file.

    Args:
        table: The file's outermost table; None where there is no file.
        kinds: The city's categories; each service is one of them.
        language: The city's.

    Returns:
        The rules; None without a file.
    """
    if table is None:
        return None
    rules = Open311Rules(
        jurisdiction_id=table.text("jurisdiction_id"),
        contact=table.text("contact"),
        key_service=table.text("key_service"),
        changeset=table.text("changeset"),
        endpoint="test" if _one_of(table, "endpoint", ("production", "test")) else "production",
        returns_token=flag(table, "returns_token", default=False),
        shows_description=flag(table, "shows_description", default=False),
        lists=Lists.ALL if _one_of(table, "lists_requests", tuple(Lists)) else Lists.OPEN311,
        names_charset=flag(table, "names_charset", default=True),
        language=language,
        services=read_services(table, kinds, language),
    )
    table.finish()
    return rules


def _one_of(table: Table, key: str, known: tuple[str, ...]) -> int:
    """Give the place of a word among those that are known; the first where it is missing."""
    written = table.optional_text(key) or known[0]
    if written not in known:
        table.error(f"`{key}` must be one of {', '.join(known)}", key)
        return 0
    return known.index(written)
