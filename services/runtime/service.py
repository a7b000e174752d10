"""Runs one service: database, bus, loop, timers, HTTP, in one event loop and one process.

Started in the order in which one part needs the other, stopped the other way round: no new
requests, finish the batch, tell what is durable, leave the group.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import asyncpg
import uvloop

from services.runtime import deadletters, telemetry
from services.runtime.clock import Clock, SystemClock
from services.runtime.errors import DATABASE_TROUBLE, MisconfiguredError
from services.runtime.kafka import KafkaBus
from services.runtime.keys import KeyRing, Role
from services.runtime.limits import Limits
from services.runtime.listening import Patience, server, shared_socket
from services.runtime.loop import DeliveryLoop
from services.runtime.outbox import Outbox
from services.runtime.policies import PolicyStore
from services.runtime.postgres import Database
from services.runtime.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import uvicorn
    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from services.runtime.bus import Bus
    from services.runtime.settings import ServiceSettings
    from services.runtime.stage import Consumer, TimedStage

#: A loop that hasn't gone round for so long hangs: let the process be restarted.
_HANGS_AFTER_S = 120.0

log = telemetry.get_logger()


@dataclass(frozen=True, slots=True)
class Context:
    """What a service is built from."""

    settings: Any  #: The service's own subclass of `ServiceSettings`.
    db: Database
    policies: PolicyStore
    clock: Clock


@dataclass(frozen=True, slots=True)
class Service:
    """What a service consists of; `consumer` and `timed` may be the same object."""

    app: FastAPI
    front: ASGIApp | None = None  #: What stands before `app`, and hands on what isn't its own.
    consumer: Consumer[Any] | None = None
    timed: TimedStage[Any] | None = None
    background: Sequence[Callable[[], Awaitable[None]]] = ()


@dataclass(slots=True)
class Running:
    """A service with everything it runs on; also driven step by step by tests."""

    name: str
    service: Service
    db: Database
    outbox: Outbox
    publisher: Any
    loop: DeliveryLoop[Any] | None
    timers: Timers[Any] | None
    policies: PolicyStore
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def unhealthy(self) -> str | None:
        """Say why the process should be restarted."""
        if self.loop and self.loop.stopped:
            return f"stopped: {self.loop.stopped}"
        if self.loop and time.monotonic() - self.loop.moved_at > _HANGS_AFTER_S:
            return "the delivery loop hangs"
        return None

    async def unready(self) -> str | None:
        """Say what is missing."""
        if not self.policies.is_loaded:
            return "no policy has been published"
        if self.loop and not self.loop.is_ready:
            return "no partitions are assigned yet"
        try:
            await asyncio.wait_for(self.db.fetchval("SELECT 1"), 2)
        except DATABASE_TROUBLE as error:
            return f"the database can't be reached: {error}"
        return None

    def spawn(self, *work: Awaitable[None]) -> None:
        """Run something until the service stops."""
        self.tasks += [asyncio.ensure_future(one) for one in work]

    async def start(self, batch_max: int = 500) -> None:
        """Begin: tell what was left behind, then read, then keep time."""
        await self.publisher.start()
        self.spawn(self.outbox.run(), self.outbox.run_sweeps())
        if self.loop:
            await self.loop.start()
            self.spawn(self.loop.run(batch_max), self.loop.run_retries())
        if self.timers:
            self.spawn(self.timers.run())
        self.spawn(*(begin() for begin in self.service.background))

    async def stop(self) -> None:
        """End: nothing that is durable is lost by it."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.outbox.drained(), 5)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.loop:
            await self.loop.stop()
        await self.publisher.stop()
        await self.db.close()


def assemble(name: str, context: Context, build: Callable[[Context], Service], bus: Bus) -> Running:
    """Put a service together on a database and a bus."""
    service = build(context)
    publisher = bus.publisher()
    outbox = Outbox(context.db, publisher)
    loop = None
    if service.consumer:
        member = bus.member(f"whistle-{name}", service.consumer.topics)
        loop = DeliveryLoop(name, service.consumer, member, context.db, outbox)
    timers = Timers(service.timed, context.db) if service.timed else None
    service.app.include_router(deadletters.routes(context.db))
    return Running(name, service, context.db, outbox, publisher, loop, timers, context.policies)


def run_service(name: str, settings: ServiceSettings, build: Callable[[Context], Service]) -> None:
    """Run a service until SIGTERM or SIGINT; exit status 2 if it is misconfigured."""
    telemetry.configure_logs(name, settings.log_level)
    try:
        uvloop.run(_serve(name, settings, build))
    except MisconfiguredError as error:
        log.critical("misconfigured", error=str(error))
        sys.exit(2)


async def _serve(name: str, settings: ServiceSettings, build: Callable[[Context], Service]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    secrets = settings.secrets
    db = await _patiently(lambda: Database.connect(settings.dsn, name, size=settings.pool_size))
    pool = await _patiently(lambda: _platform_pool(settings))
    policies = PolicyStore(pool)
    context = Context(settings, db, policies, SystemClock())
    instance = socket.gethostname() if settings.instance == "hostname" else settings.instance
    running = assemble(name, context, build, KafkaBus(settings.kafka, instance=instance))
    app = running.service.app
    built_in = {secrets.admin_key: Role.SUPERVISOR, secrets.service_key: Role.SERVICE}
    app.state.keys = KeyRing(pool, built_in)
    app.state.health = running
    app.state.limits = Limits(settings.rates)
    serving, listener = _listen(running.service.front or app, settings)
    refreshing = asyncio.ensure_future(policies.run())
    starting = asyncio.ensure_future(_start(running, policies, settings.batch_max))
    starting.add_done_callback(lambda task: _stop_if_failed(task, stopping))
    stop = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
    log.info("stopping")
    listener.should_exit = True
    await serving
    for task in (starting, refreshing):
        task.cancel()
    await running.stop()
    await pool.close()


def _listen(app: ASGIApp, settings: ServiceSettings) -> tuple[asyncio.Task[None], uvicorn.Server]:
    patience = Patience(settings.head_within_s, settings.body_within_s, settings.connections_max)
    listener = server(app, settings.host, settings.port, patience)
    shared = [shared_socket(settings.host, settings.port)] if settings.reuse_port else None
    return asyncio.ensure_future(listener.serve(shared)), listener


async def _start(running: Running, policies: PolicyStore, batch_max: int) -> None:
    """Wait for a policy, then work: without rules every decision would be wrong."""
    await policies.loaded.wait()
    await running.start(batch_max)
    spare_the_collector()
    log.info("started")


def spare_the_collector() -> None:
    """Take what is alive now as living for good, so that it isn't looked at again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _stop_if_failed(task: asyncio.Task[None], stopping: asyncio.Event) -> None:
    """A service that could not start must not look alive."""
    if not task.cancelled() and task.exception():
        log.critical("start-failed", error=repr(task.exception()))
        stopping.set()


async def _platform_pool(settings: ServiceSettings) -> asyncpg.Pool:
    return await asyncpg.create_pool(
        settings.platform_dsn or settings.dsn, min_size=1, max_size=2, command_timeout=10
    )


async def _patiently(connect: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401
    """Wait for the database as long as it takes: compose may start us first."""
    while True:
        try:
            return await connect()
        except DATABASE_TROUBLE as error:
            log.warning("database-unreachable", error=str(error))
            await asyncio.sleep(0.5)
