"""The HTTP face that every service has: health, readiness, metrics, keys, problems."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import ClientDisconnect

from services.runtime import problems, telemetry
from services.runtime.limits import ANONYMOUS, address_of

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from services.runtime.limits import Limits

#: What monitoring asks.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class Health(Protocol):
    """What a running service can say about itself."""

    def unhealthy(self) -> str | None:
        """Say why the process should be restarted; None if it shouldn't."""

    async def unready(self) -> str | None:
        """Say what is missing before it can serve; None if nothing is."""


def create_app(title: str, description: str = "") -> FastAPI:
    """Make a service's application; `run_service` sets `app.state.keys` and `.health`.

    Args:
        title: The service's name.
        description: One sentence, shown at `/docs`.
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
    app.add_middleware(_Limiting)
    app.add_middleware(_Timing)
    return app


async def _gone(_request: Request, _error: Exception) -> Response:
    """Answer nobody: the caller has gone, or was cut, before the request was complete."""
    return Response(status_code=400)


def _verdict(trouble: str | None) -> Response:
    return JSONResponse({"ok": trouble is None, "trouble": trouble}, 503 if trouble else 200)


class _Limiting:
    """Holds whoever has no key to a rate by address; keys have their own, see `keys.require`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_counted(scope):
            limits: Limits | None = getattr(scope["app"].state, "limits", None)
            try:
                if limits:
                    limits.check(ANONYMOUS, address_of(scope))
            except problems.Problem as problem:
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    @staticmethod
    def _is_counted(scope: Scope) -> bool:
        """Probes come from few addresses, and often; a key is counted by itself."""
        return scope["path"] not in _PROBES and all(
            name != b"authorization" for name, _ in scope["headers"]
        )


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
