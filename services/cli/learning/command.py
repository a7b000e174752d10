"""`whistle train --policy P --orders FILE --out MODEL`."""

from __future__ import annotations

import platform
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from services.cli.learning.orders import read_orders
from services.policy import PolicyError, load
from services.policy.folder import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from services.cli.learning.orders import Order, Orders
    from services.learning import Model
    from services.policy import Policy

PolicyFolder = Annotated[Path | None, typer.Option("--policy", help="The city's policy folder.")]
OrdersFile = Annotated[
    Path | None,
    typer.Option("--orders", help="Settled orders: CSV or NDJSON, .gz or not.", exists=True),
]
ModelFile = Annotated[Path | None, typer.Option("--out", help="The model to write.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable card.")]


@contextmanager
def watched(screen: Console, total: int, *, is_quiet: bool) -> Iterator[Callable[[], None]]:
    """Show a bar over steps that are told by calling what is given."""
    parts = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    is_silent = is_quiet or not screen.is_terminal
    with Progress(*parts, console=screen, transient=True, disable=is_silent) as progress:
        task = progress.add_task("learning", total=total)
        yield lambda: progress.advance(task)


def learn(policy: Path, orders: Path, out: Path, *, as_json: bool) -> None:
    """Train a model on a file of settled orders and write it with its card."""
    from services.learning.storage import save  # noqa: PLC0415 - other commands start faster
    from services.learning.training import STEPS  # noqa: PLC0415

    screen = Console(stderr=True)
    try:
        rules = load(read(policy))
        found = read_orders(orders, rules)
        with watched(screen, 2 * STEPS, is_quiet=as_json) as step:
            scores = _scores(found, rules, step)
            model = trained(found.rows, rules, step, source=orders.name, scores=scores)
        save(model, out)
    except (PolicyError, ValueError, OSError) as error:
        screen.print(f"whistle train: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(orjson.dumps(model.card).decode())
        return
    size = out.stat().st_size / 1_000_000
    typer.echo(
        f"{out}: {len(model.classes.labels)} departments from {model.card['orders']:,} orders,"
        f" {size:.0f} MB. On a held-out fifth: {_told(scores)}"
    )


def _told(scores: dict[str, Any]) -> str:
    names = ("top1", "top3", "macro_f1", "coverage_at_98")
    return ", ".join(f"{name} {scores[name]}" for name in names)


def _scores(found: Orders, policy: Policy, step: Callable[[], None]) -> dict[str, Any]:
    """Measure what a model learned from four fifths says about the last one."""
    from services.cli.learning.asking import judged  # noqa: PLC0415 - imports numpy
    from services.cli.learning.splits import by_group  # noqa: PLC0415
    from services.learning.measures import figures  # noqa: PLC0415

    split = by_group(found.rows)
    model = trained(split.learned, policy, step)
    return figures(judged(model, split.held_out))


def trained(
    orders: Sequence[Order],
    policy: Policy,
    step: Callable[[], None],
    source: str = "",
    scores: dict[str, Any] | None = None,
) -> Model:
    """Train a model and write its card.

    Args:
        orders: To learn from.
        policy: The city's.
        step: Called `STEPS` times.
        source: Name of the file, for the card.
        scores: Figures of a model like this on orders that it hasn't seen.

    Raises:
        ValueError: There is too little to learn from.
    """
    from services.learning.card import card_of  # noqa: PLC0415 - imports numpy
    from services.learning.training import train, usable  # noqa: PLC0415 - imports scikit-learn

    examples = usable(order.example for order in orders)
    marks = (mark for order in orders for mark in order.marks)
    model = train(examples, policy, marks, step)
    model.card = card_of(model, examples, policy, source=source, scores=scores or {})
    model.card["libraries"]["python"] = platform.python_version()
    return model
