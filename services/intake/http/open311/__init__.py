"""Open311 GeoReport v2: for apps that report to any city in the same words.

Everything below `/open311` is answered in the standard's own formats, errors too.
See docs/open311.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from services.intake.http.open311 import listing, nothing, offering, reporting
from services.intake.http.open311.route import route_of

if TYPE_CHECKING:
    from services.intake.http.desk import Desk


def routes(desk: Desk) -> APIRouter:
    """Make the routes; what nothing else takes comes last."""
    router = APIRouter(prefix="/open311", tags=["Open311"], route_class=route_of(desk))
    for module in (offering, reporting, listing, nothing):
        module.add(router, desk)
    return router
