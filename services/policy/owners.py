"""Who a rule names: an agency, or the agency that answers for the place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class OwnerKind(StrEnum):
    """How an owner becomes an agency."""

    AGENCY = "agency"  #: Named outright.
    DISTRICT_OF = "district-of"  #: The government of the district the place is in.
    STREET_OF = "street-of"  #: The street or township the place is in.
    DEPARTMENT_OF = "department-of"  #: The district's department for one function.
    SUPERIOR_OF = "superior-of"  #: The agency above the one in question; escalation only.
    #: A central body in the city, which the city can't order: the hotline body keeps the
    #: complaint and tells it the situation (反映情况, 接诉即办工作条例 art. 22). A lead only.
    REFLECT_TO = "reflect-to"


@dataclass(frozen=True, slots=True)
class Owner:
    """An agency, or a way to find one; `Policy.owner` turns it into a code."""

    kind: OwnerKind
    code: str | None = None  #: The agency, the function of `department-of`, the unit told.

    def __str__(self) -> str:
        """Write it as a policy file does."""
        match self.kind:
            case OwnerKind.AGENCY:
                return self.code or ""
            case OwnerKind.DEPARTMENT_OF:
                return f"department-of({self.code}, place)"
            case OwnerKind.REFLECT_TO:
                return f"reflect-to({self.code})"
            case OwnerKind.SUPERIOR_OF:
                return "superior-of(agency)"
            case OwnerKind.DISTRICT_OF | OwnerKind.STREET_OF:
                return f"{self.kind}(place)"


_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DEPARTMENT = re.compile(r"department-of\(\s*([a-z0-9-]+)\s*,\s*place\s*\)")
_REFLECTED = re.compile(r"reflect-to\(\s*([a-z0-9-]+)\s*\)")
_FIXED = {
    "district-of(place)": Owner(OwnerKind.DISTRICT_OF),
    "street-of(place)": Owner(OwnerKind.STREET_OF),
    "superior-of(agency)": Owner(OwnerKind.SUPERIOR_OF),
}


def parse_owner(text: str) -> Owner | None:
    """Read an owner as a rule writes it.

    Args:
        text: An agency code, or one of the five forms.

    Returns:
        The owner, or None where the text is neither; whether a code exists is
        not judged here.
    """
    fixed = _FIXED.get(text)
    if fixed is not None:
        return fixed
    if department := _DEPARTMENT.fullmatch(text):
        return Owner(OwnerKind.DEPARTMENT_OF, department[1])
    if reflected := _REFLECTED.fullmatch(text):
        return Owner(OwnerKind.REFLECT_TO, reflected[1])
    return Owner(OwnerKind.AGENCY, text) if _CODE.fullmatch(text) else None
