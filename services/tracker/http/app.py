"""The tracker's application, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.runtime.http import create_app
from services.tracker.http import cases, figures, orders

if TYPE_CHECKING:
    from fastapi import FastAPI

    from services.runtime.clock import Clock
    from services.runtime.policies import PolicyStore
    from services.tracker.adapters.reading import CaseReading


def build_app(reading: CaseReading, policies: PolicyStore, clock: Clock) -> FastAPI:
    """Make the tracker's application.

    Args:
        reading: The tables.
        policies: For scoring and the city's time zone.
        clock: Says what is overdue.
    """
    app = create_app("tracker", "Cases, work orders, clocks, and how promises were kept.")
    app.include_router(cases.routes(reading))
    app.include_router(orders.routes(reading, clock))
    app.include_router(figures.routes(reading, policies, clock))
    return app
