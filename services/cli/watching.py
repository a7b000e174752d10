"""Watching the topics: a reader without a consumer group, and one coloured line an event."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID  # noqa: TC003 - typer reads the annotations

import typer
from rich.console import Console

from services.cli.desk import Installation
from services.cli.event_lines import EventLines
from services.events import TOPICS, Event, InvalidEventError, decode
from services.runtime.errors import TransientError
from services.runtime.kafka import KafkaFollower

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from services.runtime.bus import Record

#: Records taken at once; a busy topic then costs one call for many lines.
_AT_ONCE = 500
_WAIT_S = 0.2
_PIPE_WIDTH = 200


async def follow(
    bootstrap: str, topics: Sequence[str], from_beginning: bool
) -> AsyncIterator[tuple[Record, Event | None]]:
    """Give every record of the topics as it comes, until the caller has seen enough.

    Nothing is committed and no group is joined, so watching never takes a partition from a
    service.

    Args:
        bootstrap: `host:port`, several separated by commas.
        topics: Which.
        from_beginning: Also what was said before.

    Yields:
        The record, and its event; None where it isn't one.

    Raises:
        TransientError: The broker cannot be reached.
    """
    follower = KafkaFollower(bootstrap, topics, from_beginning=from_beginning)
    try:
        try:
            await follower.connect()
        except Exception as error:  # Only `services.runtime.kafka` knows the client's errors.
            raise TransientError(f"follow: {error!r}") from error
        while True:
            for record in await follower.poll(_AT_ONCE, _WAIT_S):
                try:
                    yield record, decode(record.body)
                except InvalidEventError:
                    yield record, None
    finally:
        await follower.stop()


def watch(
    topics: Annotated[
        list[str] | None, typer.Argument(help="Such as tracked or complaints.tracked; else all.")
    ] = None,
    complaint: Annotated[UUID | None, typer.Option(help="Only this complaint.")] = None,
    *,
    from_beginning: Annotated[bool, typer.Option(help="Also what was said before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One event a line, as it is.")] = False,
    data: Annotated[Path, typer.Option(help="Data folder of `whistle up`.")] = Path(".data"),
) -> None:
    """Show events as they happen, one line each; Ctrl-C ends it."""
    kafka, chosen = Installation(data).kafka, _topics(topics or [])
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_watch(kafka, chosen, complaint, from_beginning, as_json=as_json))
    except TransientError as error:
        typer.echo(f"whistle watch: {error}", err=True)
        raise typer.Exit(1) from error


def _topics(wanted: Sequence[str]) -> list[str]:
    known = [topic.name for topic in TOPICS]
    if not wanted:
        return known
    full = [name if "." in name else f"complaints.{name}" for name in wanted]
    if unknown := sorted(set(full) - set(known)):
        typer.echo(f"No topic {', '.join(unknown)}; there are {', '.join(known)}.", err=True)
        raise typer.Exit(2)
    return full


async def _watch(
    bootstrap: str,
    topics: Sequence[str],
    complaint: UUID | None,
    from_beginning: bool,
    *,
    as_json: bool,
) -> None:
    screen = Console(highlight=False)
    if not screen.is_terminal:  # A pipe has no width: give whole lines, nearly always.
        screen = Console(highlight=False, width=_PIPE_WIDTH)
    lines = EventLines(width=screen.width)
    async for record, event in follow(bootstrap, topics, from_beginning):
        if event is None:
            screen.print(f"{record.partition.topic}: not an event at {record.offset}", style="red")
            continue
        line = lines.of(event)  # Also of those not shown: it learns the complaint's number.
        if complaint is not None and event.complaintid != complaint:
            continue
        if as_json:
            typer.echo(record.body.decode())
        else:
            screen.print(line, no_wrap=True, overflow="ellipsis", crop=True)
