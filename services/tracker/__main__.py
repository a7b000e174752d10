"""Run the tracker: `python -m services.tracker`."""

from __future__ import annotations

from services.runtime.service import Context, Service, run_service
from services.runtime.settings import ServiceSettings
from services.tracker.adapters.cases import CaseTables
from services.tracker.adapters.causes import CauseReading
from services.tracker.adapters.figures import FigureReading
from services.tracker.adapters.proactive import ProactiveReading, ProactiveTables
from services.tracker.adapters.reading import CaseReading
from services.tracker.adapters.recounting import PromiseReading
from services.tracker.adapters.supervisions import SupervisionReading
from services.tracker.adapters.tallies import Tallies
from services.tracker.adapters.verdicts import VerdictReading
from services.tracker.adapters.whistle_reading import WhistleReading
from services.tracker.adapters.whistles import WhistleTables
from services.tracker.handle import Tracker
from services.tracker.http import Readings, build_app


class TrackerSettings(ServiceSettings):
    """The tracker's settings."""

    port: int = 8083


def build(context: Context) -> Service:
    """Put the tracker together; events and deadlines drive the same object."""
    tracker = Tracker(CaseTables(), WhistleTables(), context.policies, ProactiveTables())
    db = context.db
    readings = Readings(
        CaseReading(db),
        SupervisionReading(db),
        WhistleReading(db),
        FigureReading(db),
        VerdictReading(db),
        PromiseReading(db),
        CauseReading(db),
        ProactiveReading(db),
    )
    app = build_app(readings, context.policies, context.clock)
    tallies = Tallies(db, context.policies, context.clock)
    return Service(app=app, consumer=tracker, timed=tracker, background=(tallies.run,))


def main() -> None:
    """Run until told to stop."""
    run_service("tracker", TrackerSettings(), build)


if __name__ == "__main__":
    main()
