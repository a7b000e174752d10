"""`notices.toml`: what people are told, by notice and language."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from services.policy.toml_tables import Table

FILE = "notices.toml"

#: Every notice the services send, and the variables its text may use.
NOTICES: Mapping[str, frozenset[str]] = {
    "callback": frozenset({"number", "link", "answer", "agency"}),
    "accepted": frozenset({"number"}),
    "extended": frozenset({"number", "agency", "date", "reason"}),
    "paused": frozenset({"number", "agency", "reason"}),
    "deferred": frozenset({"number", "agency", "date", "plan"}),
    "reopened": frozenset({"number"}),
    "merged": frozenset({"number"}),
    "answered": frozenset({"number", "reply"}),
    "diverted": frozenset({"number", "reply"}),
    "closed": frozenset({"number"}),
}

#: Every city must have these; of the others it sends those that it has a text for.
REQUIRED = frozenset({"callback"})


def read_notices(table: Table, language: str) -> dict[tuple[str, str], str]:
    """Read the tables `[NOTICE]`, each with one text per language.

    Args:
        table: The file's outermost table.
        language: The city's; every notice must be there in it.

    Returns:
        Texts with `{variables}` by (notice, language).
    """
    notices: dict[tuple[str, str], str] = {}
    for name in table.values:
        inner = table.table(name)
        if name not in NOTICES:
            table.error(f"no notice is called {name!r}", name)
            continue
        for written_in in inner.values:
            text = inner.text(written_in)
            for complaint in template_faults(text, NOTICES[name]):
                inner.error(complaint, written_in)
            notices[name, written_in] = text
        if (name, language) not in notices:
            inner.error(f"the notice `{name}` lacks the city's language, {language}")
    for name in sorted(REQUIRED):
        if name not in table.values:
            table.error(f"the notice `{name}` is missing")
    return notices


def template_faults(text: str, allowed: frozenset[str]) -> tuple[str, ...]:
    """Say what is wrong with a text's `{variables}`.

    Plain names only: `{number.__class__}` or `{link!r:>9}` would let a policy file
    reach into the program.

    Args:
        text: A template.
        allowed: Names it may use.

    Returns:
        One sentence per mistake.
    """
    try:
        fields = [(n, s, c) for _, n, s, c in string.Formatter().parse(text) if n is not None]
    except ValueError as error:
        return (f"not a template: {error}",)
    faults = [f"unknown variable {{{n}}}" for n, _, _ in fields if n not in allowed]
    faults += [f"{{{n}}} may not be formatted" for n, s, c in fields if n in allowed and (s or c)]
    return tuple(faults)


def written_instant(at: datetime, time_zone: str, language: str) -> str:
    """Write an instant for a person: the city's date and time, to the minute.

    Args:
        at: The instant.
        time_zone: IANA name.
        language: Two letters.

    Returns:
        Such as `11月27日18:00`, or `2026-11-27 18:00` in other languages than Chinese.
    """
    local = at.astimezone(ZoneInfo(time_zone))
    if language == "zh":
        return f"{local.month}月{local.day}日{local:%H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into a checked template.

    Args:
        template: A text whose variables were checked on loading.
        values: A value for each variable it may use.

    Returns:
        The text.
    """
    return template.format_map(values)
