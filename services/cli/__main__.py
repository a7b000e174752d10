"""`whistle`: one program for everybody who runs, feeds or asks this installation."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from services.cli import (
    deliveries,
    demo,
    desk,
    import_,
    inbound,
    policy,
    probe,
    promises,
    training,
    vault,
    verification,
    watching,
)
from services.cli.evaluation import command as evaluation
from services.cli.up import PORT_BASE, SERVICES, up
from services.runtime import telemetry
from stack.program import StackError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Event-driven complaint dispatch for a city's hotline.",
)
app.add_typer(policy.app, name="policy")
app.add_typer(promises.app, name="sla")
app.add_typer(desk.keys, name="keys")
app.add_typer(inbound.hooks, name="hooks", help="Systems that are called, and that call us.")
inbound.hooks.command("verify")(verification.verify_request)
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(desk.dlq, name="dlq")
app.add_typer(vault.app, name="vault")
app.add_typer(training.app, name="train")
app.add_typer(evaluation.app, name="evaluate")
app.command()(probe.init)
app.command()(probe.smoke)
app.command(name="import")(import_.import_file)
app.command(name="watch")(watching.watch)
app.command(name="demo")(demo.demo)


@app.command(name="up")
def up_command(
    data: Annotated[Path, typer.Option(help="Folder for everything that is kept.")] = Path(".data"),
    policy_folder: Annotated[
        Path | None, typer.Option("--policy", help="Policy to put in force, unless it is.")
    ] = None,
    services: Annotated[
        str, typer.Option(help="Which to start, separated by commas; empty: none.")
    ] = ",".join(SERVICES),
    port_base: Annotated[int, typer.Option(help="Intake listens on this plus 1.")] = PORT_BASE,
    heap_mb: Annotated[int, typer.Option(help="Java heap of the broker in MiB.")] = 384,
) -> None:
    """Run everything on this machine without containers; Ctrl-C stops it, data is kept."""
    chosen = tuple(name for name in services.split(",") if name)
    try:
        asyncio.run(up(data, chosen, policy_folder, port_base=port_base, heap_mb=heap_mb))
    except StackError as error:
        typer.echo(f"whistle up: {error}", err=True)
        raise typer.Exit(1) from error


def main() -> None:
    """Run the command line."""
    telemetry.configure_logs("cli", "warning")
    app()


if __name__ == "__main__":
    main()
