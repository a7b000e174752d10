"""Paths and methods that nothing else takes, answered in the standard's format too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from services.intake.decide.open311_faults import Wrong
from services.intake.http.open311.route import WrongError

if TYPE_CHECKING:
    from services.intake.http.desk import Desk

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

_ONE_OF_MANY = r"[^/]+"
_RESOURCES = re.compile(
    rf"(?P<list>v2/requests)|discovery|v2/services(?:/{_ONE_OF_MANY})?"
    rf"|v2/(?:requests|tokens)/{_ONE_OF_MANY}"
)


def add(router: APIRouter, desk: Desk) -> None:
    """Add the route that takes what is left; it must be the last."""
    del desk

    @router.api_route("/{path:path}", methods=_METHODS, include_in_schema=False)
    async def nothing(path: str) -> Response:
        """Say what is wrong with the path or the method."""
        name, _, ending = path.rpartition(".")
        if ending in ("json", "xml") and (found := _RESOURCES.fullmatch(name)):
            allowed = "GET, POST" if found["list"] else "GET"
            wrong = Wrong(f"This takes {allowed} only.", 405)
            raise WrongError([wrong], {"Allow": allowed})
        if _RESOURCES.fullmatch(path) or _RESOURCES.fullmatch(name):
            raise WrongError([Wrong("format: end the path in .xml or .json")])
        raise WrongError([Wrong("There is nothing under this path.", 404)])
