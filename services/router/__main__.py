"""Entry point: `python -m services.router`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.router.handle import Router
from services.router.http import build_app
from services.runtime.service import Service, run_service
from services.runtime.settings import ServiceSettings

if TYPE_CHECKING:
    from services.runtime.service import Context


class RouterSettings(ServiceSettings):
    """The router's settings."""

    port: int = 8082


def build(context: Context) -> Service:
    """Put the router together."""
    router = Router(context.policies)
    return Service(app=build_app(context.db, router, context.policies), consumer=router)


if __name__ == "__main__":
    run_service("router", RouterSettings(), build)
