"""The router over HTTP: explain, routes, triage, totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.router.http import asking, reading, triage
from services.runtime.http import create_app

if TYPE_CHECKING:
    from fastapi import FastAPI

    from services.router.handle import Router
    from services.runtime.policies import PolicyStore
    from services.runtime.postgres import Database


def build_app(db: Database, router: Router, policies: PolicyStore) -> FastAPI:
    """Make the router's application.

    Args:
        db: The router's schema.
        router: The stage that a person's decision goes through too.
        policies: The policy in force, and every one before it.
    """
    app = create_app("router", "Names the agency that has jurisdiction, and says why.")
    app.include_router(asking.routes(policies))
    app.include_router(reading.routes(db, policies))
    app.include_router(triage.routes(db, router, policies))
    return app
