"""Run intake: `python -m services.intake`."""

from __future__ import annotations

import asyncio

from services.intake.adapters.collecting import Collector
from services.intake.adapters.complaints import forget_keys
from services.intake.adapters.fetching import PORTS, Fetcher
from services.intake.adapters.gathering import WAITING_MAX
from services.intake.adapters.store import open_store
from services.intake.handle import ViewConsumer
from services.intake.http import make_app
from services.intake.http.desk import Desk
from services.intake.http.hook_taking import run_sweeps
from services.intake.http.shortcut import Shortcut
from services.runtime.address import Reach
from services.runtime.errors import is_transient
from services.runtime.guard import Guard, read_networks
from services.runtime.service import Context, Service, run_service
from services.runtime.settings import ServiceSettings
from services.runtime.telemetry import get_logger

_FORGET_EVERY_S = 3600.0


class IntakeSettings(ServiceSettings):
    """Intake's settings."""

    port: int = 8081
    reveals_per_hour: int = 120  #: Identities that one operator's key may ask for.
    waiting_max: int = WAITING_MAX  #: Complaints that may wait in each lane; beyond, 503.
    attachments: str = "attachments"  #: A folder, or `s3://bucket/prefix?endpoint=…&region=…`.
    attachment_allow: str = ""  #: Networks to fetch from on top of the internet (CIDR list).
    attachment_bytes_max: int = 20_000_000  #: Of one attachment.


def _collector(desk: Desk, settings: IntakeSettings) -> Collector:
    trusted = read_networks(settings.attachment_allow, "WHISTLE_ATTACHMENT_ALLOW")
    reach = Reach(trusted, is_plain_allowed=True, ports=PORTS)
    fetcher = Fetcher(Guard(reach), bytes_max=settings.attachment_bytes_max)
    return Collector(desk.db, desk.addresses, fetcher, desk.store)


def build(context: Context) -> Service:
    """Put intake together."""
    settings = context.settings
    desk = Desk(
        db=context.db,
        policies=context.policies,
        clock=context.clock,
        secrets=settings.secrets,
        public_url=(settings.public_url or settings.intake_url).rstrip("/"),
        reveals_per_hour=settings.reveals_per_hour,
        waiting_max=settings.waiting_max,
        store=open_store(settings.attachments),
    )
    collector = _collector(desk, settings)

    async def sweep_hooks() -> None:
        await run_sweeps(desk)

    async def forget() -> None:
        while True:
            await asyncio.sleep(_FORGET_EVERY_S)
            try:
                await forget_keys(context.db)
            except Exception as error:  # noqa: BLE001 - housekeeping never stops the door
                if not is_transient(error):
                    get_logger().exception("forget-keys-failed")

    app = make_app(desk)
    app.state.collector, app.state.reader = collector, desk.reader
    return Service(
        app=app,
        front=Shortcut(app, desk),
        consumer=ViewConsumer(),
        background=(desk.keep_up, desk.reader.run, sweep_hooks, forget, collector.run),
    )


if __name__ == "__main__":
    run_service("intake", IntakeSettings(), build)
