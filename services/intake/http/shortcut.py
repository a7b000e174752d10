"""The way of a surge: `POST /v1/complaints` with a key, past everything that other routes need.

Finding a route among sixty and solving its parameters takes as long as all that intake does with
a complaint until it is durable. The answer is the same as by the ordinary route, which describes
it and answers whoever has no key.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson
from starlette.requests import ClientDisconnect

from services.intake.http.complaints import REPORTERS, take_complaint
from services.runtime import telemetry
from services.runtime.keys import header_of, let_in
from services.runtime.problems import answer_to

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from services.intake.http.desk import Desk

_PATH = "/v1/complaints"
_HEADERS = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_ACCEPTED_SECONDS = telemetry.HTTP_SECONDS.labels("POST", _PATH, 202)


class Shortcut:
    """Stands before the application."""

    def __init__(self, app: FastAPI, desk: Desk) -> None:
        """Pass everything else on to `app`."""
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what is ours."""
        if scope["type"] != "http" or scope["path"] != _PATH or not _is_ours(scope):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        scope["app"] = self._app
        try:
            principal = await let_in(scope, REPORTERS)
            told = orjson.dumps(await take_complaint(self._desk, scope, receive, principal))
            await send({"type": "http.response.start", "status": 202, "headers": _headers(told)})
            await send({"type": "http.response.body", "body": told})
            seconds = _ACCEPTED_SECONDS
        except ClientDisconnect:
            return
        except Exception as error:
            answer = answer_to(error)
            if answer is None:
                raise  # The server answers 500 and writes it down.
            await answer(scope, receive, send)
            seconds = telemetry.HTTP_SECONDS.labels("POST", _PATH, answer.status_code)
        seconds.observe(time.perf_counter() - started)


def _headers(body: bytes) -> list[tuple[bytes, bytes]]:
    return [*_HEADERS, (b"content-length", str(len(body)).encode())]


def _is_ours(scope: Scope) -> bool:
    return scope["method"] == "POST" and header_of(scope, b"authorization") is not None
