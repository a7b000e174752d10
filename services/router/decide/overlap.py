"""Who leads where rules that fit equally closely name several.

Where duties of a city department and a district's overlap, the city department leads
(潍坊市 12345 热线条例 art. 21 to 24: 市级部门与县区职责交叉的, 由市级部门牵头). Anything else is a
conflict for a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.policy import AgencyKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.policy import Policy
    from services.router.decide.catalogue import Match

_OF_THE_CITY = {AgencyKind.CITY_DEPARTMENT, AgencyKind.ENTERPRISE}


def leading_match(best: Sequence[Match], policy: Policy) -> Match | None:
    """Give the match that decides, or None for a conflict.

    Args:
        best: The matches of greatest specificity, at least one, by their rules' ids.
        policy: Says of what kind each lead is.
    """
    leads = {match.lead for match in best}
    if len(leads) == 1:
        return best[0]
    of_city = {lead for lead in leads if policy.agencies[lead].kind in _OF_THE_CITY}
    if len(of_city) != 1:
        return None
    return next(match for match in best if match.lead in of_city)
