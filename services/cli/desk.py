"""Keys, hooks and dead letters of a running installation, from the command line."""

from __future__ import annotations

import asyncio
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import httpx
import orjson
import typer
from rich.console import Console
from rich.table import Table

from services.cli.installation import SERVICES, find_stack
from services.runtime.keys import Role, add_key

keys = typer.Typer(no_args_is_help=True, help="API keys: make, list, revoke.")
hooks = typer.Typer(no_args_is_help=True, help="Endpoints that city systems have registered.")
dlq = typer.Typer(no_args_is_help=True, help="Events that were given up: ls, show, replay, drop.")

_Data = Annotated[Path, typer.Option(help="Data folder of `whistle up`.")]
_Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
_Service = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")]
_DATA = Path(".data")

#: A pipe has no width of its own.
_PIPE_WIDTH = 200

_LIST_KEYS = """
    SELECT id, name, role, agency, created_at, revoked_at FROM platform.api_key ORDER BY created_at
"""
_REVOKE = (
    "UPDATE platform.api_key SET revoked_at = now() WHERE id = $1::uuid AND revoked_at IS NULL"
)


class Installation:
    """Where an installation is and how to be let in."""

    def __init__(self, data: Path) -> None:
        """Find it: by environment variables, else the stack of a data folder."""
        self._stack = find_stack(data)
        if self._stack is None and "WHISTLE_SECRETS_FILE" not in os.environ:
            typer.echo(
                f"Nothing runs on {data}. Start it with `whistle up`, or name an installation with"
                " WHISTLE_DSN, WHISTLE_SECRETS_FILE and WHISTLE_INTAKE_URL …",
                err=True,
            )
            raise typer.Exit(1)
        found = self._stack.environment() if self._stack else {}
        self._settings = found | {k: v for k, v in os.environ.items() if k.startswith("WHISTLE_")}

    @property
    def dsn(self) -> str:
        """The platform's database."""
        return self._settings.get("WHISTLE_PLATFORM_DSN") or self._settings["WHISTLE_DSN"]

    @property
    def services_dsn(self) -> str:
        """The database of the services' own schemas."""
        return self._settings["WHISTLE_DSN"]

    @property
    def secrets_file(self) -> Path:
        """The keys of the installation."""
        return Path(self._settings["WHISTLE_SECRETS_FILE"])

    @property
    def kafka(self) -> str:
        """The broker."""
        return self._settings["WHISTLE_KAFKA"]

    @property
    def service_key(self) -> str:
        """The key of the secrets file with which our own programs call services."""
        return str(tomllib.loads(self.secrets_file.read_text())["service_key"])

    def ask(
        self,
        method: str,
        service: str,
        path: str,
        *,
        key: str | None = None,
        **request: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Call a service; a problem ends the command with its text.

        Args:
            method: Of HTTP.
            service: Its name.
            path: On it.
            key: Instead of our own programs' key, where somebody answers for what is done.
            **request: As `httpx.request` takes it.
        """
        if service not in SERVICES:
            typer.echo(f"No service {service!r}; there are {', '.join(SERVICES)}.", err=True)
            raise typer.Exit(2)
        url = self._settings[f"WHISTLE_{service.upper()}_URL"]
        headers = {"authorization": f"Bearer {key or self.service_key}"}
        try:
            answer = httpx.request(method, url + path, headers=headers, timeout=30, **request)
        except httpx.TransportError as error:
            typer.echo(f"{service} at {url} can't be reached: {error}", err=True)
            raise typer.Exit(1) from error
        if answer.is_error:
            typer.echo(
                f"{answer.status_code}: {answer.json().get('detail', answer.text)}", err=True
            )
            raise typer.Exit(1)
        return answer.json() if answer.content else None


def show_rows(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    """Print a table, or the rows as JSON."""
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2, default=str).decode())
        return
    table = Table()
    for name in columns:
        # An identifier that is cut is of no use: it is there to be copied.
        table.add_column(name, no_wrap=name.endswith("id"), overflow="fold")
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in columns))
    screen = Console()
    (screen if screen.is_terminal else Console(width=_PIPE_WIDTH)).print(table)


@keys.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Whose it is.", show_default=False)],
    role: Annotated[Role, typer.Option(help="What it may do.", show_default=False)],
    agency: Annotated[str | None, typer.Option(help="For role agency: its code.")] = None,
    data: _Data = _DATA,
) -> None:
    """Make a key. It is shown now and never again."""
    if (role is Role.AGENCY) != (agency is not None):
        typer.echo("--agency goes with --role agency, and only with it.", err=True)
        raise typer.Exit(2)

    async def store() -> str:
        conn = await asyncpg.connect(Installation(data).dsn)
        try:
            return (await add_key(conn, name, role, agency))[0]
        finally:
            await conn.close()

    typer.echo(asyncio.run(store()))


@keys.command("ls")
def list_keys(data: _Data = _DATA, *, as_json: _Json = False) -> None:
    """List keys; the keys themselves are kept only as hashes."""
    rows = asyncio.run(_fetch(Installation(data).dsn, _LIST_KEYS))
    show_rows(rows, ("id", "name", "role", "agency", "created_at", "revoked_at"), as_json=as_json)


@keys.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument()], data: _Data = _DATA) -> None:
    """Take a key back; it is refused within five seconds."""

    async def run() -> str:
        conn = await asyncpg.connect(Installation(data).dsn)
        try:
            return str(await conn.execute(_REVOKE, key_id))
        finally:
            await conn.close()

    if asyncio.run(run()) == "UPDATE 0":
        typer.echo("There is no such key in force.", err=True)
        raise typer.Exit(1)


async def _fetch(dsn: str, sql: str) -> list[dict[str, Any]]:
    conn = await asyncpg.connect(dsn)
    try:
        return [dict(row) for row in await conn.fetch(sql)]
    finally:
        await conn.close()


@hooks.command("ls")
def list_hooks(data: _Data = _DATA, *, as_json: _Json = False) -> None:
    """List endpoints."""
    rows = Installation(data).ask("GET", "notifier", "/v1/endpoints")["items"]
    show_rows(rows, ("endpoint_id", "url", "agency", "is_enabled"), as_json=as_json)


@hooks.command("add")
def add_hook(
    url: Annotated[str, typer.Argument(show_default=False)],
    agency: Annotated[str | None, typer.Option(help="Only this agency's events.")] = None,
    data: _Data = _DATA,
) -> None:
    """Register an endpoint. Its secret is shown now and never again."""
    body = {"url": url, "agency": agency}
    made = Installation(data).ask("POST", "notifier", "/v1/endpoints", json=body)
    typer.echo(f"{made['endpoint_id']}  {made['secret']}")


@hooks.command("test")
def try_hook(endpoint_id: Annotated[str, typer.Argument()], data: _Data = _DATA) -> None:
    """Send a signed test event."""
    answer = Installation(data).ask("POST", "notifier", f"/v1/endpoints/{endpoint_id}/test")
    typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())


@dlq.command("ls")
def list_dead_letters(
    service: Annotated[str | None, typer.Argument(help="Only this service's.")] = None,
    data: _Data = _DATA,
    *,
    as_json: _Json = False,
) -> None:
    """List open dead letters, the oldest first."""
    installation = Installation(data)
    rows = [
        {"service": name} | row | {"place": f"{row['topic']}/{row['partition']}@{row['offset']}"}
        for name in ([service] if service else SERVICES)
        for row in installation.ask("GET", name, "/v1/dead-letters")["dead_letters"]
    ]
    show_rows(rows, ("service", "id", "place", "code", "message"), as_json=as_json)


@dlq.command("show")
def show_dead_letter(
    service: _Service, letter_id: Annotated[str, typer.Argument()], data: _Data = _DATA
) -> None:
    """Show one with its bytes and headers."""
    found = Installation(data).ask("GET", service, f"/v1/dead-letters/{letter_id}")
    typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())


@dlq.command("replay")
def replay_dead_letter(
    service: _Service,
    letter_id: Annotated[str, typer.Argument()],
    data: _Data = _DATA,
    *,
    skip_gap: Annotated[
        bool, typer.Option(help="Don't wait for what should have come before it.")
    ] = False,
) -> None:
    """Try one again."""
    path = f"/v1/dead-letters/{letter_id}/replay"
    Installation(data).ask("POST", service, path, params={"skip_gap": skip_gap})
    typer.echo("It has its turn again; `whistle dlq ls` shows it if it fails again.")


@dlq.command("drop")
def drop_dead_letter(
    service: _Service, letter_id: Annotated[str, typer.Argument()], data: _Data = _DATA
) -> None:
    """Do without one; what waits behind it goes on."""
    Installation(data).ask("POST", service, f"/v1/dead-letters/{letter_id}/drop")
    typer.echo("Dropped.")
