"""Run the tracker: `python -m services.tracker`."""

from __future__ import annotations

from services.runtime.service import Context, Service, run_service
from services.runtime.settings import ServiceSettings
from services.tracker.adapters.cases import CaseTables
from services.tracker.adapters.reading import CaseReading
from services.tracker.handle import Tracker
from services.tracker.http import build_app


class TrackerSettings(ServiceSettings):
    """The tracker's settings."""

    port: int = 8083


def build(context: Context) -> Service:
    """Put the tracker together; events and deadlines drive the same object."""
    tracker = Tracker(CaseTables(), context.policies)
    app = build_app(CaseReading(context.db), context.policies, context.clock)
    return Service(app=app, consumer=tracker, timed=tracker)


def main() -> None:
    """Run until told to stop."""
    run_service("tracker", TrackerSettings(), build)


if __name__ == "__main__":
    main()
