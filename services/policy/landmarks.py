"""`landmarks.csv`: roads, estates, markets, schools, villages, and the divisions they lie in.

An optional file. Officials may write it, or `whistle train places` makes it from the city's
settled records; then `count` says how many records named the landmark and lay there, so one
road may stand in several rows with its shares. The name `*` says how many records there were
of each division in all: what a name must be compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.policy.csv_rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.policy.divisions import Division
    from services.policy.faults import FaultLog

FILE = "landmarks.csv"

#: The name that stands for all records.
ALL = "*"

#: The file is read at every start and every change of policy by every service.
ROWS_MAX = 30_000

#: A longer name is a sentence, a shorter one is everywhere.
NAME_LENGTHS = range(2, 21)

#: What a row without a count counts: somebody knows it, which is worth many records.
COUNT_DEFAULT = 1000

_COUNT_MAX = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Landmark:
    """How often a name was said about one division."""

    name: str
    division: str  #: Code of a district or a street.
    count: int  #: Records, weighted by how sure their place is.
    line: int = 0  #: Where it stands in the file, for faults.


def read_landmarks(
    text: str | None, divisions: Mapping[str, Division], faults: FaultLog
) -> tuple[Landmark, ...]:
    """Read the landmarks.

    Args:
        text: Columns `name,division`, and perhaps `count`; None without the file.
        divisions: By code.
        faults: Where faults go.

    Returns:
        Sound rows in file order.
    """
    if text is None:
        return ()
    found: dict[tuple[str, str], Landmark] = {}
    for row in read_rows(FILE, text, faults, required=("name", "division"), optional=("count",)):
        name, code, count = row.text("name"), row.text("division"), _count(row.optional("count"))
        if fault := _fault(name, divisions.get(code), code):
            faults.error(FILE, row.line, fault)
        elif count is None:
            faults.error(FILE, row.line, f"count {row.text('count')!r} is no number from 1 up")
        elif (name, code) in found:
            message = f"{name!r} in {code} stands in line {found[name, code].line} too"
            faults.error(FILE, row.line, message)
        else:
            found[name, code] = Landmark(name, code, count, row.line)
    if len(found) > ROWS_MAX:
        faults.error(FILE, 1, f"{len(found)} rows; there may be {ROWS_MAX}")
    return tuple(found.values())


def _fault(name: str, division: Division | None, code: str) -> str | None:
    if division is None:
        return f"no division has the code {code!r}"
    if division.level not in {"district", "street"}:
        return f"{code} is a {division.level}: a landmark lies in a district or a street"
    if name != ALL and len(name) not in NAME_LENGTHS:
        return f"a name has 2 to 20 characters, not {len(name)}"
    return None


def _count(written: str | None) -> int | None:
    if written is None:
        return COUNT_DEFAULT
    if not (written.isascii() and written.isdecimal()) or len(written) > len(str(_COUNT_MAX)):
        return None
    return int(written) or None
