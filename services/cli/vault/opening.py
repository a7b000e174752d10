"""What every command of the vault begins with: the database, the secrets, and clear troubles."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import orjson
import typer

from services.cli.desk import Installation
from services.runtime.errors import DATABASE_TROUBLE, MisconfiguredError
from services.runtime.postgres import Database
from services.runtime.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.runtime.settings import Secrets

Data = Annotated[Path, typer.Option(help="Data folder of `whistle up`.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
DATA = Path(".data")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """An installation's vault, as its administrator holds it."""

    db: Database
    secrets: Secrets
    db_dsn: str  #: Where `db` is, for a connection of one's own.


def fail(message: str, status: int = 1) -> typer.Exit:
    """Say what is wrong; raise what this returns."""
    typer.echo(f"whistle vault: {message}", err=True)
    return typer.Exit(status)


def at_vault(data: Path, work: Callable[[Opened], Awaitable[T]]) -> T:
    """Do something with the vault of an installation."""
    installation = Installation(data)

    async def run() -> T:
        secrets = ServiceSettings(secrets_file=installation.secrets_file).secrets
        db = await Database.connect(installation.services_dsn, "intake", size=2)
        try:
            return await work(Opened(db, secrets, installation.services_dsn))
        finally:
            await db.close()

    try:
        return asyncio.run(run())
    except MisconfiguredError as error:
        raise fail(str(error), 2) from error
    except DATABASE_TROUBLE as error:
        raise fail(f"the database can't be reached: {error}") from error


def show_json(body: Any) -> None:  # noqa: ANN401 - any JSON
    """Print for programs."""
    typer.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2, default=str).decode())
