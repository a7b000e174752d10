"""The router over HTTP: explain, routes, triage, totals, accuracy, whistles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.router.http import accuracy, asking, drift, marks, past, reading, triage, whistles
from services.runtime.http import create_app

if TYPE_CHECKING:
    from fastapi import FastAPI

    from services.router.adapters import Advisers
    from services.router.handle import Routes
    from services.runtime.policies import PolicyStore
    from services.runtime.postgres import Database


def build_app(db: Database, stage: Routes, policies: PolicyStore, advisers: Advisers) -> FastAPI:
    """Make the router's application.

    Args:
        db: The router's schema.
        stage: The stage that a person's decision goes through too.
        policies: The policy in force, and every one before it.
        advisers: Models to ask.
    """
    app = create_app("router", "Names the agency that has jurisdiction, and says why.")
    app.include_router(asking.routes(policies, advisers))
    app.include_router(reading.routes(db, policies, advisers))
    app.include_router(past.routes(db))
    app.include_router(accuracy.routes(db, policies))
    app.include_router(drift.routes(db, policies))
    app.include_router(triage.routes(db, stage, policies))
    app.include_router(whistles.routes(db, policies))
    app.include_router(marks.routes(db, policies))
    return app
