"""`whistle vault audit`: who looked at whose identity, and is the list as it was written?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID  # noqa: TC003 - typer reads the annotation

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from services.cli.vault.opening import DATA, Data, Json, Opened, at_vault, fail, show_json
from services.intake.adapters.vault.accesses import AccessLog
from services.intake.adapters.vault.audit import Head, verify

if TYPE_CHECKING:
    from services.intake.adapters.vault.audit import Verdict

_LIST = """
    SELECT position, accessed_at, role, agency, key_id, complaint_id, purpose, outcome
    FROM identity.access
    WHERE ($1::uuid IS NULL OR complaint_id = $1)
      AND ($2::timestamptz IS NULL OR accessed_at >= $2)
    ORDER BY position DESC LIMIT $3
"""
_WIDTH = 180


def audit(
    data: Data = DATA,
    complaint: Annotated[UUID | None, typer.Option(help="Only about this one.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only from this instant (UTC) on.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the latest.")] = 50,
    expect: Annotated[
        str | None, typer.Option(help="A head noted down earlier: must be part of it.")
    ] = None,
    *,
    check: Annotated[bool, typer.Option("--verify", help="Check the whole list.")] = False,
    as_json: Json = False,
) -> None:
    """Show who looked at identities; with --verify prove that the list is whole."""
    expected = _head(expect)

    async def work(opened: Opened) -> tuple[list[dict[str, Any]], Verdict | None]:
        if check or expected:
            log = AccessLog(opened.secrets.token_key)
            conn = await asyncpg.connect(opened.db_dsn)
            try:
                return [], await verify(conn, log, expected)
            finally:
                await conn.close()
        from_at = since.replace(tzinfo=since.tzinfo or UTC) if since else None
        rows = await opened.db.fetch(_LIST, complaint, from_at, limit)
        return [dict(row) for row in reversed(rows)], None

    rows, verdict = at_vault(data, work)
    if verdict is not None:
        _tell(verdict, as_json=as_json)
    elif as_json:
        show_json(rows)
    else:
        _show(rows)


def _head(text: str | None) -> Head | None:
    if text is None:
        return None
    try:
        return Head.read(text)
    except ValueError as error:
        raise fail("--expect: write a head as `--verify` shows it, POSITION:HASH", 2) from error


def _tell(verdict: Verdict, *, as_json: bool) -> None:
    is_whole = verdict.broken_at is None
    if as_json:
        show_json(
            {
                "is_whole": is_whole,
                "is_unchained": verdict.is_unchained,
                "rows": verdict.head.position,
                "head": str(verdict.head),
                "broken_at": verdict.broken_at,
                "why": verdict.why,
            }
        )
    elif verdict.is_unchained:
        typer.echo("The rows from before the chain join it with the next access.")
    elif is_whole:
        typer.echo(f"Whole: {verdict.head.position:,} rows. Keep this head elsewhere:")
        typer.echo(str(verdict.head))
    else:
        typer.echo(f"BROKEN at row {verdict.broken_at}: {verdict.why}.", err=True)
        typer.echo(f"Whole up to {verdict.head}", err=True)
    if not is_whole:
        raise typer.Exit(1)


def _show(rows: list[dict[str, Any]]) -> None:
    columns = ("position", "accessed_at", "role", "agency", "complaint_id", "purpose", "outcome")
    table = Table()
    for name in columns:
        table.add_column(name, no_wrap=name.endswith("id"), overflow="fold")
    for row in rows:
        shown = row | {"accessed_at": f"{row['accessed_at']:%Y-%m-%d %H:%M:%S}"}
        # As plain text: a purpose may contain brackets, which rich takes for markup.
        values = ("" if shown[name] is None else str(shown[name]) for name in columns)
        table.add_row(*(value.replace("[", r"\[") for value in values))
    screen = Console()
    (screen if screen.is_terminal else Console(width=_WIDTH)).print(table)
