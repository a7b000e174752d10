"""Run the notifier: `python -m services.notifier`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from services.notifier.adapters import deliveries, notices
from services.notifier.adapters.channels import Channels
from services.notifier.adapters.endpoints import EndpointBook, Endpoints
from services.notifier.adapters.people import IntakeVault, LogChannel
from services.notifier.adapters.sealing import Sealer
from services.notifier.adapters.smtp import MailServer, Security
from services.notifier.adapters.wire import TIMEOUT_S, TRUSTED_BYTES_MAX, Wire
from services.notifier.decide import Schedule
from services.notifier.handle.alarm import Alarm
from services.notifier.handle.caller import Caller, Links
from services.notifier.handle.consumer import Notifier
from services.notifier.handle.lanes import Lanes
from services.notifier.handle.poller import Poller
from services.notifier.handle.recorder import Recorder
from services.notifier.handle.rounds import run_rounds
from services.notifier.handle.teller import Teller
from services.notifier.http import make_app
from services.notifier.http.desk import Desk
from services.policy.durations import parse_duration
from services.policy.gateways import SMS_ADDRESS
from services.runtime.address import Reach
from services.runtime.errors import MisconfiguredError
from services.runtime.guard import EVERYWHERE, Guard, read_networks
from services.runtime.service import Context, Service, run_service
from services.runtime.settings import ServiceSettings

#: How old a process's copy of the endpoints may be.
_REFRESH_S = 1.0

_FORGET_EVERY_S = 600.0


class NotifierSettings(ServiceSettings):
    """The notifier's settings."""

    port: int = 8084
    hook_allow: str = ""  #: Networks to trust on top of the public internet (CIDR list).
    hook_schedule: str = "0s 5s 5m 30m 2h 5h 10h 14h 20h 24h"  #: Delays before the attempts.
    hook_timeout_s: float = TIMEOUT_S
    sms_gateway_url: str | None = None  #: Without it, messages go to `callback_log`.
    callback_log: Path = Path("callbacks.ndjson")
    smtp_host: str | None = None  #: Without it, there is no e-mail.
    smtp_port: int = 587
    smtp_security: Security = "starttls"
    smtp_user: str | None = None
    smtp_password: str | None = None
    smtp_ca_file: Path | None = None  #: Certificates to trust instead of the system's.
    smtp_from: str = ""  #: The address that e-mail comes from.
    operators_email: str | None = None  #: Told when an endpoint is switched off.
    deliveries_kept_days: int = 30  #: How long a finished delivery can be looked at.

    def mail_server(self) -> MailServer | None:
        """Say through which server e-mail goes; None if through none.

        Raises:
            MisconfiguredError: There is a server, but nobody to write from.
        """
        if not self.smtp_host:
            return None
        if "@" not in self.smtp_from:
            raise MisconfiguredError("WHISTLE_SMTP_HOST is set: set WHISTLE_SMTP_FROM too")
        return MailServer(
            self.smtp_host,
            self.smtp_port,
            self.smtp_from,
            self.smtp_security,
            self.smtp_user or None,
            self.smtp_password or None,
            str(self.smtp_ca_file) if self.smtp_ca_file else None,
        )

    def schedule(self) -> Schedule:
        """Read `hook_schedule`.

        Raises:
            MisconfiguredError: A delay can't be read, or there is none.
        """
        parsed = [parse_duration(text) for text in self.hook_schedule.split()]
        delays = [duration.elapsed for duration in parsed if duration is not None]
        exact = tuple(delay for delay in delays if delay is not None)
        if not exact or len(exact) != len(parsed):
            raise MisconfiguredError(
                f"WHISTLE_HOOK_SCHEDULE {self.hook_schedule!r}: write delays such as '0s 5s 5m 2h'"
            )
        return Schedule(exact)


