"""`causes.toml`: why matters arise (根因), and what work ahead of complaints brings (主动治理).

A city without the file knows no causes, and proactive work brings no points. Legal ground in
Beijing: 北京市接诉即办工作条例 art. 24 and 25 (analyse frequent matters, govern them before they
are complained about, 未诉先办 and 每月一题) and art. 32 (the assessment counts such work).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.policy.toml_tables import Table

FILE: Final = "causes.toml"

_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_KEY_LENGTH_MAX = 64  #: Callers send no longer code.


@dataclass(frozen=True, slots=True)
class Cause:
    """A root cause that a matter can have."""

    key: str
    name: str
    source: str
    date: date  #: When the source says so.


@dataclass(frozen=True, slots=True)
class BonusRules:
    """Points for proactive work that was finished; shown beside the score, never in it."""

    per_case: int  #: Most that one case may bring.
    points_max: int  #: Most that counts for an agency in one period.


@dataclass(frozen=True, slots=True)
class CauseRules:
    """The causes a city knows."""

    causes: Mapping[str, Cause] = field(default_factory=dict)  #: By key, in file order.
    bonus: BonusRules | None = None  #: None: proactive work brings no points.


def read_causes(table: Table | None) -> CauseRules:
    """Read `causes.toml`.

    Args:
        table: The outermost table; None where the city has no such file.

    Returns:
        The rules; what is wrong is noted with its line.
    """
    if table is None:
        return CauseRules()
    causes: dict[str, Cause] = {}
    for entry in table.each("causes"):
        cause = _cause(entry)
        if cause.key in causes:
            entry.error(f"the cause {cause.key!r} is listed twice", "key")
        causes[cause.key] = cause
    if not causes:
        table.error("lists no [[causes]]: leave the file out instead")
    rules = CauseRules(causes, _bonus(table))
    table.finish()
    return rules


def _cause(table: Table) -> Cause:
    key = table.text("key")
    if key and (not _KEY.fullmatch(key) or len(key) > _KEY_LENGTH_MAX):
        table.error(f"`key` must be in kebab-case, such as ageing-pipes, not {key!r}", "key")
    cause = Cause(key, table.text("name"), table.text("source"), table.day("date"))
    table.finish()
    return cause


def _bonus(table: Table) -> BonusRules | None:
    if "bonus" not in table.values:
        return None
    inner = table.table("bonus")
    rules = BonusRules(
        per_case=inner.integer("per_case", least=1),
        points_max=inner.integer("points_max", least=1),
    )
    if rules.points_max < rules.per_case:
        inner.error("`points_max` is less than one case may bring", "points_max")
    inner.optional_text("source")
    inner.finish()
    return rules
