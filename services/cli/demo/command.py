"""`whistle demo`: the options, what is shown, and how it ends."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.demo import citizens
from services.cli.demo.fates import decide
from services.cli.demo.figures import figures
from services.cli.demo.morning import plan, read_morning
from services.cli.demo.play import NotFreshError, Play
from services.cli.demo.receiver import Receiver
from services.cli.demo.reconcile import reconcile
from services.cli.demo.screen import Screen
from services.cli.up import up
from services.policy import load
from services.policy.folder import read
from stack.program import StackError, find_free_base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.cli.installation import Stack

#: Beijing's rules with limits in seconds.
POLICY = Path(__file__).parents[3] / "policy" / "demo"
SEED = 12345

_INTERRUPTED = 130


def demo(
    data: Annotated[
        Path | None, typer.Option(help="An empty folder for its data; else a temporary one.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another morning.")] = SEED,
    calls: Annotated[
        int | None, typer.Option(min=1, max=20_000, help="How many; else all of the file.")
    ] = None,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the temporary folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Only the figures, as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the table at the end.")] = False,
) -> None:
    """Play a morning at the hotline on a stack of its own; fails if the counts don't reconcile."""
    folder = data or _temporary_folder()
    keep = keep or data is not None
    try:
        stage = _Stage(folder, seed, calls, quiet=quiet, as_json=as_json)
        status = asyncio.run(stage.run())
    except (StackError, NotFreshError) as error:
        typer.echo(f"whistle demo: {error}", err=True)
        status = 1
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if keep:
        typer.echo(f"Its data and logs are in {folder}.", err=True)
    raise typer.Exit(status)


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="whistle-demo-"))
    # PostgreSQL's own user must get through when root starts it; what is inside is closed.
    folder.chmod(0o711)
    return folder


class _Stage:
    """One run of the command."""

    def __init__(
        self, folder: Path, seed: int, calls: int | None, *, quiet: bool, as_json: bool
    ) -> None:
        self._folder = folder
        self._seed = seed
        self._policy = load(read(POLICY))
        self._morning = plan(read_morning(), calls or len(read_morning()), seed)
        self._screen = Screen(self._policy, quiet=quiet, as_json=as_json)
        self._started_s = 0.0
        self._status = _INTERRUPTED  # Unless the play ends by itself.

    async def run(self) -> int:
        """Start the stack, play, stop; returns the exit status."""
        self._screen.open(len(self._morning))
        self._screen.progress("starting PostgreSQL, Kafka and the services …")
        async with Receiver() as receiver:
            began_at_s = time.perf_counter()

            async def work(stack: Stack) -> None:
                self._started_s = time.perf_counter() - began_at_s
                self._status = await self._play(stack, receiver)

            # The agencies' systems and the SMS gateway are on this machine; elsewhere a webhook
            # may not go to such an address.
            told = {
                "WHISTLE_HOOK_ALLOW": "127.0.0.0/8",
                "WHISTLE_SMS_GATEWAY_URL": f"{receiver.url}{citizens.PATH}",
            }
            try:
                with _environment(told):
                    await up(
                        self._folder,
                        policy=POLICY,
                        port_base=find_free_base(),
                        console=self._screen.stack,
                        work=work,
                    )
            finally:
                self._screen.calm()
        return self._status

    async def _play(self, stack: Stack, receiver: Receiver) -> int:
        play = Play(
            stack=stack,
            policy=self._policy,
            morning=self._morning,
            fates=decide(self._morning, self._seed),
            seed=self._seed,
            show=self._screen.event,
            progress=self._screen.progress,
        )
        play.took_s["start"] = self._started_s
        evidence = await play.run(receiver)
        faults = reconcile(evidence)
        self._screen.close(figures(evidence, play.book, play.took_s), faults)
        return 1 if faults else 0


@contextmanager
def _environment(told: dict[str, str]) -> Iterator[None]:
    """Let the services inherit some settings."""
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
