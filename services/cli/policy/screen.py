"""What the commands of `whistle policy` print, and how they stop."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.console import Console

if TYPE_CHECKING:
    from services.policy import Policy

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]

#: A pipe has no width of its own.
_PIPE_WIDTH = 160


def screen(*, stderr: bool = False) -> Console:
    """Give the terminal, made anew so that it writes to where standard output points now."""
    return Console(stderr=stderr, highlight=False)


def wide_screen() -> Console:
    """Give a terminal on which tables aren't squeezed where nobody looks at them."""
    console = screen()
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def print_json(content: dict[str, Any]) -> None:
    """Print something for programs."""
    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2, default=str).decode())


def stop(message: str, status: int = 1) -> typer.Exit:
    """Say why the command ends; raise what this gives."""
    screen(stderr=True).print(message, style="red", markup=False, soft_wrap=True)
    return typer.Exit(status)


def instant(text: str, policy: Policy, option: str) -> datetime:
    """Read an instant; an official who writes no offset means the city's own time.

    Args:
        text: As written.
        policy: Says where the city is.
        option: What to name where it can't be read.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise stop(f"{option}: {text!r} is not an ISO 8601 date and time") from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(policy.city.time_zone))
    return at.astimezone(UTC)
