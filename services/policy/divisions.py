"""`divisions.csv`: the gazetteer: city, districts, streets and townships, communities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from services.policy.csv_rows import read_rows

if TYPE_CHECKING:
    from services.policy.faults import FaultLog

FILE = "divisions.csv"

DivisionLevel = Literal["city", "district", "street", "community"]
LEVELS: tuple[DivisionLevel, ...] = get_args(DivisionLevel)


@dataclass(frozen=True, slots=True)
class Division:
    """A place with borders; a community's street and a street's district are its parents."""

    code: str  #: National statistics code: `110105` a district, `110105001` a street.
    name: str
    level: DivisionLevel
    parent: str | None  #: None for the city alone.
    aliases: tuple[str, ...]  #: What else people call it.
    line: int = 0  #: Where it stands in the file, for faults.


def read_divisions(text: str, faults: FaultLog) -> dict[str, Division]:
    """Read the gazetteer and see to it that levels nest and names are clear.

    Args:
        text: Columns `level,code,name,parent`, and perhaps `aliases`.
        faults: Where faults go.

    Returns:
        Divisions by code, in file order.
    """
    divisions: dict[str, Division] = {}
    for row in read_rows(
        FILE, text, faults, required=("level", "code", "name"), optional=("parent", "aliases")
    ):
        level = row.text("level")
        if level not in LEVELS:
            faults.error(FILE, row.line, f"level {level!r} is none of {', '.join(LEVELS)}")
            continue
        code = row.text("code")
        if code in divisions:
            faults.error(
                FILE, row.line, f"division {code} stands in line {divisions[code].line} too"
            )
            continue
        divisions[code] = Division(
            code, row.text("name"), level, row.optional("parent"), row.texts("aliases"), row.line
        )
    _check_nesting(divisions, faults)
    _check_names(divisions, faults)
    return divisions


def _check_nesting(divisions: dict[str, Division], faults: FaultLog) -> None:
    for division in divisions.values():
        above = LEVELS.index(division.level) - 1
        if above < 0:
            if division.parent is not None:
                faults.error(FILE, division.line, "a city has no parent")
            continue
        parent = divisions.get(division.parent or "")
        if parent is None:
            faults.error(FILE, division.line, f"no division has the code {division.parent!r}")
        elif parent.level != LEVELS[above]:
            message = f"a {division.level} lies in a {LEVELS[above]}, not in a {parent.level}"
            faults.error(FILE, division.line, message)
    cities = [division for division in divisions.values() if division.level == "city"]
    if len(cities) != 1:
        line = cities[1].line if cities else 1
        faults.error(FILE, line, f"there must be one city, not {len(cities)}")


def _check_names(divisions: dict[str, Division], faults: FaultLog) -> None:
    """One parent, one name: communities elsewhere may share it, siblings may not."""
    seen: dict[tuple[str | None, str], Division] = {}
    for division in divisions.values():
        for name in (division.name, *division.aliases):
            other = seen.setdefault((division.parent, name), division)
            if other is not division:
                message = f"{name!r} is ambiguous: line {other.line} ({other.code}) has it too"
                faults.error(FILE, division.line, message)