@dataclass(frozen=True, slots=True)
class Parts:
    """The notifier's parts, wired; also driven one by one by tests."""

    book: EndpointBook
    recorder: Recorder
    lanes: Lanes
    poller: Poller
    caller: Caller
    teller: Teller
    alarm: Alarm
    notifier: Notifier
    desk: Desk
    wires: tuple[Wire, ...]
    refresh: asyncio.Event

    async def settle(self) -> None:
        """Send, record and poll until nothing is due any more, as background work would."""
        is_moving = True
        while is_moving:
            await self.book.refresh()
            while not (self.lanes.is_idle and self.recorder.is_idle):
                await self.recorder.flush()
                await asyncio.sleep(0.001)
            is_moving = bool(
                await self.poller.poll() or await self.caller.work() or await self.teller.work()
            )

    async def run_recorder(self) -> None:
        """Record until cancelled; then let what is in flight finish, and record that too."""
        try:
            await self.recorder.run()
        finally:
            await self.lanes.stop()
            while not self.recorder.is_idle:
                await self.recorder.flush()
            for wire in self.wires:
                await wire.close()

    async def run_refresh(self) -> None:
        """Keep the copy of the endpoints fresh until cancelled."""

        async def refresh() -> bool:
            await self.book.refresh()
            return False

        await run_rounds("refresh", refresh, wake=self.refresh, every_s=_REFRESH_S)


def wire_up(context: Context) -> Parts:
    """Make the parts and connect them."""
    settings, db, clock = context.settings, context.db, context.clock
    secrets = settings.secrets
    trusted_networks = read_networks(settings.hook_allow, "WHISTLE_HOOK_ALLOW")
    hooks = Wire(Guard(Reach(trusted_networks)), timeout_s=settings.hook_timeout_s)
    trusted = Wire(Guard(EVERYWHERE), body_bytes_max=TRUSTED_BYTES_MAX)
    mail = settings.mail_server()
    sealer = Sealer(secrets.endpoint_key)
    book = EndpointBook(db, sealer, context.policies)
    recorder = Recorder(db)
    lanes = Lanes(hooks, book, recorder, clock, schedule=settings.schedule())
    recorder.on_recorded = lanes.recorded
    alarm = Alarm(db, mail, settings.operators_email)
    recorder.on_disabled = alarm.on_disabled
    caller, teller = _people(context, trusted, mail)
    notifier = Notifier(
        book,
        lanes,
        caller.asking,
        caller.wake.set,
        policies=context.policies,
        on_notice_due=teller.wake.set,
    )
    caller.stage = notifier
    policies = context.policies
    ends = Endpoints(db, sealer)
    desk = Desk(db, book, ends, hooks, clock, policies, notifier, caller.asking)
    poller = Poller(db, lanes)
    refresh = asyncio.Event()
    recorder.on_health_changed = refresh.set
    wires = (hooks, trusted)
    return Parts(
        book, recorder, lanes, poller, caller, teller, alarm, notifier, desk, wires, refresh
    )


def _people(context: Context, wire: Wire, mail: MailServer | None) -> tuple[Caller, Teller]:
    """Make those who ask and tell people; both find numbers and channels in the same place."""
    settings, policies = context.settings, context.policies
    secrets = settings.secrets
    stand_in = LogChannel(settings.callback_log, context.clock)
    channels = Channels(policies, wire, mail, _environment(settings), stand_in)
    vault = IntakeVault(wire, settings.intake_url, secrets.service_key)
    links = Links(settings.public_url or settings.intake_url, secrets.callback_secret)
    db, clock = context.db, context.clock
    caller = Caller(db, policies, vault, lambda: channels.current, links, clock=clock)
    return caller, Teller(db, policies, vault, channels, clock)


def _environment(settings: NotifierSettings) -> dict[str, str]:
    """Give what policies may name: addresses and secrets of channels, and nothing else."""
    named = {k: v for k, v in os.environ.items() if k.startswith("WHISTLE_CHANNEL_")}
    return named | {SMS_ADDRESS: settings.sms_gateway_url or ""}


def build(context: Context) -> Service:
    """Put the notifier together; events and deadlines drive the same object."""
    parts = wire_up(context)
    kept = timedelta(days=context.settings.deliveries_kept_days)

    async def forget() -> bool:
        now = context.clock.now()
        before = now - kept
        cancelled = await deliveries.cancel_nobodys(context.db, now, before)
        forgotten = cancelled + await deliveries.forget_before(context.db, before)
        return forgotten + await notices.forget_before(context.db, before) > 0

    async def run_forget() -> None:
        await run_rounds("forget", forget, every_s=_FORGET_EVERY_S)

    app = make_app(parts.desk)
    app.state.notifier = parts
    return Service(
        app=app,
        consumer=parts.notifier,
        timed=parts.notifier,
        background=(
            parts.run_refresh,
            parts.run_recorder,
            parts.poller.run,
            parts.caller.run,
            parts.teller.run,
            parts.alarm.run,
            run_forget,
        ),
    )


def main() -> None:
    """Run until told to stop."""
    run_service("notifier", NotifierSettings(), build)


if __name__ == "__main__":
    main()
