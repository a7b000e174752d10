"""`agencies.csv`: who can be given a complaint (承办单位)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from services.policy.csv_rows import Row, read_rows

if TYPE_CHECKING:
    from services.policy.faults import FaultLog

FILE = "agencies.csv"


class AgencyKind(StrEnum):
    """What sort of body it is (接诉即办工作条例 art. 11 and 22)."""

    HOTLINE = "hotline"  #: Runs the hotline and triages (市政务服务部门).
    DISTRICT_GOVERNMENT = "district-government"
    STREET = "street"  #: Street office or township government (街道, 乡镇).
    CITY_DEPARTMENT = "city-department"
    DISTRICT_DEPARTMENT = "district-department"
    ENTERPRISE = "enterprise"  #: Public-service enterprise: water, heat, buses.
    CENTRAL_UNIT = "central-unit"  #: Central body in the city; can only be told.

    @property
    def can_lead(self) -> bool:
        """Tell whether it can handle a complaint: the hotline and central units can't."""
        return self not in (AgencyKind.HOTLINE, AgencyKind.CENTRAL_UNIT)


#: Kinds that answer for one division, and so must name it.
TERRITORIAL = {AgencyKind.DISTRICT_GOVERNMENT, AgencyKind.STREET, AgencyKind.DISTRICT_DEPARTMENT}


@dataclass(frozen=True, slots=True)
class Agency:
    """A body that can lead, assist or be told."""

    code: str
    name: str
    kind: AgencyKind
    division: str | None  #: The district or street it answers for.
    superior: str | None  #: Who a breach is raised to.
    function: str | None = None  #: What `department-of(FUNCTION, place)` asks for.
    aliases: tuple[str, ...] = ()  #: Other names in records and imports.
    line: int = 0  #: Where it stands in the file, for faults.


def read_agencies(text: str, faults: FaultLog) -> dict[str, Agency]:
    """Read the agencies.

    Args:
        text: Columns `code,name,kind`, and perhaps `division,superior,function,aliases`.
        faults: Where faults go.

    Returns:
        Agencies by code, in file order.
    """
    agencies: dict[str, Agency] = {}
    optional = ("division", "superior", "function", "aliases")
    for row in read_rows(FILE, text, faults, required=("code", "name", "kind"), optional=optional):
        agency = _agency(row, faults)
        if agency is None:
            continue
        if agency.code in agencies:
            other = agencies[agency.code]
            faults.error(FILE, row.line, f"agency {agency.code} stands in line {other.line} too")
            continue
        agencies[agency.code] = agency
    _check_names(agencies, faults)
    _check_superiors(agencies, faults)
    return agencies


def _agency(row: Row, faults: FaultLog) -> Agency | None:
    kind = row.text("kind")
    if kind not in tuple(AgencyKind):
        faults.error(FILE, row.line, f"kind {kind!r} is none of {', '.join(AgencyKind)}")
        return None
    agency = Agency(
        code=row.text("code"),
        name=row.text("name"),
        kind=AgencyKind(kind),
        division=row.optional("division"),
        superior=row.optional("superior"),
        function=row.optional("function"),
        aliases=row.texts("aliases"),
        line=row.line,
    )
    if agency.kind in TERRITORIAL and agency.division is None:
        faults.error(FILE, row.line, f"a {kind} must name its division")
    if agency.kind is AgencyKind.DISTRICT_DEPARTMENT and agency.function is None:
        faults.error(FILE, row.line, "a district-department must name its function")
    return agency


def _check_names(agencies: dict[str, Agency], faults: FaultLog) -> None:
    seen: dict[str, Agency] = {}
    for agency in agencies.values():
        for name in (agency.name, *agency.aliases):
            other = seen.setdefault(name, agency)
            # Streets of two districts may share a name; other bodies may not.
            if other is not agency and other.kind is not AgencyKind.STREET:
                message = f"{name!r} is ambiguous: line {other.line} ({other.code}) has it too"
                faults.error(FILE, agency.line, message)


def _check_superiors(agencies: dict[str, Agency], faults: FaultLog) -> None:
    for agency in agencies.values():
        if agency.superior is not None and agency.superior not in agencies:
            faults.error(FILE, agency.line, f"no agency has the code {agency.superior!r}")
        above, passed = agency.superior, {agency.code}
        while above is not None and above in agencies:
            if above in passed:
                faults.error(FILE, agency.line, f"{agency.code} stands above itself")
                break
            passed.add(above)
            above = agencies[above].superior
