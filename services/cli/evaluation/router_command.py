"""`whistle evaluate router`: the learned suggestion measured on settled orders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from services.cli.learning.command import watched
from services.cli.learning.orders import read_orders
from services.policy import PolicyError, load
from services.policy.folder import read

if TYPE_CHECKING:
    from collections.abc import Mapping

_Policy = Annotated[Path, typer.Option("--policy", help="The city's policy folder.")]
_Data = Annotated[
    Path, typer.Option("--data", help="Settled orders: CSV or NDJSON, .gz or not.", exists=True)
]
_Model = Annotated[
    Path | None, typer.Option("--model", help="Measure this model; else train one on the file.")
]
_Json = Annotated[bool, typer.Option("--json", help="Machine-readable figures.")]


def router(*, policy: _Policy, data: _Data, model: _Model = None, as_json: _Json = False) -> None:
    """Measure suggested departments on orders that weren't learned from; see docs/learning.md."""
    screen = Console(stderr=True)
    try:
        figures = _measured(policy, data, model, screen, is_quiet=as_json)
    except (PolicyError, ValueError, OSError) as error:
        screen.print(f"whistle evaluate: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(orjson.dumps(figures).decode())
    else:
        _print(figures, Console())


def _measured(
    policy: Path, data: Path, model: Path | None, screen: Console, *, is_quiet: bool
) -> dict[str, Any]:
    # Imported here: other commands needn't wait for scikit-learn.
    from services.cli.evaluation.router import evaluate_model, evaluate_split  # noqa: PLC0415
    from services.learning import storage  # noqa: PLC0415
    from services.learning.training import STEPS  # noqa: PLC0415

    rules = load(read(policy))
    known = storage.load(model, rules) if model else None
    orders = read_orders(data, rules)
    if known is not None:
        return evaluate_model(orders, known)
    with watched(screen, 2 * STEPS, is_quiet=is_quiet) as step:
        return evaluate_split(orders, rules, step)


def _print(figures: Mapping[str, Any], console: Console) -> None:
    table = Table(title="Departments, from the words alone", title_justify="left")
    table.add_column("")
    columns = ("n", "top1", "top3", "macro_f1", "coverage_at_98", "ece")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    parts = [("held out by group" if "seen" not in figures else "not seen", figures)]
    if figures.get("time"):
        parts.append((f"after {figures['time']['since']}", figures["time"]))
    for label, part in parts:
        table.add_row(label, *(_shown(part[column]) for column in columns))
        joined = part["one_office"]
        table.add_row("  two names, one office", *(_shown(joined.get(c)) for c in columns))
    console.print(table)
    curve = [f"{one['precision']:.3f} at {one['coverage']:.0%}" for one in figures["curve"]]
    console.print("Right among the surest: " + ", ".join(curve))
    for one in figures["ceiling"]:
        agree = _shown(one["agree"])
        console.print(
            f"Texts alike by {one['likeness']}: {one['n']:,} have a twin in another group,"
            f" {agree} of the twins went to the same department"
        )


def _shown(value: object) -> str:
    if not isinstance(value, int | float):
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"
