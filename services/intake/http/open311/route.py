"""Errors as GeoReport v2 has them, whatever went wrong below `/open311`.

The standard knows 403 for a wrong key, 404 for what doesn't exist and 400 for all else; the
`code` inside may be more exact. Three statuses are ours: 405, which HTTP asks for, and 429 and
503, so that a client knows that the same request may succeed a moment later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from services.intake.decide.open311_faults import Wrong
from services.intake.http.open311.writing import answer
from services.runtime.errors import DATABASE_TROUBLE, TransientError
from services.runtime.keys import bearer_of, count
from services.runtime.problems import Problem, unavailable_now
from services.runtime.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from fastapi import Request, Response

    from services.intake.http.desk import Desk
    from services.intake.http.open311.writing import Format

_KEPT = frozenset({403, 404, 405, 429, 503})

#: What the standard calls our fields.
_NAMES = {
    "category": "service_code",
    "place.latitude": "lat",
    "place.longitude": "long",
    "text": "description",
    "place.address": "address_string",
    "reporter.phone": "phone",
    "reporter.name": "first_name",
}


class WrongError(Exception):
    """Something is wrong with a call; the caller is told all of it."""

    def __init__(self, wrong: Sequence[Wrong], headers: Mapping[str, str] | None = None) -> None:
        """Keep what is wrong, one thing at least."""
        super().__init__(wrong[0].description)
        self.wrong = tuple(wrong)
        self.headers = headers

    @property
    def status(self) -> int:
        """The HTTP status: the one all share, else 400."""
        statuses = {wrong.code for wrong in self.wrong}
        status = statuses.pop() if len(statuses) == 1 else 400
        return status if status in _KEPT else 400


def route_of(desk: Desk) -> type[APIRoute]:
    """Make the kind of route that answers every error in the standard's format."""

    class Open311Route(APIRoute):
        """A route whose errors are the standard's."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def watched(request: Request) -> Response:
                try:
                    count(request.scope, bearer_of(request.scope))
                    return await handle(request)
                except Exception as error:
                    found = wrong_in(error)
                    if found is None:
                        raise
                    return told(desk, format_of(request), found)

            return watched

    return Open311Route


def told(desk: Desk, fmt: Format, error: WrongError) -> Response:
    """Write what is wrong."""
    listed = [{"code": wrong.code, "description": wrong.description} for wrong in error.wrong]
    return answer(desk, fmt, "errors", listed, status=error.status, headers=error.headers)


def format_of(request: Request) -> Format:
    """The format asked for by the path's ending; XML, which every client reads, without one."""
    return "json" if request.url.path.endswith(".json") else "xml"


def wrong_in(error: Exception) -> WrongError | None:
    """Say in the standard's terms what an error is; None: a bug of ours."""
    match error:
        case WrongError():
            return error
        case Problem():
            return _of_problem(error)
        case RequestValidationError():
            return WrongError(
                [Wrong(f"{fault['loc'][-1]}: {fault['msg']}") for fault in error.errors()]
            )
        case HTTPException():
            return WrongError([Wrong(str(error.detail), error.status_code)])
        case TransientError():
            return _unavailable(error)
    return _unavailable(error) if isinstance(error, DATABASE_TROUBLE) else None


def _unavailable(error: Exception) -> WrongError:
    get_logger().warning("unavailable", error=repr(error))
    return _of_problem(unavailable_now())


def _of_problem(problem: Problem) -> WrongError:
    fields = problem.extensions.get("errors", [])
    wrong = [Wrong(f"{_NAMES.get(one['field'], one['field'])}: {one['message']}") for one in fields]
    return WrongError(wrong or [Wrong(problem.detail, problem.status)], problem.headers)
