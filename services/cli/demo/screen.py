"""What the person at the terminal sees: events as they happen, where the play stands, the end."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import orjson
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from services.cli.demo.report import render
from services.cli.event_lines import EventLines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.status import Status

    from services.cli.demo.figures import Figures
    from services.cli.demo.reconcile import Fault
    from services.events import Event
    from services.policy import Policy

#: Where there is no terminal to redraw a line on, progress is a line now and then.
_PLAIN_EVERY_S = 5.0
_PLAIN_WIDTH = 140
_FLUSH_EVERY_S = 0.1
#: More would hide the table; JSON has them all.
_FAULTS_SHOWN_MAX = 40

_OPENING = """\
PostgreSQL, Kafka and four services start on this machine. Then a morning is played: \
[bold]{calls} calls[/] come in through HTTP; the agencies' systems get signed webhooks, sign, \
return, answer or stay silent; citizens are asked back. Limits are [bold]seconds[/] instead of \
hours and days, so that promises can be seen to break.

One line an event: [cyan]received[/] → [blue]routed[/] → [magenta]tracked[/] → \
[green]notified[/]; [yellow]needs a look[/], [bold red]promise broken[/], [bold green]closed[/]"""


class Screen:
    """Standard output for results, standard error for everything on the way with `--json`."""

    def __init__(self, policy: Policy, *, quiet: bool, as_json: bool) -> None:
        """Show names of a policy."""
        self._has_events = not (quiet or as_json)
        self._has_progress = not quiet
        self._as_json = as_json
        self.out = _console(is_stderr=False)
        self.err = _console(is_stderr=True)
        self._lines = EventLines(policy, width=self.out.width, is_one_day=True)
        self._waiting: list[Text] = []
        self._flushed_at = 0.0
        self._status: Status | None = None
        self._told_at = 0.0

    @property
    def stack(self) -> Console:
        """Where the stack may say what it does: not between a status line and its terminal."""
        if not self._has_events:
            return Console(stderr=True, quiet=True)
        return self.out if self.out.is_terminal else self.err

    def open(self, calls: int) -> None:
        """Say what is coming."""
        if self._has_events:
            self.out.print(Panel(_OPENING.format(calls=calls), title="Whistle: a morning at 12345"))

    def event(self, event: Event) -> None:
        """Show one event."""
        if self._has_events:
            self._waiting.append(self._lines.of(event))
            if time.monotonic() - self._flushed_at > _FLUSH_EVERY_S:
                self._flush()

    def _flush(self) -> None:
        """Print what has come in: a terminal takes one long text faster than many short ones."""
        self._flushed_at = time.monotonic()
        if self._waiting:
            lines, self._waiting = self._waiting, []
            self.out.print(Text("\n").join(lines), no_wrap=True, overflow="ellipsis")

    def progress(self, text: str) -> None:
        """Say where the play stands."""
        self._flush()
        if not self._has_progress:
            return
        if self.out.is_terminal and not self._as_json:
            if self._status is None:
                self._status = self.out.status(text)
                self._status.start()
            self._status.update(text)
        elif time.monotonic() - self._told_at > _PLAIN_EVERY_S:
            self._told_at = time.monotonic()
            self.err.print(text)

    def calm(self) -> None:
        """Print what is left and take the progress line away."""
        self._flush()
        if self._status is not None:
            self._status.stop()
            self._status = None

    def close(self, figures: Figures, faults: Sequence[Fault]) -> None:
        """Show the reckoning."""
        self.calm()
        if self._as_json:
            found = figures.as_json() | {
                "reconciled": not faults,
                "faults": [{"about": fault.about, "what": fault.what} for fault in faults],
            }
            sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")
            return
        self.out.print()
        self.out.print(render(figures))
        if not faults:
            self.out.print(
                "[bold green]Reconciled.[/] Every call is accounted for on four topics, in four"
                " services' own counts, and at the agencies."
            )
            return
        self.out.print(f"[bold red]Does not reconcile: {len(faults)} faults[/]")
        for fault in faults[:_FAULTS_SHOWN_MAX]:
            self.out.print(f"  [red]{escape(fault.about)}[/]: {escape(fault.what)}")
        if len(faults) > _FAULTS_SHOWN_MAX:
            self.out.print(f"  … and {len(faults) - _FAULTS_SHOWN_MAX} more (--json has them all)")


def _console(*, is_stderr: bool) -> Console:
    console = Console(stderr=is_stderr, highlight=False)
    # A file or a pipe has no width of its own.
    return (
        console
        if console.is_terminal
        else Console(stderr=is_stderr, highlight=False, width=_PLAIN_WIDTH)
    )
