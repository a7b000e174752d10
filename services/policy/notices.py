"""`notices.toml`: what people are told, by notice and language."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.toml_tables import Table

FILE = "notices.toml"

#: Every notice the services send, and the variables its text may use.
NOTICES: Mapping[str, frozenset[str]] = {
    "callback": frozenset({"number", "link", "answer", "agency"}),
}


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
    for name in NOTICES:
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


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into a checked template.

    Args:
        template: A text whose variables were checked on loading.
        values: A value for each variable it may use.

    Returns:
        The text.
    """
    return template.format_map(values)
