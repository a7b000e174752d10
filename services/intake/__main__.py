"""Run intake: `python -m services.intake`."""

from __future__ import annotations

import asyncio

from services.intake.adapters.complaints import forget_keys
from services.intake.handle import ViewConsumer
from services.intake.http import make_app
from services.intake.http.desk import Desk
from services.runtime.errors import is_transient
from services.runtime.service import Context, Service, run_service
from services.runtime.settings import ServiceSettings
from services.runtime.telemetry import get_logger

_FORGET_EVERY_S = 3600.0


class IntakeSettings(ServiceSettings):
    """Intake's settings."""

    port: int = 8081


def build(context: Context) -> Service:
    """Put intake together."""
    settings = context.settings
    desk = Desk(
        db=context.db,
        policies=context.policies,
        clock=context.clock,
        secrets=settings.secrets,
        public_url=(settings.public_url or settings.intake_url).rstrip("/"),
    )

    async def forget() -> None:
        while True:
            await asyncio.sleep(_FORGET_EVERY_S)
            try:
                await forget_keys(context.db)
            except Exception as error:  # noqa: BLE001 - housekeeping never stops the door
                if not is_transient(error):
                    get_logger().exception("forget-keys-failed")

    return Service(app=make_app(desk), consumer=ViewConsumer(), background=(desk.keep_up, forget))


if __name__ == "__main__":
    run_service("intake", IntakeSettings(), build)
