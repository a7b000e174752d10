"""The HTTP face that every service has: health, readiness, metrics, keys, problems."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import ClientDisconnect

from services.runtime import keys, problems, telemetry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What monitoring asks.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})

#: Of a request, unless its path may have more: what a stranger can make us keep and parse.
BODY_BYTES_MAX = 1_000_000


class Health(Protocol):
    """What a running service can say about itself."""

    def unhealthy(self) -> str | None:
        """Say why the process should be restarted; None if it shouldn't."""

    async def unready(self) -> str | None:
        """Say what is missing before it can serve; None if nothing is."""


def create_app(
    title: str,
    description: str = "",
    *,
    larger_bodies: Mapping[str, int] | None = None,
    counting_itself: str | None = None,
) -> FastAPI:
    """Make a service's application; `run_service` sets `app.state.keys` and `.health`.

    Args:
        title: The service's name.
        description: One sentence, shown at `/docs`.
        larger_bodies: Bytes that a body may have, by path; else `BODY_BYTES_MAX`.
        counting_itself: Paths that begin so call `keys.count` themselves, since they answer 429
            in a form of their own.
    """
    app = FastAPI(title=f"Whistle {title}", description=description, version="1")
    problems.install(app)

    @app.get("/healthz", tags=["running it"], include_in_schema=False)
    async def healthz() -> Response:
        """Whether the loop moves. Kafka or PostgreSQL being away is no reason to restart."""
        health: Health | None = getattr(app.state, "health", None)
        return _verdict(health.unhealthy() if health else None)

    @app.get("/readyz", tags=["running it"], include_in_schema=False)
    async def readyz() -> Response:
        """Whether the database answers and partitions are assigned."""
        health: Health | None = getattr(app.state, "health", None)
        return _verdict(await health.unready() if health else None)

    @app.get("/metrics", tags=["running it"], include_in_schema=False)
    async def metrics() -> Response:
        """Prometheus metrics."""
        return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_middleware(_Bounding, larger=larger_bodies or {})
    app.add_middleware(_Limiting, except_below=counting_itself)
    app.add_middleware(_Timing)
    return app


async def _gone(_request: Request, _error: Exception) -> Response:
    """Answer nobody: the caller has gone, or was cut, before the request was complete."""
    return Response(status_code=400)


def _verdict(trouble: str | None) -> Response:
    return JSONResponse({"ok": trouble is None, "trouble": trouble}, 503 if trouble else 200)


class _Bounding:
    """Lets no body be longer than its path allows, whoever reads it.

    FastAPI reads a body before it asks who sends it, so the bound can't wait for the key. The
    error comes out where the body is read: there each route answers in its own form.
    """

    def __init__(self, app: ASGIApp, larger: Mapping[str, int]) -> None:
        self._app = app
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._larger.get(scope["path"], BODY_BYTES_MAX)
        is_declared_longer = any(
            name == b"content-length" and value.isdigit() and int(value) > most
            for name, value in scope["headers"]
        )
        read = 0

        async def bounded() -> Message:
            nonlocal read
            if is_declared_longer:
                raise problems.TooBigError(most)
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:  # A length may be missing.
                raise problems.TooBigError(most)
            return message

        await self._app(scope, bounded, send)


class _Limiting:
    """Holds every request to a rate: its key's, or its address's until a key is accepted."""

    def __init__(self, app: ASGIApp, except_below: str | None) -> None:
        self._app = app
        self._except_below = except_below

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_counted(scope["path"]):
            try:
                keys.count(scope, keys.bearer_of(scope))
            except problems.Problem as problem:
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_counted(self, path: str) -> bool:
        """Probes come from few addresses, and often."""
        if self._except_below and path.startswith(self._except_below):
            return False
        return path not in _PROBES


class _Timing:
    """Measures requests by route; plain ASGI, since the convenient kind costs 0.1 ms each."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            route = scope.get("route")
            path = getattr(route, "path", "unmatched")
            telemetry.HTTP_SECONDS.labels(scope["method"], path, status).observe(
                time.perf_counter() - started
            )
