"""Errors over HTTP: RFC 9457 problem+json with a stable `code`."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.runtime import telemetry
from services.runtime.errors import DATABASE_TROUBLE, TransientError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

log = telemetry.get_logger()


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """An answer that says what is wrong, for a person and for a program."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        **extensions: Any,  # noqa: ANN401 - any JSON
    ) -> None:
        """Describe a problem.

        Args:
            status: The HTTP status.
            code: Kebab-case, stable: programs may depend on it.
            detail: A sentence for a person, without personal data.
            headers: Such as Retry-After.
            extensions: Further members of the JSON.
        """
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.extensions = extensions

    def response(self) -> JSONResponse:
        """Write it as problem+json."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.extensions,
        }
        return JSONResponse(body, self.status, self.headers, "application/problem+json")


class TooBigError(HTTPException):
    """A body is too big; raised where it is read, where FastAPI lets only its own errors out."""

    code = "too-big"

    def __init__(self, bytes_max: int) -> None:
        """Say how much it may have."""
        super().__init__(413, f"A body has {bytes_max} bytes at the most.")


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""

    async def known(_request: Request, error: Exception) -> JSONResponse:
        answer = answer_to(error)
        assert answer is not None  # noqa: S101 - one of those below
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return invalid_request([(_field(e["loc"]), e["msg"]) for e in error.errors()]).response()

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        phrase = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        code = error.code if isinstance(error, TooBigError) else phrase
        headers = dict(error.headers or {})
        return Problem(error.status_code, code, str(error.detail), headers=headers).response()

    for one in (Problem, *DATABASE_TROUBLE, TransientError):
        app.add_exception_handler(one, known)
    _describe(app)


def answer_to(error: Exception) -> JSONResponse | None:
    """Answer an error as `install` has it answered; None: it is a fault of ours."""
    if isinstance(error, Problem):
        return error.response()
    if isinstance(error, (*DATABASE_TROUBLE, TransientError)):
        log.warning("unavailable", error=repr(error))
        return unavailable_now().response()
    return None


def _describe(app: FastAPI) -> None:
    """Put the form of a problem into the generated documentation once, for all to refer to."""
    describe = app.openapi

    def with_problem() -> dict[str, Any]:
        document = describe()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _SCHEMA
        return document

    app.openapi = with_problem  # type: ignore[method-assign]  # as FastAPI's documentation says


#: What each status of a problem says in the generated documentation.
_SAID = {
    400: "The request can't be read.",
    401: "No key, or one that is unknown.",
    403: "The key may not do this.",
    404: "There is no such thing.",
    409: "It contradicts what is known already.",
    410: "It is too late.",
    413: "The body is too big.",
    415: "The body is of a kind that isn't taken.",
    422: "A field is wrong; `errors` names each.",
    429: "Too many requests; come again after `Retry-After` seconds.",
    503: "It may not have been stored: send the same again after `Retry-After` seconds.",
}

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable: programs may depend on it."},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the problems a route may answer, for its `responses=`.

    503 is always among them: the database may be away.
    """
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": _SAID[status], "content": content}
        for status in sorted({*statuses, 503})
    }


def invalid_request(errors: list[tuple[str, str]]) -> Problem:
    """Say which fields are wrong, and how."""
    detail = "; ".join(f"{field}: {message}" for field, message in errors)
    listed = [{"field": field, "message": message} for field, message in errors]
    return Problem(422, "invalid-request", detail, errors=listed)


def unavailable_now() -> Problem:
    """Say that our own database is away; a commit may have been lost on its way back."""
    return Problem(
        503,
        "unavailable",
        "It may not have been stored. Send it again in a moment, with the same Idempotency-Key "
        "or external_id if it has one.",
        headers={"Retry-After": "2"},
    )


def _field(location: tuple[int | str, ...]) -> str:
    """Name a field as the caller wrote it: `place.district`, not `body.place.district`."""
    inside = location[1:] if location[0] in {"body", "query", "path", "header"} else location
    return ".".join(str(part) for part in inside) or str(location[0])
