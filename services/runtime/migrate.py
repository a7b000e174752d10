"""Schemas and tables: numbered SQL files, applied once each, in order, under a lock.

`python -m services.runtime.migrate` brings the database of `WHISTLE_DSN` up to date and creates
the topics, then ends. Every instance may run it at the same time.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import asyncpg

from services.events import SOURCES, TOPICS
from services.runtime import telemetry
from services.runtime.errors import DATABASE_TROUBLE, MisconfiguredError
from services.runtime.kafka import ensure_topics
from services.runtime.settings import ServiceSettings

_SERVICES = Path(__file__).parents[1]
_DELIVERY = Path(__file__).parent / "migrations" / "service"
_PLATFORM = Path(__file__).parent / "migrations" / "platform"

#: Any number will do, as long as all instances use the same.
_LOCK = 0x5768_6973

log = telemetry.get_logger()


async def migrate(dsn: str, schema: str) -> int:
    """Bring one schema up to date; returns how many files were applied.

    Args:
        dsn: The database.
        schema: `platform`, or a service's name.
    """
    conn = await asyncpg.connect(dsn)
    try:
        async with conn.transaction():
            await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            await conn.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            await conn.execute(f'SET LOCAL search_path TO "{schema}"')
            await conn.execute(
                "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY,"
                " applied_at timestamptz NOT NULL DEFAULT now())"
            )
            done = {row["name"] for row in await conn.fetch("SELECT name FROM migration")}
            new = [f for f in _files(schema) if f"{f.parent.name}/{f.name}" not in done]
            for file in new:
                await conn.execute(file.read_text())
                name = f"{file.parent.name}/{file.name}"
                await conn.execute("INSERT INTO migration (name) VALUES ($1)", name)
    finally:
        await conn.close()
    return len(new)


def _files(schema: str) -> list[Path]:
    if schema == "platform":
        return sorted(_PLATFORM.glob("*.sql"))
    own = sorted((_SERVICES / schema / "migrations").glob("*.sql"))
    return [*sorted(_DELIVERY.glob("*.sql")), *own]


async def migrate_all(dsn: str) -> None:
    """Bring every schema up to date."""
    for schema in ("platform", *SOURCES):
        applied = await migrate(dsn, schema)
        log.info("migrated", schema=schema, applied=applied)


def topic_names() -> list[str]:
    """Name every topic of the installation."""
    return [topic.name for topic in TOPICS] + [f"{name}.dead-letters" for name in SOURCES]


async def prepare(settings: ServiceSettings) -> None:
    """Do all that must be done before a service starts."""
    await _reachable(settings.dsn)
    if settings.platform_dsn and settings.platform_dsn != settings.dsn:
        await migrate(settings.platform_dsn, "platform")
    await migrate_all(settings.dsn)
    await ensure_topics(
        settings.kafka,
        topic_names(),
        partitions=settings.partitions,
        replication=settings.replication,
    )


async def _reachable(dsn: str, tries: int = 120) -> None:
    for _ in range(tries):
        try:
            await (await asyncpg.connect(dsn)).close()
        except DATABASE_TROUBLE as error:
            log.info("database-unreachable", error=str(error))
            await asyncio.sleep(0.5)
        else:
            return
    raise MisconfiguredError("WHISTLE_DSN: the database can't be reached")


def main() -> None:
    """Run from the command line; exit status 2 if settings are wrong."""
    settings = ServiceSettings()
    telemetry.configure_logs("migrate", settings.log_level)
    try:
        asyncio.run(prepare(settings))
    except MisconfiguredError as error:
        log.critical("misconfigured", error=str(error))
        sys.exit(2)


if __name__ == "__main__":
    main()
