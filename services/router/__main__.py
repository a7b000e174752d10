"""Entry point: `python -m services.router`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads the annotation
from typing import TYPE_CHECKING

from services.router.adapters import Advisers
from services.router.handle import Router
from services.router.http import build_app
from services.runtime.service import Service, run_service
from services.runtime.settings import ServiceSettings

if TYPE_CHECKING:
    from services.runtime.service import Context


class RouterSettings(ServiceSettings):
    """The router's settings."""

    port: int = 8082
    model: Path | None = None  #: As `whistle train` wrote it; none: rules and people decide.


def build(context: Context) -> Service:
    """Put the router together."""
    advisers = Advisers(context.settings.model)
    router = Router(context.policies, advisers)
    app = build_app(context.db, router.routes, context.policies, advisers)
    return Service(app=app, consumer=router)


if __name__ == "__main__":
    run_service("router", RouterSettings(), build)
