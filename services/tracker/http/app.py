"""The tracker's application, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.runtime.http import create_app
from services.tracker.http import (
    cases,
    causes,
    figures,
    orders,
    proactive,
    recounts,
    supervisions,
    whistle_rates,
    whistles,
)

if TYPE_CHECKING:
    from fastapi import FastAPI

    from services.runtime.clock import Clock
    from services.runtime.policies import PolicyStore
    from services.tracker.adapters.causes import CauseReading
    from services.tracker.adapters.figures import FigureReading
    from services.tracker.adapters.proactive import ProactiveReading
    from services.tracker.adapters.reading import CaseReading
    from services.tracker.adapters.recounting import PromiseReading
    from services.tracker.adapters.supervisions import SupervisionReading
    from services.tracker.adapters.verdicts import VerdictReading
    from services.tracker.adapters.whistle_reading import WhistleReading


class Readings(NamedTuple):
    """Everything that is asked of the tables."""

    cases: CaseReading
    supervisions: SupervisionReading
    whistles: WhistleReading
    figures: FigureReading
    verdicts: VerdictReading
    promises: PromiseReading
    causes: CauseReading
    proactive: ProactiveReading


def build_app(readings: Readings, policies: PolicyStore, clock: Clock) -> FastAPI:
    """Make the tracker's application.

    Args:
        readings: The tables.
        policies: For scoring and the city's time zone.
        clock: Says what is overdue.
    """
    app = create_app("tracker", "Cases, work orders, clocks, and how promises were kept.")
    app.include_router(cases.routes(readings.cases))
    app.include_router(orders.routes(readings.cases, clock))
    app.include_router(supervisions.routes(readings.supervisions))
    app.include_router(
        figures.routes(readings.figures, readings.verdicts, readings.proactive, policies, clock)
    )
    app.include_router(whistles.routes(readings.whistles))
    app.include_router(whistle_rates.routes(readings.whistles, policies, clock))
    app.include_router(causes.routes(readings.causes, policies, clock))
    app.include_router(proactive.routes(readings.proactive))
    app.include_router(recounts.routes(readings.promises, policies, clock))
    return app
