"""`whistle evaluate intake`: the door's reading measured on settled records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from services.cli.evaluation.masks import evaluate_masking
from services.cli.evaluation.places import evaluate_places
from services.cli.evaluation.records import FOLDS, read_records
from services.cli.evaluation.repeats import evaluate_repeats
from services.cli.evaluation.report import print_report
from services.cli.evaluation.router_command import router
from services.policy import PolicyError, load
from services.policy.folder import read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from services.policy import Policy

app = typer.Typer(no_args_is_help=True, help="Measure this installation on a city's own records.")

_Policy = Annotated[Path, typer.Option("--policy", help="The city's policy folder.")]
_Data = Annotated[
    Path, typer.Option("--data", help="Settled records: CSV or NDJSON, .gz or not.", exists=True)
]
_Json = Annotated[bool, typer.Option("--json", help="Machine-readable figures.")]


app.command("router")(router)


@app.callback()
def evaluate() -> None:
    """Measure this installation on a city's own records."""


@app.command("intake")
def intake(*, policy: _Policy, data: _Data, as_json: _Json = False) -> None:
    """Measure places, repeats and masking at the door; see docs/places.md."""
    screen = Console(stderr=True)
    try:
        rules = load(read(policy))
        rows, bad = read_records(data)
    except (PolicyError, ValueError, OSError) as error:
        screen.print(f"whistle evaluate: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error
    figures = _watched(rows, rules, screen, is_quiet=as_json)
    figures = {"rows": len(rows), "bad_rows": bad, **figures}
    if as_json:
        typer.echo(orjson.dumps(figures).decode())
    else:
        print_report(figures, Console())


def _watched(
    rows: Sequence[Mapping[str, str]], policy: Policy, screen: Console, *, is_quiet: bool
) -> dict[str, Any]:
    """Show a bar over the steps: one a fold, one for repeats, one for masking."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=screen, transient=True, disable=is_quiet or not screen.is_terminal
    ) as progress:
        task = progress.add_task("places", total=FOLDS + 2)

        def step(following: str) -> None:
            progress.update(task, advance=1, description=following)

        return measure(rows, policy, step)


def measure(
    rows: Sequence[Mapping[str, str]], policy: Policy, step: Callable[[str], None]
) -> dict[str, Any]:
    """Measure everything.

    Args:
        rows: With the columns of `records.COLUMNS`.
        policy: The city's.
        step: Called after each step with the name of what follows.

    Returns:
        `district`, `street`, `repeats` and `masking`.
    """
    places = evaluate_places(rows, policy, lambda: step("places"))
    step("repeats")
    repeats = evaluate_repeats(rows)
    step("masking")
    return {**places, "repeats": repeats, "masking": evaluate_masking(rows)}
